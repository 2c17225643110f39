from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pandas as pd
import pytest

from mujaz.errors import DataError, UsageError
from mujaz.inference.classify import ClassifyOptions, classify_corpus, load_classify_job
from mujaz.inference.records import Columns
from mujaz.inference.runner import Hooks
from mujaz.inference.several import answer_several, named_models
from mujaz.models.calibration import Calibration, Threshold
from mujaz.models.classifier import Classification, TextClassifier

LABELS = ["رياضة", "اقتصاد", "sci,tech"]


class FakeClassifier:
    """Labels a text by its number of words, so that every answer can be checked against its text."""

    labels = LABELS
    description, note = "fake model", "assumed: much"
    identity: ClassVar = {"model": "fake"}
    encoder = SimpleNamespace(clean_article=False)
    engine = SimpleNamespace(waits=False)
    info = SimpleNamespace(calibration=None, expects_titles=False)

    def __init__(self, task: str = "topic") -> None:
        self.task = task
        self.needs_target = task == "stance"
        self.multi_label = False
        self.calls: list[tuple[int, Sequence[str] | str | None]] = []
        self.budgets: list[int | None] = []

    def documents(self, texts: Sequence[str], targets: Sequence[str] | str | None = None) -> list[SimpleNamespace]:
        self.calls.append((len(texts), targets))
        return [SimpleNamespace(text=text, changes=None) for text in texts]

    def predict_documents(
        self,
        documents: Sequence[SimpleNamespace],
        *,
        min_probability: float | None = None,
        batch_tokens: int | None = None,
        progress: Callable[[int], None],
    ) -> list[Classification]:
        self.budgets.append(batch_tokens)
        progress(len(documents))
        found = [self.answer(document.text) for document in documents]
        return [replace(one, label=one.label if one.probability >= (min_probability or 0) else None) for one in found]

    @staticmethod
    def answer(text: str) -> Classification:
        words = len(text.split())
        best, p = LABELS[words % 3], 0.5 + 1 / (3 + words)
        probabilities = {label: p if label == best else (1 - p) / 2 for label in LABELS}
        return Classification(best, p, probabilities, words, max(0, words - 30), 1)


