from __future__ import annotations

import json
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from mujaz.cli import cli, main
from mujaz.commands import summaries
from mujaz.commands.summarize import LONG
from mujaz.errors import UsageError
from mujaz.models.recipes import get_recipe
from mujaz.models.summary_options import LONG_WAYS, Generation
from mujaz.models.summary_record import KINDS, MILD, Candidate, Finding, Summary


class FakeSummarizer:
    """The summary of a text is its last line; a text with an ellipsis is too long."""

    description, note, constrains = "fake summarizer", "x has no mujaz.json", True
    identity: ClassVar = {"model": "fake"}
    encoder = types.SimpleNamespace(recipe=get_recipe("none"), clean_article=False)
    generation = types.SimpleNamespace(to_diff_dict=dict)
    info = types.SimpleNamespace(expects_titles=False)
    calls: list[dict[str, Any]]

    @classmethod
    def from_pretrained(cls, name: str | None = None, **options: Any) -> FakeSummarizer:
        cls.calls = [{"model": name, **options}]
        return cls()

    def summarize(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None, **options: Any
    ) -> list[Summary]:
        self.calls.append(options)
        return [self._summary(text.strip().splitlines()[-1], "…" in text) for text in texts]

    def _summary(self, last: str, longer: bool) -> Summary:
        found = (Finding("number", "54"), Finding("number", "7"), Finding("cut"))
        candidates = (Candidate(last, -0.25, 2, found, 0.5), Candidate("بديل", -0.5, 1, (), 1.0))
        long = "lead" if longer else None
        return Summary(last, -0.25, 5, longer, 2, 0.25 if longer else 1.0, long, found, 0.5, candidates)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("mujaz.models.summarizer")
    module.Summarizer = FakeSummarizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mujaz.models.summarizer", module)


def call(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["summarize", *map(str, arguments)], input=stdin, catch_exceptions=False)


FOUND = [{"kind": "number", "text": "54"}, {"kind": "number", "text": "7"}, {"kind": "cut", "text": ""}]
FIELDS: dict[str, Any] = {
    "summary": "خبر",
    "score": -0.25,
    "words": 2,
    "read": 1.0,
    "long": None,
    "truncated": False,
    "copied": 0.5,
    "findings": FOUND,
}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_article_is_printed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "article.txt"
    path.write_text("فقرة أولى\n\nفقرة ثانية\n", encoding="utf-8")
    result = call(path, "--num-beams", "2", "--max-new-tokens", "40", "--min-new-tokens", "5", "--device", "cpu")
    assert (result.exit_code, result.stdout) == (0, "فقرة ثانية\n")
    assert result.stderr.splitlines() == [
        "fake summarizer",
        "x has no mujaz.json",
        "check: not in the article, a number: 54، 7",
        "note: it ends where the longest length was reached",
    ]
    loaded, given = FakeSummarizer.calls
    flags = {"ignore_recipe_mismatch": False, "allow_raw": False}
    plain = {"device": "cpu", "precision": "auto", "prefix": None, **flags}
    assert loaded == {"model": None, "engine": "torch", **plain}  # one article is not worth a conversion
    assert given == asdict(Generation(2, 40, 5))


def test_an_article_of_standard_input_that_is_too_long() -> None:
    result = call("-", stdin="فقرة …\nخاتمة\n")
    assert result.stdout == "خاتمة\n"
    assert "The article is longer than the model reads: it read 25% of it (lead)." in result.stderr


def test_json_lines_of_standard_input_are_a_corpus() -> None:
    found = lines(call("-", stdin='{"id": "a", "text": "خبر"}\n{"id": "b", "text": null}\n').stdout)
    assert found == [
        {"id": "a", **FIELDS, "error": None},
        {"id": "b", **dict.fromkeys(FIELDS), "error": "the text is missing"},
    ]


