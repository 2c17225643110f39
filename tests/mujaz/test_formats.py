from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.errors import DataError
from mujaz.files import SUFFIXES
from mujaz.formats import Row, iter_rows, read_rows, require_columns

ROWS = [
    {"id": "a1", "text": "افتتحت البلدية حديقة جديدة", "label": "محلي"},
    {"id": "a2", "text": 'قال: "سطران"\nهنا، وفاصلة, أيضا', "label": "اقتصاد"},
    {"id": "a3", "text": "خسر الفريق ٣-١\tفي الملعب", "label": "رياضة"},
]

WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "news.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, force_ascii=False),
    "news.ndjson": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "news.json": lambda frame, path: frame.to_json(path, orient="records"),
    "news.csv": lambda frame, path: frame.to_csv(path, index=False),
    "news.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "news.parquet": lambda frame, path: frame.to_parquet(path),
    "news.jsonl.gz": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "news.csv.bz2": lambda frame, path: frame.to_csv(path, index=False),
    "news.csv.xz": lambda frame, path: frame.to_csv(path, index=False),
    "NEWS.CSV.GZ": lambda frame, path: frame.to_csv(path, index=False, compression="gzip"),
}


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def errors(path: Path, **options: Any) -> list[DataError]:
    return [item for item in iter_rows(path, **options) if isinstance(item, DataError)]


def failure(path: Path, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        list(read_rows(path, **options))
    return caught.value


@pytest.mark.parametrize("name", WRITERS)
def test_rows_are_what_pandas_wrote(tmp_path: Path, name: str) -> None:
    WRITERS[name](pd.DataFrame(ROWS), tmp_path / name)
    rows = list(read_rows(tmp_path / name, columns=["text", "label"]))
    if name.endswith(".parquet"):  # only what was asked for is read
        assert [row.values for row in rows] == [{"text": row["text"], "label": row["label"]} for row in ROWS]
    else:
        assert [row.values for row in rows] == ROWS
    assert [(row.file, row.row) for row in rows] == [(str(tmp_path / name), number) for number in (1, 2, 3)]


def test_zstandard_frames_one_after_the_other(tmp_path: Path) -> None:
    raw = b"".join(pa.compress(line, codec="zstd", asbytes=True) for line in (b'{"text":"a"}\n', b'{"text":"b"}\n'))
    assert [row.values["text"] for row in read_rows(write(tmp_path / "x.jsonl.zst", raw))] == ["a", "b"]


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.tsv", "x.txt"])
def test_a_byte_order_mark_is_no_text(tmp_path: Path, name: str) -> None:
    content = {"x.jsonl": '{"text": "نص"}', "x.json": '[{"text": "نص"}]', "x.txt": "نص"}.get(name, "text\nنص\n")
    path = write(tmp_path / name, b"\xef\xbb\xbf" + content.encode())
    assert [row.values for row in read_rows(path)] == [{"text": "نص"}]


def test_blank_lines_count_as_lines_but_give_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", '{"text": "أ"}\n\n  \n{"text": "ب"}\n')
    assert [row.row for row in read_rows(path)] == [1, 4]
    path = write(tmp_path / "x.txt", "أ\r\n\r\nب ج")
    assert [(row.values["text"], row.row) for row in read_rows(path)] == [("أ", 1), ("ب ج", 3)]


def test_rows_of_csv_are_counted_without_header_and_blank_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", 'text\r\n\r\n"سطر\r\nثان"\r\n\r\nثالث\r\n')
    assert [(row.values["text"], row.row) for row in read_rows(path)] == [("سطر\r\nثان", 1), ("ثالث", 2)]


def test_a_folder_is_its_data_files_in_sorted_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl.gz", "sub/c.jsonl", ".cache/d.jsonl", "_SUCCESS", "README.md"):
        content = json.dumps({"text": name}).encode() + b"\n"
        write(tmp_path / name, gzip.compress(content, mtime=0) if name.endswith("gz") else content)
    rows = list(read_rows(tmp_path, columns=["text"]))
    assert [row.values["text"] for row in rows] == ["a.jsonl.gz", "b.jsonl", "sub/c.jsonl"]
    assert rows[2].file == str(tmp_path / "sub/c.jsonl")


def test_in_a_folder_of_text_files_each_is_one_text(tmp_path: Path) -> None:
    write(tmp_path / "sport/2.txt", "فقرة\n\nفقرة ثانية\n")
    write(tmp_path / "sport/1.txt", "خبر")
    assert [row.values for row in read_rows(tmp_path, columns=["id", "text"])] == [
        {"id": "sport/1.txt", "text": "خبر"},
        {"id": "sport/2.txt", "text": "فقرة\n\nفقرة ثانية\n"},
    ]
    lines = [row.values["text"] for row in read_rows(tmp_path, format="txt")]
    assert lines == ["خبر", "فقرة", "فقرة ثانية"]


def test_a_folder_of_several_formats_needs_to_know_which(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "text\nمن الجدول\n")
    write(tmp_path / "a.txt", "من النص")
    assert "several formats (csv, txt)" in str(failure(tmp_path))
    assert [row.values["text"] for row in read_rows(tmp_path, format="csv")] == ["من الجدول"]
    assert "no parquet files, only csv, txt" in str(failure(tmp_path, format="parquet"))
    (tmp_path / "empty").mkdir()
    assert "holds no data files" in str(failure(tmp_path / "empty"))


def test_any_filesystem_of_fsspec() -> None:
    with fsspec.open("memory://formats-test/x.jsonl.gz", "wb", compression="gzip") as file:
        file.write('{"text": "نص"}\n'.encode())
    for path in ("memory://formats-test", "memory://formats-test/x.jsonl.gz"):
        assert [(row.values["text"], row.file) for row in read_rows(path)] == [
            ("نص", "memory://formats-test/x.jsonl.gz")
        ]


def test_rows_come_one_by_one(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", '{"text": "أ"}\n{"text": "ب"}\nnot json\n')
    rows = read_rows(path)
    assert next(rows).values == {"text": "أ"}
    assert next(rows).values == {"text": "ب"}
    with pytest.raises(DataError, match="row 3"):
        next(rows)


def test_not_a_number_is_null(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", '{"text": NaN, "n": 1}\n')  # as Python's json and pandas write it
    assert next(read_rows(path)).values == {"text": None, "n": 1}


def test_a_field_longer_than_the_csv_module_allows(tmp_path: Path) -> None:
    text = "كلمة " * 100_000
    path = tmp_path / "x.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text"], [text]])
    assert next(read_rows(path)).values == {"text": text}


