from __future__ import annotations

import json
from pathlib import Path

import pytest

from mujaz.errors import UsageError
from mujaz.inference.classify import classify_corpus
from mujaz.inference.records import Columns
from mujaz.inference.runner import Hooks
from mujaz.inference.sinks import summary_file


def test_what_differs_from_an_unfinished_run_is_told_to_the_option(tmp_path: Path) -> None:
    """Not as two long lists of all options, cut off before the one that differs."""
    source, out = tmp_path / "x.csv", str(tmp_path / "o.csv")
    source.write_text("id,text,day\n" + "".join(f"{n},فاز الفريق,{n}\n" for n in range(600)), encoding="utf-8")
    done = iter(range(1))
    hooks = Hooks(stop=lambda: next(done, None) is None)
    assert classify_corpus([str(source)], out, device="cpu", hooks=hooks).records == 512
    with pytest.raises(UsageError, match=r"\(options\.all_probabilities: False then, True now\)"):
        classify_corpus([str(source)], out, device="cpu", all_probabilities=True)
    with pytest.raises(UsageError, match=r"\(columns\.keep: \[\] then, \['day'\] now\)"):
        classify_corpus([str(source)], out, device="cpu", columns=Columns(keep=("day",)))


def test_a_run_that_memory_did_not_suffice_for_goes_on_in_smaller_batches(tmp_path: Path) -> None:
    """As the message advises; also with --retry-errors."""
    source, out = tmp_path / "x.csv", tmp_path / "o.jsonl"
    source.write_text("id,text\n" + "".join(f"{n},فاز الفريق {n}\n" for n in range(600)), encoding="utf-8")
    done = iter(range(1))
    hooks = Hooks(stop=lambda: next(done, None) is None)
    assert classify_corpus([str(source)], str(out), device="cpu", hooks=hooks).stopped
    again = classify_corpus([str(source)], str(out), device="cpu", batch_tokens=512)
    assert (again.resumed, again.records) == (512, 600)
    told = json.loads(summary_file(out).read_bytes())
    assert told["asked"]["options"]["batch_tokens"] == 512
    classify_corpus([str(source)], str(out), device="cpu", batch_tokens=256, retry_errors=True)