def test_a_corpus_to_a_file(tmp_path: Path) -> None:
    for name in ("2.txt", "1.txt"):
        (tmp_path / "news" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "news" / name).write_text(f"عنوان\nخبر {name}", encoding="utf-8")
    cell = '"' + json.dumps(FIELDS["findings"], separators=(",", ":")).replace('"', '""') + '"'
    result = call(tmp_path / "news", "--out", tmp_path / "o.csv", "--model", "runs/summary")
    assert (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines() == [
        "id,summary,score,words,read,long,truncated,copied,findings,error",
        *(f"{n}.txt,خبر {n}.txt,-0.25,2,1.0,,false,0.5,{cell}," for n in (1, 2)),
    ]
    assert "\n2 records in " in result.stderr  # however long a busy machine takes
    assert "labels" not in result.stderr
    assert FakeSummarizer.calls[0]["model"] == "runs/summary"


def test_an_article_with_out_is_a_corpus_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("عنوان\nخبر", encoding="utf-8")
    assert call(tmp_path / "a.txt", "--out", tmp_path / "o.jsonl").stdout == ""
    assert [line["summary"] for line in lines((tmp_path / "o.jsonl").read_text(encoding="utf-8"))] == ["خبر"]


@pytest.mark.parametrize(("content", "message"), [(b"", "the article is empty"), (b"\xce\xc8\xd1", "windows-1256")])
def test_an_article_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(SystemExit) as caught:
        main(["summarize", str(tmp_path / "x.txt")])
    assert caught.value.code == 2
    found = capsys.readouterr().err
    assert found.startswith(f"mujaz: error: {tmp_path / 'x.txt'}: ")
    assert message in found
    assert len(found.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--keep", "title"], "--keep is"),
        (["--text-column", "text"], "--text-column is"),
        (["--title-column", "title"], "--title-column is"),
        (["--strict", "--retry-errors"], "--strict and --retry-errors are"),
    ],
)
def test_options_of_a_corpus_are_not_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], named: str
) -> None:
    (tmp_path / "a.txt").write_text("خبر", encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main(["summarize", str(tmp_path / "a.txt"), *options])
    assert caught.value.code == 2
    assert f"{named} for a corpus" in capsys.readouterr().err


def test_help_has_an_example_and_imports_nothing_heavy() -> None:
    assert "Example:\n    mujaz summarize article.txt" in call("--help").stdout
    program = "import sys; from mujaz.commands.summarize import command; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "datasets", "pandas", "pyarrow", "fsspec", "numpy"} & set(modules)


def test_json_for_programs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("عنوان\nخبر", encoding="utf-8")
    result = call(tmp_path / "a.txt", "--json")
    assert json.loads(result.stdout) == {**FIELDS, "model": "summary"}
    several = json.loads(call(tmp_path / "a.txt", "--json", "--candidates", "2", "--model", "m").stdout)
    assert [one["summary"] for one in several["candidates"]] == ["خبر", "بديل"]
    assert several["model"] == "m"


def test_options_reach_the_model(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("عنوان\nخبر", encoding="utf-8")
    options = "--length 20-40 --candidates 3 --long select --faithful --article-words --min-article-words 0 --force-raw"
    assert call(tmp_path / "a.txt", *options.split()).exit_code == 0
    loaded, given = FakeSummarizer.calls
    assert loaded["allow_raw"] is True
    assert loaded["engine"] == "torch"  # which alone can be held to the words of the article
    assert given == asdict(
        Generation(length="20-40", candidates=3, long="select", faithful=True, article_words=True, min_article_words=0)
    )


def test_candidates_are_printed_with_their_scores(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("عنوان\nخبر", encoding="utf-8")
    assert call(tmp_path / "a.txt", "--candidates", "2").stdout == "-0.250\tخبر\n-0.500\tبديل\n"


def test_a_terminal_is_told_to_run_right_to_left_and_a_pipe_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "NATO يعلن " + "كلمة " * 40
    assert summaries.shown(text, terminal=False) == text
    monkeypatch.setenv("COLUMNS", "50")
    rows = summaries.shown(text, terminal=True).split("\n")
    assert len(rows) > 3
    assert all(row[0] == "\u2067" and row[-1] == "\u2069" and len(row) <= 50 for row in rows)
    assert "".join(row[1:-1] + " " for row in rows).split() == text.split()


def test_every_kind_of_finding_has_a_meaning() -> None:
    assert set(MILD) < set(summaries.MEANINGS)
    assert set(KINDS.values()) < set(summaries.MEANINGS)
    joined = Summary("خبر", None, 9, False, findings=(Finding("joined", "نادي الوحده | مع ضيفه"),))
    assert summaries.remarks(joined) == [
        "check: joined of stretches that do not stand together in the article: نادي الوحده | مع ضيفه"
    ]
    assert LONG == LONG_WAYS
    parts = Summary("خبر", None, 9, False, long="hierarchical", findings=(Finding("as_is"),))
    assert summaries.remarks(parts)[0] == "note: the article is no longer than its summary may be, and is given whole"
    assert "it read all of it, in parts (hierarchical)" in summaries.remarks(parts)[1]


def test_one_article_needs_standard_output(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("خبر", encoding="utf-8")
    command = [sys.executable, "-m", "mujaz", "summarize"]
    for arguments, stream, message in (
        (["a.txt"], ">&-", "the results go to standard output, which is closed"),
        (["-"], "<&-", "<stdin>: it is closed"),
    ):
        shell = ["sh", "-c", f'exec "$@" {stream}', "sh", *command, *arguments]
        done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert message in done.stderr


def test_json_is_of_one_article(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "خبر"}\n', encoding="utf-8")
    for out in ([], ["--out", str(tmp_path / "o.jsonl")]):
        with pytest.raises(SystemExit) as caught:
            main(["summarize", str(tmp_path / "x.jsonl"), "--json", *out])
        assert caught.value.code == 2
        assert "--json prints one article" in capsys.readouterr().err


def test_the_page_of_an_article_is_named_and_never_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("خبر", encoding="utf-8")
    article: list[str | Path] = [tmp_path / "a.html", "--format", "article", "--report"]
    with pytest.raises(UsageError, match="--report would replace"):
        call(*article, tmp_path / "a.html")
    assert f"page: {tmp_path / 'b.html'}" in call(*article, tmp_path / "b.html").stderr
    assert (tmp_path / "b.html").exists()