# --- what is wrong, and where ------------------------------------------------------------------------------------------


def test_a_missing_file_and_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", "{}")
    error = failure(tmp_path / "trian.jsonl")
    assert "no such file" in str(error)
    assert f"did you mean '{tmp_path / 'train.jsonl'}'?" in str(error)
    assert error.file == str(tmp_path / "trian.jsonl")


def test_an_unknown_suffix(tmp_path: Path) -> None:
    path = write(tmp_path / "x.dat", "text\nنص\n")
    assert "unknown suffix; expected .jsonl" in str(failure(path))
    assert "or name the format" in str(failure(path))
    assert [row.values for row in read_rows(path, format="csv")] == [{"text": "نص"}]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("x.xlsx", ".xlsx is not read; expected .jsonl"),
        ("x.XLS", "save it as CSV (UTF-8) or JSON Lines"),
        ("x.ods.gz", "save it as CSV (UTF-8) or JSON Lines"),
        ("x.docx", "save it as plain text (.txt, UTF-8)"),
        ("x.pdf", "save it as plain text (.txt, UTF-8)"),
    ],
)
def test_a_document_of_an_office_program(tmp_path: Path, name: str, advice: str) -> None:
    path = write(tmp_path / "office" / name, "نص")
    assert advice in str(failure(path))
    assert f"holds no data files (expected {', '.join(SUFFIXES)}); save {name} as " in str(failure(path.parent))


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.jsonl", b""), ("x.json", b" "), ("x.json", b"[]"), ("x.csv", b"text,label\n"), ("x.txt", b"\n\n")],
)
def test_an_empty_file(tmp_path: Path, name: str, content: bytes) -> None:
    error = failure(write(tmp_path / name, content))
    assert "is empty" in str(error)
    assert (error.file, error.row) == (str(tmp_path / name), None)


