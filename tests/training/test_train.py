from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from transformers import AutoModelForSeq2SeqLM, Seq2SeqTrainer

from mujaz import Summarizer, TextClassifier, evaluate, train
from mujaz.configs.data_schema import ColumnsConfig
from mujaz.configs.loading import check_config
from mujaz.configs.schema import TrainConfig
from mujaz.errors import CheckpointError, DataError, OutputError, UsageError
from mujaz.models.checkpoint import read_info
from mujaz.training import summary_trainer
from mujaz.training import train as train_module
from mujaz.training.arguments import total_steps
from mujaz.training.data import Example, read_examples
from mujaz.training.job import prepare
from mujaz.training.long_text import USUAL, choose_long_text, chosen_way, name_of
from tests.conftest import SPORT, write_jsonl

TinyConfig = Callable[..., dict[str, Any]]


def _config(data: dict[str, Any]) -> TrainConfig:
    return check_config(data, "test")


def test_a_topic_run_leaves_all_it_should(trained: Callable[[str], Path]) -> None:
    folder = trained("topic")
    info = read_info(folder)
    assert info is not None
    assert (info.task, info.labels, info.max_length) == ("topic", ["money", "sport"], 48)
    assert info.data is not None
    assert info.data.rows == 36  # 64 rows less a quarter for test and a quarter of the rest for dev
    assert set(info.versions) == {"mujaz", "transformers", "tokenizers", "torch"}
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["split"] == "test"
    assert metrics["metrics"]["accuracy"] > 0.9
    assert yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["training"]["batch_size"] == 8
    assert not (folder / "checkpoints").exists()


def test_evaluate_gives_the_scores_that_the_run_reported(trained: Callable[[str], Path], topic_file: Path) -> None:
    folder = trained("topic")
    config = TrainConfig.model_validate(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")))
    model = TextClassifier.from_pretrained(folder, device="cpu")
    again = evaluate(model, prepare(config).splits.test)
    reported = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    assert again.metrics["accuracy"] == reported["accuracy"]
    rows = [json.loads(line) for line in topic_file.read_text(encoding="utf-8").splitlines()]
    whole = evaluate(model, str(topic_file))
    assert whole.rows == 64
    for data in (topic_file, [topic_file], rows, iter(read_examples(str(topic_file), "topic", ColumnsConfig()))):
        assert evaluate(model, data).metrics == whole.metrics
    assert evaluate(folder, topic_file).rows == 64
    renamed = [{"body": row["text"], "topic": row["label"]} for row in rows]
    assert evaluate(model, renamed, columns={"text": "body", "label": "topic"}).metrics == whole.metrics
    other = [{**row, "label": {"sport": "رياضة"}.get(row["label"], row["label"])} for row in rows]
    assert evaluate(model, other, rename={"رياضة": "sport"}).metrics == whole.metrics
    with pytest.raises(UsageError, match="^rename: expected a dictionary like .* found str"):
        evaluate(model, rows, rename="sport")  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [{"texts": "body"}, {"text": 5}, "body", ["body"]])
def test_columns_that_are_not_known(columns: Any) -> None:
    with pytest.raises(UsageError, match=r"^columns: (texts|text|str|list): .* names of columns for some of text, "):
        evaluate("topic", [{"text": "نص", "label": "sports"}], columns=columns)


@pytest.mark.parametrize(
    ("model", "data", "answer"),
    [
        ("topic", 5, "a list of rows .* found int"),
        ("topic", None, "found NoneType"),
        ("topic", [("نص", "sports")], "found tuple"),
        ("topic", pd.DataFrame({"text": ["نص"]}), r"found DataFrame: give its rows, data.to_dict\('records'\)"),
        ("topic", [], "^expected labelled rows, found none"),
        ("topic", [{"text": "نص"}], "the data, row 1: expected text in column 'label', found nothing"),
        (None, "test.jsonl", "a TextClassifier, a Summarizer or the name of one, found NoneType"),
    ],
)
def test_what_cannot_be_evaluated(model: Any, data: Any, answer: str) -> None:
    with pytest.raises(UsageError, match=answer):
        evaluate(model, data)


def test_a_file_is_no_config_to_train_with() -> None:
    with pytest.raises(UsageError, match=r"found str. Write train\(load_config"):
        train("configs/topic-small.yaml")  # type: ignore[arg-type]


