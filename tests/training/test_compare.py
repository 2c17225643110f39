from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from mujaz.cli import cli, main
from mujaz.errors import DataError, UsageError
from mujaz.training.compare import ComparedRun, _name, compare, comparison_page, corrected, two_sided, verdict
from mujaz.training.metrics import ClassificationMetric

LABELS = ["رياضة", "اقتصاد", "ثقافة"]


def write(folder: Path, references: list[str], predictions: list[str], *, task: str = "topic", start: int = 0) -> Path:
    folder.mkdir()
    rows = [
        {"row": i, "text_id": f"{start + i:016x}", "reference": r, "prediction": p}
        for i, (r, p) in enumerate(zip(references, predictions, strict=True))
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "predictions.jsonl").write_text(lines, encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps({"task": task}), encoding="utf-8")
    return folder


def guesses(references: list[str], accuracy: float, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [r if rng.random() < accuracy else str(rng.choice(LABELS)) for r in references]


@pytest.fixture
def references() -> list[str]:
    return [str(label) for label in np.random.default_rng(0).choice(LABELS, size=400)]


def test_scores_are_those_of_scikit_learn_and_the_range_that_of_scipy(tmp_path: Path, references: list[str]) -> None:
    a, b = guesses(references, 0.6, 1), guesses(references, 0.8, 2)
    found = compare([write(tmp_path / "a", references, a), write(tmp_path / "b", references, b)], resamples=2000)
    for run, said in zip(found.runs, (a, b), strict=True):
        assert run.scores["accuracy"] == pytest.approx(accuracy_score(references, said))
        assert run.scores["macro_f1"] == pytest.approx(f1_score(references, said, average="macro"))
    first, second = found.runs
    assert first.p is None
    assert second.difference == pytest.approx(second.scores["macro_f1"] - first.scores["macro_f1"])
    assert second.p is not None
    assert second.p < 0.01
    arrays = (np.array(references), np.array(a), np.array(b))

    def difference(truth: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
        return float(f1_score(truth, other, average="macro") - f1_score(truth, one, average="macro"))

    theirs = stats.bootstrap(
        arrays, difference, paired=True, vectorized=False, method="percentile", n_resamples=300, rng=3
    ).confidence_interval
    assert second.bounds == pytest.approx((theirs.low, theirs.high), abs=0.015)


def test_runs_of_one_setting_count_by_their_mean(tmp_path: Path, references: list[str]) -> None:
    """Beside a bootstrap of texts and runs that draws one at a time."""
    truth = np.array(references)
    said = [
        [np.array(guesses(references, share, 10 * n + at)) for at in range(3)] for n, share in ((1, 0.6), (2, 0.75))
    ]
    settings = [
        [write(tmp_path / f"{n}-{at}", references, [*one]) for at, one in enumerate(of)] for n, of in enumerate(said)
    ]
    found = compare(settings, metric="accuracy", resamples=4000)
    assert found.metric == "accuracy"
    assert [Path(run.name).name for run in found.runs] == ["0 (3 runs)", "1 (3 runs)"]
    right = [np.array([one == truth for one in of]) for of in said]  # (runs, texts)
    for run, of in zip(found.runs, right, strict=True):
        assert run.scores["accuracy"] == pytest.approx(of.mean())
        assert run.deviations["accuracy"] == pytest.approx(of.mean(axis=1).std(ddof=1))
    second, rng, drawn = found.runs[1], np.random.default_rng(5), []
    assert second.difference == pytest.approx(right[1].mean() - right[0].mean())
    for _ in range(4000):
        rows = rng.integers(len(truth), size=len(truth))
        one, other = (of[rng.integers(3, size=3)][:, rows].mean() for of in right)
        drawn.append(other - one)
    assert second.bounds == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.008)
    single = compare([settings[0][0], settings[1]])
    assert single.runs[0].deviations == {}
    with pytest.raises(UsageError, match="one of accuracy, macro_f1, found 'f1'"):
        compare(settings, metric="f1")


def test_commas_join_the_runs_of_a_setting(
    tmp_path: Path, references: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    names = [
        write(tmp_path / name, references, guesses(references, 0.7, at))
        for at, name in enumerate(("a-1", "a-2", "b,c"))
    ]
    for suffix in (".csv", ".md", ".tex"):
        with pytest.raises(SystemExit) as leaving:
            main(
                [
                    "compare",
                    f"{names[0]},{names[1]}",
                    str(names[2]),
                    "--metric",
                    "accuracy",
                    "--table",
                    str(tmp_path / f"t{suffix}"),
                ]
            )
        assert not leaving.value.code
    said = capsys.readouterr().out
    found = compare([names[:2], names[2]], metric="accuracy")
    mean, spread = (100 * one["accuracy"] for one in (found.runs[0].scores, found.runs[0].deviations))
    assert f"{mean:.2f} ± {spread:.2f}" in said
    assert "b,c" in said.replace("\n", "")
    assert f"{mean:.2f} ± {spread:.2f}" in (tmp_path / "t.md").read_text("utf-8")
    assert "p (accuracy)" in (tmp_path / "t.md").read_text("utf-8")
    assert rf"{mean:.2f} $\pm$ {spread:.2f}" in (tmp_path / "t.tex").read_text("utf-8")
    first, second = csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8"))
    assert 100 * float(first["accuracy_deviation"]) == pytest.approx(spread)
    assert second["accuracy_deviation"] == ""
    page = comparison_page(found)
    assert f"{mean:.2f} ± {spread:.2f}" in page
    assert "standard deviations" in page


@pytest.mark.parametrize(
    ("runs", "name"),
    [
        (["runs/a"], "runs/a"),
        (["runs/plain-13", "runs/plain-14"], "runs/plain (2 runs)"),
        (["runs/plain-1", "runs/plain-10"], "runs/plain (2 runs)"),
        (["runs/a-1", "runs/b-1"], "runs/a-1,runs/b-1 (2 runs)"),
        (["s1/run", "s2/run"], "s1/run,s2/run (2 runs)"),
        (["13", "14"], "13,14 (2 runs)"),
    ],
)
def test_a_setting_is_called_what_its_runs_share(runs: list[str], name: str) -> None:
    assert _name([Path(run) for run in runs]) == name


def test_a_run_counts_once_in_its_setting(tmp_path: Path, references: list[str]) -> None:
    run = write(tmp_path / "a", references, references)
    with pytest.raises(UsageError, match="different runs of a setting"):
        compare([[run, run], run])
    with pytest.raises(UsageError, match="or settings of several runs, found 1"):
        compare([[run, run]])


def test_two_of_a_kind_are_undecided_and_equals_are_equal(tmp_path: Path, references: list[str]) -> None:
    a, b = guesses(references, 0.7, 1), guesses(references, 0.7, 2)
    folders = [write(tmp_path / name, references, said) for name, said in (("a", a), ("b", b), ("c", a))]
    _, other, same = compare(folders).runs
    assert other.p is not None
    assert other.p > 0.05
    assert (same.difference, same.bounds, same.p) == (0.0, (0.0, 0.0), 1.0)


def test_no_difference_is_found_significant_as_often_as_chance_says() -> None:
    """Of 400 pairs of equally good runs about 5 % have p < 0.05."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        differences = rng.normal(size=200)
        drawn = rng.integers(200, size=(400, 200))
        hits += two_sided(differences[drawn].mean(axis=1)) < 0.05
    assert 0.02 < hits / 400 < 0.09


def test_rows_may_stand_in_another_order(tmp_path: Path, references: list[str]) -> None:
    said = guesses(references, 0.7, 1)
    a = write(tmp_path / "a", references, said)
    b = write(tmp_path / "b", references, said)
    lines = (b / "predictions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (b / "predictions.jsonl").write_text("".join(reversed(lines)), encoding="utf-8")
    assert compare([a, b]).runs[1].bounds == (0.0, 0.0)


def test_summaries_are_compared_by_rouge_l(tmp_path: Path) -> None:
    truth = ["فاز الفريق بالكأس", "ارتفع سهم البنك", "افتتح الوزير المعرض"] * 10
    good = write(tmp_path / "good", truth, truth, task="summary")
    bad = write(tmp_path / "bad", truth, ["فاز الفريق"] * 30, task="summary")
    found = compare([bad, good])
    assert found.metric == "rougeL"
    assert found.runs[1].scores["rougeL"] == pytest.approx(100)
    result = CliRunner().invoke(cli, ["compare", str(bad), str(good), "--html", str(tmp_path / "page.html")])
    assert result.exit_code == 0, result.output
    assert "better" in result.output
    assert "ROUGE-L" in result.output
    assert "rougeL" not in result.output
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<span class="chip good">better</span>' in page
    assert "100.00" in page
    assert "best ROUGE-L" in page


def test_a_page_replaces_nothing_of_a_run(tmp_path: Path, references: list[str]) -> None:
    runs = [write(tmp_path / name, references, references) for name in "ab"]
    for name, message in (("metrics.json", "ends in .html"), ("report.html", "would replace")):
        arguments = ["compare", *map(str, runs), "--html", str(runs[0] / name)]
        with pytest.raises(UsageError, match=message):
            CliRunner().invoke(cli, arguments, catch_exceptions=False)


def test_the_table_of_a_paper(tmp_path: Path, references: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    runs = [
        write(tmp_path / name, references, guesses(references, share, 1)) for name, share in (("a_1", 0.6), ("b", 0.9))
    ]
    found = compare(runs)
    for suffix in (".csv", ".md", ".tex"):
        with pytest.raises(SystemExit) as leaving:
            main(["compare", *map(str, runs), "--table", str(tmp_path / f"table{suffix}")])
        assert not leaving.value.code
        assert f"saved to {tmp_path / f'table{suffix}'}" in capsys.readouterr().out.replace("\n", "")
    rows = [*csv.DictReader((tmp_path / "table.csv").open(encoding="utf-8"))]
    for row, run in zip(rows, found.runs, strict=True):
        assert row["run"] == run.name
        assert {name: float(row[name]) for name in run.scores} == run.scores
        assert (float(row["low"]), float(row["high"])) == run.bounds
    assert rows[0]["p"] == ""
    best = f"{100 * found.runs[1].scores['accuracy']:.2f}"
    markdown = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    assert len({line.count("|") for line in markdown}) == 1
    assert f"**{best}**" in markdown[3]
    assert "**" not in markdown[2]
    latex = (tmp_path / "table.tex").read_text(encoding="utf-8")
    assert rf"\textbf{{{best}}}" in latex
    assert "\na\\_1 & " in latex
    assert latex.count("\\\\\n") == 3


def test_a_table_under_a_link_is_written_where_it_leads(tmp_path: Path, references: list[str]) -> None:
    runs = [str(write(tmp_path / name, references, references)) for name in ("a", "b")]
    table, link = tmp_path / "paper" / "table.csv", tmp_path / "table.csv"
    table.parent.mkdir()
    link.symlink_to(table)
    assert CliRunner().invoke(cli, ["compare", *runs, "--table", str(link)]).exit_code == 0
    assert link.is_symlink()
    assert table.read_text(encoding="utf-8").startswith("run,texts,")
    assert [path.name for path in table.parent.iterdir()] == ["table.csv"]


def test_a_table_replaces_nothing_of_a_run(
    tmp_path: Path, references: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [str(write(tmp_path / name, references, references)) for name in ("a", "b")]
    card = tmp_path / "a/README.md"
    card.write_text("بطاقة", encoding="utf-8")
    for name, said in ((card, "would replace"), (tmp_path / "t.docx", "expected a name that ends in .csv, .md, .tex")):
        with pytest.raises(SystemExit) as leaving:
            main(["compare", *runs, "--table", str(name)])
        assert leaving.value.code == 2
        assert said in capsys.readouterr().err
    assert card.read_text(encoding="utf-8") == "بطاقة"


def test_what_cannot_be_compared(tmp_path: Path, references: list[str]) -> None:
    a = write(tmp_path / "a", references, references)
    with pytest.raises(UsageError, match="two or more"):
        compare([a])
    with pytest.raises(UsageError, match="of 'topic'.*of 'stance'"):
        compare([a, write(tmp_path / "s", references, references, task="stance")])
    with pytest.raises(UsageError, match="has 400, .* 400, and 390 are the same.*mujaz evaluate"):
        compare([a, write(tmp_path / "other", references[10:] + references[:10], references, start=10)])
    with pytest.raises(DataError, match=r"metrics.json cannot be read"):
        compare([a, tmp_path])
    with pytest.raises(UsageError, match=r"^no folder .*/mistyped: expected that of a run"):
        compare([a, tmp_path / "mistyped"])
    (a / "predictions.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match="Score the model again"):
        compare([a, a])


@pytest.mark.parametrize(
    ("p", "difference", "word"),
    [(0.049, 0.1, "better"), (0.049, -0.1, "worse"), (0.06, 0.1, "undecided"), (0.5, -0.1, "undecided")],
)
def test_the_verdict_is_that_of_one_chance_in_twenty(p: float, difference: float, word: str) -> None:
    assert verdict(ComparedRun("b", {}, difference, (0.0, 0.0), 0.001, holm=p)) == word
    assert "compared with" in verdict(ComparedRun("a", {}, 0.0, (0.0, 0.0), None))


def test_chances_of_several_comparisons_are_corrected_as_holm_does() -> None:
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # R: p.adjust(p, "holm")
    assert corrected([0.02, 0.9, 0.6]) == pytest.approx([0.06, 1.0, 1.0])
    assert corrected([0.03]) == [0.03]
    assert corrected([]) == []


def test_of_three_runs_the_corrected_chance_is_shown(tmp_path: Path, references: list[str]) -> None:
    shares = (("a", 0.6), ("b", 0.68), ("c", 0.9))
    runs = [write(tmp_path / name, references, guesses(references, share, 1)) for name, share in shares]
    found = compare(runs)
    assert [run.holm for run in found.runs[1:]] == corrected([run.p or 0.0 for run in found.runs[1:]])
    both = [compare([runs[0], run]).runs[1] for run in runs[1:]]
    assert [run.holm for run in both] == [run.p for run in both] == [run.p for run in found.runs[1:]]
    said = CliRunner().invoke(cli, ["compare", *map(str, runs), "--table", str(tmp_path / "t.md")])
    assert said.output.count(f"p {found.runs[2].holm:.3f} (of 2 comparisons, Holm): better") == 1
    assert "p (macro-F1, Holm)" in (tmp_path / "t.md").read_text("utf-8")
    assert "corrected for 2 comparisons (Holm 1979)" in comparison_page(found)
    assert "Holm" not in comparison_page(compare(runs[:2]))


def test_the_folds_of_a_cross_validation_count_as_one_run(tmp_path: Path, references: list[str]) -> None:
    a, b = guesses(references, 0.6, 1), guesses(references, 0.8, 2)
    whole = write(tmp_path / "whole", references, a)
    folds = tmp_path / "folds"
    folds.mkdir()
    write(folds / "fold-1", references[:150], b[:150])
    write(folds / "fold-2", references[150:], b[150:], start=150)
    (folds / "folds.json").write_text(json.dumps({"rows": [150, 250], "scores": {}}), encoding="utf-8")
    found = compare([whole, folds])
    assert found.rows == 400
    assert found.runs[1].scores["macro_f1"] == pytest.approx(f1_score(references, b, average="macro"))
    (folds / "folds.json").write_text(json.dumps({"rows": [150, 250, 1]}), encoding="utf-8")
    with pytest.raises(DataError, match=r"fold-3"):
        compare([whole, folds])
    (folds / "folds.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"folds.json cannot be read"):
        compare([whole, folds])


def test_a_run_has_the_scores_of_its_evaluation(tmp_path: Path) -> None:
    """Though one gives a label that no text has, and the other does not."""
    references = ["a", "b"] * 30
    both = (references, ["c", *references[1:]])
    found = compare([write(tmp_path / str(number), references, said) for number, said in enumerate(both)])
    for run, said in zip(found.runs, both, strict=True):
        ids, truth = (["abc".index(label) for label in side] for side in (said, references))
        evaluated = ClassificationMetric().compute(predictions=ids, references=truth, labels=["a", "b", "c"])
        assert evaluated is not None
        assert run.scores["macro_f1"] == pytest.approx(evaluated["macro_f1"])
