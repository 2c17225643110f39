"""Text in Parquet that nothing says is text."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mujaz.formats import read_rows


def test_bytes_are_text_where_they_are_utf8(tmp_path: Path) -> None:
    """So some programs write it, where a column of bytes is not told to be a string."""
    path = tmp_path / "x.parquet"
    words = ["نص", None, "خبر".encode("cp1256")]
    values = [word.encode() if isinstance(word, str) else word for word in words]
    for kind in (pa.binary(), pa.large_binary()):
        pq.write_table(pa.table({"text": pa.array(values, kind)}), path)
        assert [row.values["text"] for row in read_rows(path)] == words