def classifier(fake: FakeClassifier) -> TextClassifier:
    return cast(TextClassifier, fake)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 records, every seventh without text."""
    path = tmp_path_factory.mktemp("corpus") / "news.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(3000):
            text = None if number % 7 == 3 else "خبر " * (1 + number * 37 % 41)
            row = {"id": f"n{number * 7919 % 3000}", "text": text, "date": f"day {number}"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".jsonl": lambda path: pd.read_json(path, lines=True, precise_float=True),
    ".jsonl.gz": lambda path: pd.read_json(path, lines=True, precise_float=True),
    ".csv": pd.read_csv,
    ".tsv": lambda path: pd.read_csv(path, sep="\t"),
    ".parquet": pd.read_parquet,
}


@pytest.mark.parametrize("suffix", READERS)
def test_three_thousand_records_keep_their_order_in_every_format(corpus: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"labels{suffix}"
    fake = FakeClassifier()
    summary = classify_corpus(
        [str(corpus)], str(out), model=classifier(fake), columns=Columns(keep=("date",)), all_probabilities=True
    )
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    found = READERS[suffix](out)
    assert found["id"].tolist() == [row["id"] for row in rows]
    assert found["date"].tolist() == [row["date"] for row in rows]
    for row, line in zip(rows, found.to_dict("records"), strict=True):
        if row["text"] is None:
            assert pd.isna(line["label"])
            assert pd.isna(line["probability"])
            assert line["error"] == "the text is missing"
            continue
        expected = FakeClassifier.answer(row["text"])
        assert (line["label"], line["probability"]) == (expected.label, expected.probability)
        assert pd.isna(line["error"])
        spread = {label: line[f"p_{label}"] for label in LABELS} if "jsonl" not in suffix else line["probabilities"]
        assert spread == expected.probabilities
    assert (summary.records, summary.errors) == (3000, sum(row["text"] is None for row in rows))
    assert summary.labels["label"].total() == 3000 - summary.errors
    assert summary.truncated == sum(len((row["text"] or "").split()) > 30 for row in rows)
    assert len(fake.calls) == 6  # chunks


def test_columns_of_the_output(corpus: Path, tmp_path: Path) -> None:
    for name, all_probabilities, columns in (
        ("a.jsonl", False, ["id", "label", "probability", "windows", "error"]),
        ("b.jsonl", True, ["id", "label", "probability", "probabilities", "windows", "error"]),
        ("c.csv", True, ["id", "label", "probability", *(f"p_{label}" for label in LABELS), "windows", "error"]),
    ):
        fake = classifier(FakeClassifier())
        classify_corpus([str(corpus)], str(tmp_path / name), model=fake, all_probabilities=all_probabilities)
        assert list(READERS[Path(name).suffix](tmp_path / name).columns) == columns


def write(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_targets_of_a_column_go_with_their_texts(tmp_path: Path) -> None:
    source = write(
        tmp_path / "x.jsonl",
        {"text": "أ", "claim": "دعوى ١"},
        {"text": "", "claim": "دعوى ٢"},
        {"text": "ب", "claim": None},
        {"text": "ج", "claim": "دعوى ٣"},
    )
    fake = FakeClassifier("stance")
    out = tmp_path / "o.jsonl"
    classify_corpus([source], str(out), model=classifier(fake), columns=Columns(target="claim"), batch_tokens=64)
    assert (fake.calls, fake.budgets) == ([(2, ["دعوى ١", "دعوى ٣"])], [64])
    errors = [json.loads(line)["error"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert errors == [None, "the text is empty", "the target is missing", None]


def test_one_target_for_all_texts(tmp_path: Path) -> None:
    fake = FakeClassifier("stance")
    source = write(tmp_path / "x.jsonl", {"text": "أ"}, {"text": "ب"})
    classify_corpus([source], str(tmp_path / "o.jsonl"), model=classifier(fake), target="دعوى")
    assert (fake.calls, fake.budgets) == ([(2, "دعوى")], [None])


@pytest.mark.parametrize(
    ("task", "target", "column", "message"),
    [
        ("stance", None, None, "Give one target for all texts"),
        ("topic", "دعوى", None, "labels by topic and takes no target"),
        ("topic", None, "text", "labels by topic and takes no target"),
        ("stance", "دعوى", "text", "found both"),
        ("stance", " ", None, "the target is empty"),
    ],
)
def test_targets_must_suit_the_model(
    tmp_path: Path, task: str, target: str | None, column: str | None, message: str
) -> None:
    source, out = write(tmp_path / "x.jsonl", {"text": "أ"}), str(tmp_path / "o.jsonl")
    fake = classifier(FakeClassifier(task))
    with pytest.raises(UsageError, match=message):
        classify_corpus([source], out, model=fake, target=target, columns=Columns(target=column))
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]


def test_bad_inputs_and_outputs_are_found_before_the_model_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*arguments: Any, **options: Any) -> TextClassifier:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(TextClassifier, "from_pretrained", load)
    source = write(tmp_path / "x.jsonl", {"text": "أ"})
    with pytest.raises(DataError):
        classify_corpus([str(tmp_path / "no.jsonl")], str(tmp_path / "o.jsonl"))
    with pytest.raises(DataError):
        classify_corpus([source], str(tmp_path / "o.jsonl"), columns=Columns(text="body"))
    with pytest.raises(UsageError):
        classify_corpus([source], str(tmp_path / "o.xyz"))
    with pytest.raises(UsageError):
        classify_corpus([source], source, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]
    left = write(tmp_path / "o.partial.jsonl", {"id": 1, "label": "رياضة"})  # has no text, which is not what is wrong
    with pytest.raises(UsageError, match=r"o\.jsonl: lies in what is read"):
        classify_corpus([str(tmp_path / "*.jsonl")], left.replace(".partial", ""))


def test_how_the_model_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, dict[str, Any]]] = []

    def load(name: Any = None, **options: Any) -> FakeClassifier:
        calls.append((name, options))
        return FakeClassifier(options["task"])

    monkeypatch.setattr(TextClassifier, "from_pretrained", load)
    source = write(tmp_path / "x.jsonl", {"text": "أ"})
    silent = tmp_path / "silent"  # an encoder that does not say its task
    silent.mkdir()
    (silent / "config.json").touch()
    said: list[str] = []
    classify_corpus([source], str(tmp_path / "a.csv"), hooks=Hooks(started=said.append))
    classify_corpus([source], str(tmp_path / "b.csv"), model=silent, target="دعوى", device="cpu", precision="float32")
    common = {"device": "auto", "precision": "auto", "engine": "auto", "ignore_recipe_mismatch": False}
    assert calls == [
        (None, {"task": "topic", **common}),
        (silent, {"task": "stance", **common, "device": "cpu", "precision": "float32"}),
    ]
    assert said == ["fake model\nassumed: much"]


def test_articles_are_cleaned_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mujaz.models.articles.clean_article", lambda text: text.removeprefix("الصفحة "))
    source = write(tmp_path / "x.jsonl", {"text": "الصفحة خبر"})
    labels = []
    for clean in (False, True):
        out = tmp_path / f"{clean}.jsonl"
        classify_corpus([source], str(out), model=classifier(FakeClassifier()), clean_article=clean)
        labels.append(json.loads(out.read_text(encoding="utf-8"))["label"])
    assert labels == [FakeClassifier.answer("الصفحة خبر").label, FakeClassifier.answer("خبر").label]
    assert labels[0] != labels[1]


@pytest.mark.parametrize("task", ["topic", "stance"])
def test_a_trained_model_says_the_same_of_a_corpus_as_of_single_texts(
    trained: Callable[[str], Path], topic_file: Path, stance_file: Path, tmp_path: Path, task: str
) -> None:
    source = {"topic": topic_file, "stance": stance_file}[task]
    columns = Columns(target="target" if task == "stance" else None, keep=("label",))
    out = tmp_path / "o.jsonl"
    classify_corpus(
        [str(source)],
        str(out),
        model=trained(task),
        columns=columns,
        device="cpu",
        precision="float32",
        batch_tokens=64,
    )
    model = TextClassifier.from_pretrained(trained(task), device="cpu", precision="float32")
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in found] == list(range(1, len(rows) + 1))
    assert [line["input_label"] for line in found] == [row["label"] for row in rows]
    for row, line in zip(rows, found, strict=True):
        expected = model.predict([row["text"]], row.get("target"))[0]
        assert line["label"] == expected.label
        assert line["probability"] == pytest.approx(expected.probability, abs=1e-5)


class CalibratedClassifier(FakeClassifier):
    """As sure as its answers say, and calibrated: 0.9 precise from 0.6 on."""

    def __init__(self) -> None:
        super().__init__()
        numbers: dict[str, Any] = {"ece_before": 0.1, "ece_after": 0.1, "nll_before": 1.0, "nll_after": 1.0}
        threshold = Threshold(min_probability=0.6, precision=0.9, coverage=0.3)
        calibration = Calibration(temperature=1, rows=50, bins=15, thresholds=[threshold], **numbers)
        self.info = SimpleNamespace(calibration=calibration, expects_titles=False)


@pytest.mark.parametrize("option", ["min_probability", "min_precision"])
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_below_the_threshold_there_is_a_probability_and_no_label(
    corpus: Path, tmp_path: Path, suffix: str, option: str
) -> None:
    out = tmp_path / f"labels{suffix}"
    asked: dict[str, Any] = {option: 0.6 if option == "min_probability" else 0.85}
    summary = classify_corpus([str(corpus)], str(out), model=classifier(CalibratedClassifier()), **asked)
    found = READERS[suffix](out)
    read = found[found["error"].isna()]
    low = read["probability"] < 0.6
    assert low.sum() > 0
    assert read["label"][low].isna().all()
    assert read["label"][~low].notna().all()
    assert read["probability"].notna().all()
    assert f"no label: {low.sum():,} texts" in str(summary)


@pytest.mark.parametrize(("asked", "own"), [({"min_precision": 0.85}, None), ({}, 0.85)])
def test_the_first_lines_say_what_a_threshold_stands_on(asked: dict[str, Any], own: float | None) -> None:
    """Of 50 dev rows 30 % lie above it, and 14 of these 15 are right."""
    fake = classifier(CalibratedClassifier())
    known = CalibratedClassifier().info.calibration
    known.min_precision, known.min_probability = own, own and 0.6
    fake.info.calibration = known
    said = load_classify_job(model=fake, options=ClassifyOptions(**asked), columns=Columns(), nested=True).description
    assert said.endswith("below 0.6000 no label: 90.0% of 15 dev rows above it were right, 95 % interval 70% to 99%")
    plain = ClassifyOptions(min_probability=0.5)
    assert "dev rows" not in load_classify_job(model=fake, options=plain, columns=Columns(), nested=True).description


def test_thresholds_that_cannot_be_had(corpus: Path, tmp_path: Path) -> None:
    fake = classifier(CalibratedClassifier())
    out = str(tmp_path / "labels.jsonl")
    with pytest.raises(UsageError, match="found both"):
        classify_corpus([str(corpus)], out, model=fake, min_probability=0.5, min_precision=0.5)
    with pytest.raises(UsageError, match="from 0 to 1, found 95"):
        classify_corpus([str(corpus)], out, model=fake, min_precision=95)
    with pytest.raises(UsageError, match=r"found 0.99: the highest is 0.900, for 30% of the texts"):
        classify_corpus([str(corpus)], out, model=fake, min_precision=0.99)
    fake.info.calibration = None
    with pytest.raises(UsageError, match="never calibrated"):
        classify_corpus([str(corpus)], out, model=fake, min_precision=0.5)
    assert not Path(out).exists()


def test_long_texts_are_looked_at_beyond_their_chunk_where_the_engine_waits_for_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mujaz.inference.runner.CHUNK_CHARACTERS", 50)
    rows = [{"text": f"خبر {i} " * 5 if i % 5 else None} for i in range(1000)]
    source = write(tmp_path / "x.jsonl", *rows)
    outs = [tmp_path / name for name in ("waits.jsonl", "ready.jsonl")]
    seen: list[int] = []

    def look(windows: Sequence[str]) -> SimpleNamespace:
        seen.append(len(windows))
        return SimpleNamespace(waits=False)

    for out in outs:
        fake = FakeClassifier()
        fake.documents = lambda texts, targets=None: [  # type: ignore[method-assign]
            SimpleNamespace(text=text, changes=None, windows=[text]) for text in texts
        ]
        if out == outs[0]:
            fake.engine = SimpleNamespace(waits=True, ready=look)
        classify_corpus([source], str(out), model=classifier(fake))
        assert not fake.engine.waits
    assert seen == [512]
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_loaded_classifier_stays_as_it_is(trained: Callable[[str], Path], tmp_path: Path) -> None:
    source, out = write(tmp_path / "x.jsonl", {"text": "فاز المنتخب في مباراة الكرة " * 20}), str(tmp_path / "o.jsonl")
    model = TextClassifier.from_pretrained(trained("topic"), device="cpu")
    before = model.encoder.long
    classify_corpus([source], out, model=model, long="truncate")
    assert json.loads(Path(out).read_text(encoding="utf-8"))["windows"] == 1
    assert model.encoder.long == before
    with pytest.raises(UsageError, match="expected no device or precision for a model that is loaded already"):
        classify_corpus([source], out, model=model, device="cuda", precision="int8", force=True)


def test_a_pooling_goes_with_windows() -> None:
    with pytest.raises(UsageError, match=r"no pooling where long texts are cut \(truncate\).*found max. Leave one out"):
        classify_corpus(["x.jsonl"], long="truncate", pooling="max")


@pytest.mark.parametrize("several", [False, True])
def test_a_text_of_which_nothing_is_left_gets_no_label(tmp_path: Path, several: bool) -> None:
    """As :meth:`TextClassifier.predict` gives none. The recipe of the embedded models takes stretched lines for nothing."""
    source, out = tmp_path / "x.jsonl", tmp_path / "o.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in ("فاز الفريق", "ـــ")), encoding="utf-8")
    if several:
        answer_several([str(source)], str(out), {"a": "topic", "b": "topic"}, asking=ClassifyOptions(device="cpu"))
    else:
        classify_corpus([str(source)], str(out), device="cpu")
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["error"] for line in lines] == [None, "nothing of the text is left for the model to read"]
    assert set(lines[1].values()) == {2, None, lines[1]["error"]}
    with pytest.raises(DataError, match="nothing of the text is left .*; --strict stops here"):
        classify_corpus([str(source)], str(out), device="cpu", strict=True, force=True)


def test_models_are_named_by_their_folder_or_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lr=3e-4"
    folder.mkdir()
    assert named_models([str(folder), f"b={folder}", "summary"]) == {
        "lr=3e-4": str(folder),
        "b": str(folder),
        "summary": "summary",
    }
    monkeypatch.chdir(folder)
    assert list(named_models([".", "b=.."])) == ["lr=3e-4", "b"]
    assert list(named_models([".."])) == [tmp_path.name]