def test_an_empty_file_in_a_folder_is_no_error(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", "")
    write(tmp_path / "b.jsonl", '{"text": "نص"}')
    assert len(list(read_rows(tmp_path))) == 1


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.tsv", "x.txt"])
def test_windows_1256_is_named_with_row_and_byte(tmp_path: Path, name: str) -> None:
    form = '{"text": "%s"}' if name == "x.jsonl" else "%s"
    head = "" if name in ("x.jsonl", "x.txt") else "text\n"
    good = head + form % "good" + "\n"
    path = write(tmp_path / name, good.encode() + (form % "خبر عاجل من المدينة").encode("cp1256"))
    error = failure(path)
    assert (error.file, error.row) == (str(path), 2)
    assert f"byte {len(good) + form.index('%')} (0xce) is not UTF-8; it reads as windows-1256" in str(error)
    assert "iconv -f WINDOWS-1256 -t UTF-8" in str(error)
    assert "(Excel: save as 'CSV UTF-8'" in str(error)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gzip.compress(b'{"text": 1}', mtime=0), "gzip"),
        ('{"text": "نص"}\n'.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04\x14\x00\x06\x00", "Excel"),
        (b"%PDF-1.7\n\xe2\xe3\n", "PDF"),
    ],
)
def test_a_file_that_is_not_text_is_called_by_its_name(tmp_path: Path, content: bytes, name: str) -> None:
    for file in ("x.jsonl", "x.csv", "x.txt", "x.json"):
        message = str(failure(write(tmp_path / file, content)))
        assert "expected UTF-8 text, found " in message
        assert name in message