def test_a_pair_model_reads_the_target(trained: Callable[[str], Path], stance_file: Path) -> None:
    model = TextClassifier.from_pretrained(trained("stance"), device="cpu")
    assert evaluate(model, str(stance_file)).metrics["accuracy"] > 0.9  # the text alone gives 0.5


def test_a_summary_run_scores_with_rouge(trained: Callable[[str], Path]) -> None:
    metrics = json.loads((trained("summary") / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    assert {"rouge1", "rouge2", "rougeL"} <= set(metrics)


def test_fine_tuning_a_pretrained_encoder(
    bert_folder: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", epochs=1)
    data["model"] = {"name": str(bert_folder), "recipe": "arabert"}
    result = train(_config(data))
    info = read_info(result.folder)
    assert info is not None
    assert info.recipe["name"] == "arabert"
    assert info.max_length == 24
    model = TextClassifier.from_pretrained(result.folder, device="cpu")
    ids = model.encode(["أحمد http://x.org/a"])[0].input_ids
    assert model.encoder.tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", "أحمد", "[رابط]", "[SEP]"]


def test_fine_tuning_mt5_keeps_its_head_apart(
    mt5_folder: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("summary", summary_file, tmp_path / "run", max_steps=3)
    data["model"] = {"name": str(mt5_folder), "max_length": 48}
    result = train(_config(data))
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(result.folder)
    assert not torch.equal(model.lm_head.weight, model.shared.weight)
    assert json.loads((result.folder / "config.json").read_text(encoding="utf-8"))["tie_word_embeddings"] is False


def test_the_trainer_alone_would_save_max_length_20(
    summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    job = prepare(_config(tiny_config("summary", summary_file, tmp_path / "run", max_steps=1)))
    mine = train_module.build_trainer(job, progress=False, report=lambda line: None)
    plain = Seq2SeqTrainer(
        model=job.start.model,
        args=mine.args,
        data_collator=mine.data_collator,
        eval_dataset=job.dev,
        processing_class=job.start.encoder.tokenizer,
        compute_metrics=lambda output: {},  # without one it would not generate
    )
    settings = job.start.model.generation_config
    mine.evaluate()
    assert settings is not None
    assert settings.max_length is None
    plain.evaluate()
    assert settings.max_length is not None  # the trap: filled with the library's default


def test_the_same_seed_gives_the_same_weights(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    torch.set_num_threads(1)
    logits = []
    for name in ("a", "b"):
        result = train(_config(tiny_config("topic", topic_file, tmp_path / name, epochs=2)))
        logits.append(TextClassifier.from_pretrained(result.folder, precision="float32").logits(["فاز الفريق"]))
    np.testing.assert_array_equal(logits[0], logits[1])


def test_a_finished_run_is_not_overwritten(
    trained: Callable[[str], Path], topic_file: Path, tiny_config: TinyConfig
) -> None:
    folder = trained("topic")
    with pytest.raises(UsageError, match="finished run.*--restart"):
        train(_config(tiny_config("topic", topic_file, folder)))
    with pytest.raises(UsageError, match=r"another config \(different: training.epochs\)"):
        train(_config(tiny_config("topic", topic_file, folder, epochs=9)))


def test_settings_that_came_in_after_a_run_was_begun_do_not_make_it_another(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained("topic"), folder)
    config = _config(tiny_config("topic", topic_file, folder))
    saved = config.model_dump()
    del saved["training"]["copy_attention"], saved["distill"]
    (folder / "config.yaml").write_text(yaml.safe_dump(saved), encoding="utf-8")
    with pytest.raises(UsageError, match="finished run"):
        train(config)
    saved["training"]["removed_since"] = 1
    (folder / "config.yaml").write_text(yaml.safe_dump(saved), encoding="utf-8")
    with pytest.raises(UsageError, match=r"another config .*training.removed_since"):
        train(config)


def test_a_training_that_stops_at_its_data_claims_no_folder(
    tmp_path: Path, topic_file: Path, tiny_config: TinyConfig
) -> None:
    wrong = write_jsonl(tmp_path / "wrong.jsonl", [{"text": "", "label": "a"}])
    with pytest.raises(DataError, match="is empty"):
        train(_config(tiny_config("topic", wrong, tmp_path / "run")))
    assert train(_config(tiny_config("topic", topic_file, tmp_path / "run", max_steps=1))).steps == 1


def test_a_training_that_stops_early_says_so(tmp_path: Path, topic_file: Path, tiny_config: TinyConfig) -> None:
    lines: list[str] = []
    settings = {"epochs": 20, "evaluations": 20, "patience": 1, "learning_rate": 1e-9}
    found = train(_config(tiny_config("topic", topic_file, tmp_path / "run", **settings)), report=lines.append)
    (line,) = [line for line in lines if line.startswith("stopped at step")]
    assert line.startswith(f"stopped at step {found.steps} of ")
    assert "training.patience" in line


def test_an_output_that_cannot_be_written(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written or read: Not a directory"):
        train(_config(tiny_config("topic", topic_file, tmp_path / "file" / "run")))


def test_a_classifier_cannot_start_from_a_summarizer(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run")
    data["model"] = {"name": str(trained("summary"))}
    with pytest.raises(CheckpointError, match="cannot do task 'topic'"):
        train(_config(data))


def test_the_plan_counts_what_the_trainer_does(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", epochs=2, gradient_accumulation=2)
    config = _config(data)
    job = prepare(config)
    assert job.plan().steps == total_steps(config, 36) == 6
    assert train(config).steps == 6


def test_summaries_that_will_be_cut_are_counted(tmp_path: Path, tiny_config: TinyConfig) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"{' '.join(SPORT)} {i}", "summary": " ".join(SPORT) if i % 4 == 0 else "فاز"} for i in range(40)
    ]
    data = tiny_config("summary", write_jsonl(tmp_path / "train.jsonl", rows), tmp_path / "run")
    job = prepare(_config(data))
    full = [len(ids) == 16 for ids in job.train["label"]]
    assert 0 < sum(full) < len(full)
    assert job.plan().summaries_cut == sum(full) / len(full)
    assert any(line.startswith("summaries: ") and "longer than 16 tokens" in line for line in job.plan().lines())
    data["model"]["max_target_length"] = 400
    assert not any(line.startswith("summaries: ") for line in prepare(_config(data)).plan().lines())


def test_reduced_precision_halves_the_file(
    trained: Callable[[str], Path], summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    config = tiny_config("summary", summary_file, tmp_path / "run", max_steps=1, save_precision="bfloat16")
    half = train(_config(config)).folder / "model.safetensors"
    assert half.stat().st_size < 0.6 * (trained("summary") / "model.safetensors").stat().st_size
    model = Summarizer.from_pretrained(half.parent, device="cpu", precision="float32")
    assert model.model.dtype == torch.float32


def test_a_copy_of_a_run_is_a_model(trained: Callable[[str], Path], tmp_path: Path) -> None:
    copy = shutil.copytree(trained("topic"), tmp_path / "elsewhere")
    assert TextClassifier.from_pretrained(copy).labels == ["money", "sport"]


def test_dev_summaries_meet_their_own_references(summary_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    """The Trainer reorders dev rows by length; were the references taken in file order, every score would be wrong."""
    job = prepare(_config(tiny_config("summary", summary_file, tmp_path / "run", max_steps=1)))
    seen: list[tuple[list[str], list[str]]] = []

    class Spy:
        def compute(self, predictions: list[str], references: list[str]) -> dict[str, float]:
            seen.append((predictions, references))
            return {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary_trainer, "Rouge", Spy)
        trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
    # A model that writes the beginning of its input, which is the reference: each row must meet its own.
    patched: Any = job.start.model
    patched.generate = lambda input_ids, **_: input_ids[:, :16]
    trainer.evaluate()
    ((predictions, references),) = seen
    assert len(references) == len(job.splits.dev)
    for prediction, reference in zip(predictions, references, strict=True):
        assert prediction.startswith(reference)


def test_how_long_texts_are_read_is_found_on_dev(trained: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(trained("topic"), folder)
    model = TextClassifier.from_pretrained(folder, device="cpu", precision="float32")
    money, sport = "سهم البنك في البورصة ", "فاز المنتخب في مباراة الكرة "
    # What the label is of comes in the later windows: the beginning misleads.
    examples = [Example(f"{sport * 8}{money * 60}", "money", None, None, "x", i) for i in range(26)]
    examples += [Example(f"{money * 8}{sport * 60}", "sport", None, None, "x", i) for i in range(26)]
    scores = choose_long_text(model, folder, examples)
    assert set(scores) == {"truncate", "first+last", "mean", "max"}
    chosen = read_info(folder)
    assert chosen is not None
    assert scores["truncate"] < scores["mean"] == max(scores.values())
    assert chosen.long_text == USUAL
    assert TextClassifier.from_pretrained(folder, device="cpu").encoder.long == chosen.long_text
    assert choose_long_text(model, folder, examples[:49]) == {}  # too few to tell


@pytest.mark.parametrize(("more", "taken"), [(5, "mean"), (6, "max"), (-6, "mean")])
def test_another_way_than_the_mean_has_to_be_better_than_by_chance(more: int, taken: str) -> None:
    """That n coins fall alike has a chance of 2 / 2^n: 6 % for five, 3 % for six."""
    mean = np.arange(100) < 90
    right = {"truncate": mean.copy(), "first+last": mean.copy(), "mean": mean, "max": np.arange(100) < 90 + more}
    for name in ("truncate", "first+last"):
        right[name][:20] = False
    assert name_of(chosen_way({name: float(one.mean()) for name, one in right.items()}, right)) == taken


@pytest.mark.parametrize("task", ["topic", "summary"])
def test_accumulated_batches_train_like_one_batch(
    task: str, topic_file: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    """Two batches of 4 are one of 8; the rows of an epoch are no multiple of either."""
    data = {"topic": topic_file, "summary": summary_file}[task]
    curves = []
    for batch in (8, 4):
        settings = {"batch_size": batch, "gradient_accumulation": 8 // batch, "max_steps": 8, "learning_rate": 1e-3}
        result = train(_config(tiny_config(task, data, tmp_path / f"{batch}", **settings)))
        curves.append([(e["loss"], e["grad_norm"]) for e in result.metrics["log"] if "loss" in e])
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-4)


@pytest.mark.parametrize("task", ["topic", "summary"])
def test_the_trainer_alone_would_add_batches_up(
    task: str, topic_file: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = {"topic": topic_file, "summary": summary_file}[task]
    job = prepare(_config(tiny_config(task, data, tmp_path / "run", max_steps=1)))
    rows = [job.train[i] for i in range(8)]
    losses = []
    for own in (True, False):
        trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
        if not own:
            trainer.compute_loss_func = None
        batches = [trainer._prepare_inputs(trainer.data_collator(part)) for part in (rows[:4], rows[4:])]
        count = trainer._get_num_items_in_batch(batches, torch.device("cpu"))
        parts: Any = [trainer.compute_loss(job.start.model, dict(b), num_items_in_batch=count) for b in batches]
        losses.append(sum(part.item() for part in parts))
    ours, theirs = losses
    assert theirs == pytest.approx(2 * ours, rel=0.05)  # the trap: the mean of each batch, as if it were its share


@pytest.mark.parametrize("key", ["model.name", "distill.teacher"])
def test_a_run_does_not_write_over_what_it_learns_from(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, key: str
) -> None:
    folder = tmp_path / "start"
    shutil.copytree(trained("topic"), folder)
    data = tiny_config("topic", topic_file, folder)
    if key == "model.name":
        data["model"] = {"name": str(folder)}
    else:
        data["distill"] = {"teacher": str(folder)}
    before = (folder / "model.safetensors").read_bytes(), (folder / "metrics.json").read_bytes()
    with pytest.raises(UsageError, match=f"output and {key} are the same folder"):
        train(_config(data), restart=True)
    assert before == ((folder / "model.safetensors").read_bytes(), (folder / "metrics.json").read_bytes())


def test_a_run_does_not_go_on_with_other_data(tmp_path: Path, topic_file: Path, tiny_config: TinyConfig) -> None:
    data = tmp_path / "data.jsonl"
    shutil.copy(topic_file, data)
    config = _config(tiny_config("topic", data, tmp_path / "run", epochs=3, save_every=2))

    class Stopped(Exception):  # noqa: N818
        pass

    def stop(line: str) -> None:
        if line.startswith("step ") and "dev" in line:
            raise Stopped

    with pytest.raises(Stopped):
        train(config, report=stop)
    assert list((tmp_path / "run" / "checkpoints").glob("checkpoint-*"))
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    data.write_text("".join([*lines[1:], lines[0]]), encoding="utf-8")
    with pytest.raises(UsageError, match="began with other data"):
        train(config)
    data.write_text("".join(lines), encoding="utf-8")
    assert train(config).steps > 2