def test_zero_bytes_are_binary(tmp_path: Path) -> None:
    path = write(tmp_path / "x.txt", b"good\nb\0d\nfine\n")
    found = list(iter_rows(path))
    assert [item.row for item in found] == [1, 2, 3]
    assert "byte 6 is zero" in str(found[1])
    assert isinstance(found[2], Row)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1, 2]", "expected an object, {…}, found an array"),
        ('"نص"', "expected an object, {…}, found a string"),
        ("12", "expected an object, {…}, found a number"),
        ("null", "expected an object, {…}, found null"),
        ('{"text": ', "expected JSON, found something else (unexpected end of data"),
        ('{"text": "\\ud83d"}', "surrogate"),
        ("[" * 100_000, "expected JSON, found something else"),
        ('{"txt": "نص"}', "no column 'text'; columns found: 'txt'; did you mean 'txt'?"),
        (
            '{"body": "نص"}',
            "'body'; if it is called otherwise: --text-column NAME, in a training --set data.columns.text=NAME",
        ),
    ],
)
def test_bad_lines_of_json_are_told_apart_and_passed_over(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "x.jsonl", f'{{"text": "أ"}}\n{line}\n{{"text": "ب"}}\n')
    found = list(iter_rows(path, columns=["text"]))
    assert [isinstance(item, Row) for item in found] == [True, False, True]
    error = failure(path, columns=["text"])
    assert (error.file, error.row) == (str(path), 2)
    assert str(error).startswith(f"{path}, row 2: ")
    assert message in str(error)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ('[{"text": "أ"}]\n', "found an array (an array of objects? then name it .json"),
        ('[\n{"text": "أ"}\n]\n', "(an array of objects? then name it .json"),
        ('{\n"text": "أ"\n}\n', "(an object over several lines? Write each on one: jq -c"),
    ],
)
def test_json_that_is_not_one_object_a_line(tmp_path: Path, content: str, advice: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        list(read_rows(path))
    assert "row 1: expected" in str(raised.value)
    assert advice in str(raised.value)


def test_json_that_is_no_array_of_objects(tmp_path: Path) -> None:
    assert "expected an array of objects" in str(failure(write(tmp_path / "a.json", '{"text": "نص"}')))
    assert "name it .jsonl" in str(failure(write(tmp_path / "b.json", '{"text": "أ"}\n{"text": "ب"}\n')))
    error = failure(write(tmp_path / "c.json", '[{"text": "أ"}, "ب"]'))
    assert "found a string" in str(error)
    assert error.row == 2


@pytest.mark.parametrize("name", ["news.csv", "news.tsv", "news.parquet", "news.json", "news.jsonl"])
def test_a_missing_column_lists_the_columns_and_the_nearest(tmp_path: Path, name: str) -> None:
    WRITERS[name](pd.DataFrame([{"id": 1, "Text": "نص", "labels": "محلي"}]), tmp_path / name)
    assert "no column 'text'; columns found: 'id', 'Text', 'labels'; did you mean 'Text'?" in str(
        failure(tmp_path / name, columns=["text"])
    )
    assert "did you mean 'labels'?" in str(failure(tmp_path / name, columns=["label"]))


def test_a_wrong_separator_is_suggested() -> None:
    with pytest.raises(DataError, match=r"are the columns separated by '\|'\? Expected a comma, a semicolon or a tab"):
        require_columns(["id|text"], ["text"])


def test_half_a_parquet_file(tmp_path: Path) -> None:
    pd.DataFrame(ROWS).to_parquet(tmp_path / "whole.parquet")
    raw = (tmp_path / "whole.parquet").read_bytes()
    error = failure(write(tmp_path / "half.parquet", raw[: len(raw) // 2]))
    assert "not a whole Parquet file; was it cut off while copied?" in str(error)
    assert error.file == str(tmp_path / "half.parquet")


def test_a_damaged_part_of_parquet_loses_no_row_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    texts = [f"خبر رقم {number}" for number in range(3000)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=1000, compression="zstd", use_dictionary=False)
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    raw = bytearray(path.read_bytes())
    raw[start : start + 200] = b"\xff" * 200
    found = list(iter_rows(write(path, bytes(raw)), columns=["text"]))
    assert [item.row for item in found] == list(range(1, 3001))
    assert [item.values["text"] for item in found if isinstance(item, Row)] == texts[:1000] + texts[2000:]
    assert "this part of the file is damaged" in str(found[1000])


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_a_compressed_file_that_breaks_off_gives_the_rows_before(tmp_path: Path, suffix: str) -> None:
    lines = [json.dumps({"text": f"خبر رقم {number}"}) for number in range(50_000)]
    pack: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": lambda raw: bytes(pa.compress(raw, codec="zstd", asbytes=True)),
    }
    raw = pack[suffix]("\n".join(lines).encode())
    path = write(tmp_path / f"x.jsonl{suffix}", raw[: len(raw) * 2 // 3])
    found = list(iter_rows(path))
    good = [item.values["text"] for item in found if isinstance(item, Row)]
    assert len(good) > 10_000
    assert good == [f"خبر رقم {number}" for number in range(len(good))]
    assert isinstance(found[-1], DataError)
    assert "damaged or cut off from here on" in str(found[-1])
    assert found[-1].row == len(good) + 1


def test_zstandard_that_is_damaged_gives_the_rows_of_the_blocks_before(tmp_path: Path) -> None:
    """A block holds at most 128 KB (RFC 8878, section 3.1.1.2); those before the damaged one are whole."""
    words = random.Random(0).choices([f"كلمة{number}" for number in range(5000)], k=120_000)
    rows = [json.dumps({"text": " ".join(words[start : start + 60])}).encode() for start in range(0, len(words), 60)]
    raw = bytearray(pa.compress(b"\n".join(rows), codec="zstd", asbytes=True))
    raw[len(raw) // 2 : len(raw) // 2 + 50] = bytes(50)
    found = list(iter_rows(write(tmp_path / "x.jsonl.zst", bytes(raw))))
    good = [item for item in found if isinstance(item, Row)]
    assert isinstance(found[-1], DataError)
    assert len(b"".join(rows[: len(good)])) > sum(map(len, rows)) / 2 - 2 * 131_072


def test_a_scheme_that_is_not_installed() -> None:
    with pytest.raises(DataError, match="cannot be opened: Protocol not known: nosuch"):
        list(read_rows("nosuch://bucket/x.csv"))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=8))
def test_any_text_comes_back_from_json_lines(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("any") / "x.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    assert [row.values["text"] for row in read_rows(path)] == texts


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_any_text_but_zero_comes_back_from_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    kept = [tuple(value.replace("\0", " ") for value in row) for row in rows]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("a", "b"), *kept])
    assert [tuple(row.values.values()) for row in read_rows(path)] == kept


def test_columns_without_a_name_may_be_several(tmp_path: Path) -> None:
    """Spreadsheets write them behind the others."""
    path = tmp_path / "x.csv"
    path.write_text("text,label,,\nخبر,sport,,\n", encoding="utf-8")
    (row,) = read_rows(str(path))
    assert (row.values["text"], row.values["label"]) == ("خبر", "sport")
