"""Distillation: the losses by their formulas, who is asked what, and a student that follows its teacher."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from transformers import AutoTokenizer

from mujaz.cli import main
from mujaz.configs.loading import check_config, load_config
from mujaz.errors import ConfigError, DataError, UsageError
from mujaz.models.calibration import Calibration
from mujaz.models.checkpoint import store_info
from mujaz.models.classifier import TextClassifier
from mujaz.models.summarizer import Summarizer
from mujaz.training import distillation, teaching
from mujaz.training.data import Example
from mujaz.training.distillation import similarity_loss, soft_loss, taught
from mujaz.training.job import Job, prepare
from mujaz.training.resume import last_checkpoint
from mujaz.training.teaching import TEACHER, first_states, teacher_scores
from mujaz.training.train import build_trainer, train
from tests.conftest import MONEY, SPORT, TinyConfig, write_jsonl

Trained = Callable[[str], Path]


class _KilledError(Exception):
    pass


def silent(line: str) -> None:
    """Nobody listens."""


def test_the_loss_is_that_of_the_paper() -> None:
    generator = np.random.default_rng(0)
    scores, teacher = generator.normal(size=(5, 3)), generator.normal(size=(5, 3))
    p, q = softmax(teacher / 3, axis=1), softmax(scores / 3, axis=1)
    expected = 9 * (p * np.log(p / q)).sum(axis=1)
    assert soft_loss(torch.tensor(scores), torch.tensor(teacher), 3.0).numpy() == pytest.approx(expected)


def test_labels_count_by_what_the_teacher_leaves(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path
) -> None:
    """The loss of a batch of two labelled rows and one that is not, from the student's own logits."""
    given: dict[str, Any] = {
        "teacher": str(trained("topic")),
        "unlabelled": str(unlabelled),
        "weight": 0.7,
        "temperature": 3.0,
    }
    job = make_job(tiny_config, topic_file, tmp_path / "run", **given)
    trainer = build_trainer(job, progress=False, report=silent)
    model: Any = trainer.model
    model.eval()
    rows = [job.train[0], job.train[1], job.train[len(job.train) - 1]]
    batch = trainer.data_collator(rows)
    loss, outputs = trainer.compute_loss(model, dict(batch), return_outputs=True)
    scores = outputs.logits.detach().double().numpy()
    p, q = softmax(np.array([row["teacher_logits"] for row in rows]) / 3, axis=1), softmax(scores / 3, axis=1)
    soft = 9 * (p * np.log(p / q)).sum(axis=1)
    hard = [-log_softmax(scores[i])[rows[i]["label"]] for i in (0, 1)]
    expected = (0.7 * soft[0] + 0.3 * hard[0] + 0.7 * soft[1] + 0.3 * hard[1] + soft[2]) / 3
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_alikeness_asks_nothing_of_width_or_direction() -> None:
    states = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    turn = torch.linalg.qr(torch.randn(7, 4, generator=torch.Generator().manual_seed(1)))[0]
    assert similarity_loss(states @ turn.T, states).item() == pytest.approx(0, abs=1e-12)
    assert similarity_loss(states.flip(0), states).item() > 0.01


def test_alikeness_by_its_formula() -> None:
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0], [-1.0]])
    rows = [m @ m.T for m in (a, b)]
    rows = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in rows]
    assert similarity_loss(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(
        ((rows[0] - rows[1]) ** 2).sum() / 4
    )


def make_job(tiny_config: TinyConfig, data: Path, folder: Path, task: str = "topic", **distill: Any) -> Job:
    config = tiny_config(task, data, folder) | {"distill": distill}
    job = prepare(check_config(config, "test"))
    assert job.config.distill is not None
    return taught(job, job.config.distill, silent)


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = [{"text": f"{text} اليوم {i}"} for i in range(6) for text in (*SPORT, *MONEY)]
    return write_jsonl(tmp_path / "unlabelled.jsonl", rows)


def test_rows_learn_what_the_teacher_says_of_their_text(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path
) -> None:
    job = make_job(tiny_config, topic_file, tmp_path / "run", teacher=str(trained("topic")), unlabelled=str(unlabelled))
    texts = [json.loads(line)["text"] for line in unlabelled.read_text(encoding="utf-8").splitlines()]
    teacher = TextClassifier.from_pretrained(trained("topic"))
    asked = [e.text for e in job.splits.train] + texts
    assert np.allclose(np.array(job.train["teacher_logits"]), teacher.logits(asked), atol=1e-5)
    assert job.train["label"][-len(texts) :] == teacher.logits(texts).argmax(axis=1).tolist()
    assert job.train["teacher_share"] == [0.5] * len(job.splits.train) + [1.0] * len(texts)
    assert len(job.unlabelled) == len(texts)
    assert f"{len(texts)} that the teacher alone labels" in job.plan().lines()[0]


def test_unlabelled_rows_without_a_text_are_left_out_where_that_is_wanted(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    given = {"teacher": str(trained("topic"))}
    given["unlabelled"] = str(
        write_jsonl(tmp_path / "more.jsonl", [{"text": "نص آخر", "id": 1}, {"text": "", "id": 2}])
    )
    with pytest.raises(DataError, match="row 2"):
        make_job(tiny_config, topic_file, tmp_path / "run", **given)
    config = tiny_config("topic", topic_file, tmp_path / "run") | {"distill": given}
    config["data"]["skip_unusable"] = True
    said: list[str] = []
    job = prepare(check_config(config, "test"))
    assert job.config.distill is not None
    assert len(taught(job, job.config.distill, said.append).unlabelled) == 1
    assert any("a row that cannot be used is left out" in line and "more.jsonl, row 2" in line for line in said)


def test_another_column_of_the_training_file_is_taught_beside_it(
    trained: Trained, tiny_config: TinyConfig, tmp_path: Path
) -> None:
    """Same files and rows, other texts: each learns the answer to its own."""
    rows: list[dict[str, object]] = [
        {"text": f"{text} اليوم {i}", "title": f"{other} غدا {i}", "label": label}
        for i in range(6)
        for texts, others, label in ((SPORT, MONEY, "sport"), (MONEY, SPORT, "money"))
        for text, other in zip(texts, others, strict=False)
    ]
    data = write_jsonl(tmp_path / "rows.jsonl", rows)
    given: dict[str, Any] = {"teacher": str(trained("topic")), "unlabelled": str(data), "columns": {"text": "title"}}
    job = make_job(tiny_config, data, tmp_path / "run", **given)
    titles = {row["title"] for row in rows}
    asked = [e.text for e in job.splits.train]
    assert job.unlabelled
    assert not titles & set(asked)
    said = TextClassifier.from_pretrained(trained("topic")).logits(asked)
    assert np.allclose(np.array(job.train["teacher_logits"])[: len(asked)], said, atol=1e-5)


def test_copies_learn_what_the_teacher_says_of_the_whole_text(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run")
    config["data"]["augmentation"] = {"cut": 1.0, "shortest_cut": 2, "longest_cut": 2}
    config["distill"] = {"teacher": str(trained("topic")), "unlabelled": str(unlabelled)}
    job = prepare(check_config(config, "test"))
    assert job.config.distill
    job = taught(job, job.config.distill, silent)
    rows = job.train.to_list()
    whole = [row["teacher_logits"] for row in rows if row["teacher_share"] == 1]
    assert whole[: len(whole) // 2] == whole[len(whole) // 2 :]  # first the texts, then a copy of each


def test_texts_of_dev_and_test_are_not_taught(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run") | {"distill": {"teacher": str(trained("topic"))}}
    held_out = [e.text for e in (lambda s: [*s.dev, *s.test])(prepare(check_config(config, "test")).splits)]
    both = write_jsonl(tmp_path / "both.jsonl", [{"text": text} for text in [*held_out, "نص آخر"]])
    config["distill"]["unlabelled"] = str(both)
    job, lines = prepare(check_config(config, "test")), list[str]()
    assert job.config.distill is not None
    found = taught(job, job.config.distill, lines.append)
    assert len(found.unlabelled) == 1
    assert f"teacher: {len(held_out)} unlabelled texts stand in dev or test, and are left out" in lines


def test_a_teacher_that_is_not_sure_is_not_believed(
    trained: Trained,
    tiny_config: TinyConfig,
    topic_file: Path,
    unlabelled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def say(teacher: TextClassifier, examples: list[Example], *_: object) -> tuple[Any, None]:
        sure = [e.text.endswith("1") or e.file == str(topic_file) for e in examples]
        return np.array([[0.0, 9.0 if one else 0.5] for one in sure], dtype=np.float32), None

    monkeypatch.setattr(distillation, "teacher_scores", say)
    given: dict[str, Any] = {"teacher": str(trained("topic")), "unlabelled": str(unlabelled), "min_confidence": 0.8}
    job = make_job(tiny_config, topic_file, tmp_path / "run", **given)
    assert len(job.unlabelled) == len([*SPORT, *MONEY])


def test_states_are_those_of_plain_transformers(trained: Trained) -> None:
    teacher = TextClassifier.from_pretrained(trained("topic"), precision="float32")
    found = first_states(teacher, SPORT, None)
    inputs = AutoTokenizer.from_pretrained(trained("topic"))(SPORT, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = teacher.model(**inputs, output_hidden_states=True).hidden_states[-1][:, 0]
    assert np.allclose(found, states.numpy(), atol=1e-5)


def test_a_killed_run_asks_for_the_rest_only(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "_PART", 3)
    teacher = TextClassifier.from_pretrained(trained("topic"))
    examples = [Example(f"{text} {i}", None, None, None, "f", i) for i, text in enumerate([*SPORT, *MONEY])]
    whole, _ = teacher_scores(teacher, examples, teacher.labels, False, tmp_path, silent)
    next(tmp_path.glob("*/000000003.npz")).unlink()
    lines: list[str] = []
    again, _ = teacher_scores(teacher, examples, teacher.labels, False, tmp_path, lines.append)
    assert np.array_equal(whole, again)
    assert lines == [f"teacher: 6 of {len(examples)} texts"]
    turned, _ = teacher_scores(teacher, examples, teacher.labels[::-1], False, tmp_path, lines.append)
    assert np.array_equal(turned, whole[:, ::-1])
    assert len(lines) > 2  # another question: what was there is not taken for its answer


def test_a_teacher_of_other_labels_is_refused(trained: Trained, tmp_path: Path) -> None:
    teacher = TextClassifier.from_pretrained(trained("topic"))
    with pytest.raises(UsageError, match="labels are money, sport; expected a, b"):
        teacher_scores(teacher, [], ["a", "b"], False, tmp_path, silent)


def test_a_student_follows_its_teacher_against_the_labels(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path
) -> None:
    """Trained on labels that are all turned round, but from the teacher alone, it says what the teacher says."""
    rows = [json.loads(line) for line in topic_file.read_text(encoding="utf-8").splitlines()]
    wrong = [row | {"label": "money" if row["label"] == "sport" else "sport"} for row in rows]
    config = tiny_config("topic", write_jsonl(tmp_path / "wrong.jsonl", wrong), tmp_path / "run", epochs=20)
    config["distill"] = {
        "teacher": str(trained("topic")),
        "weight": 1.0,
        "similarity": 1.0,
        "unlabelled": str(unlabelled),
    }
    config["data"] |= {"dev_fraction": 0.0, "test_fraction": 0.0}
    train(check_config(config, "test"))
    student, teacher = (TextClassifier.from_pretrained(name) for name in (tmp_path / "run", trained("topic")))
    texts = [row["text"] for row in rows]
    same = np.mean([a.label == b.label for a, b in zip(student.predict(texts), teacher.predict(texts), strict=True)])
    assert same > 0.95
    assert not (tmp_path / "run" / TEACHER).exists()


@pytest.mark.parametrize("changed", ["unlabelled", "teacher"])
def test_what_a_distillation_learns_besides_must_stay_until_its_end(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path, changed: str
) -> None:
    files = {"unlabelled": tmp_path / "u.jsonl", "teacher": tmp_path / "teacher" / "config.json"}
    shutil.copy(unlabelled, files["unlabelled"])
    shutil.copytree(trained("topic"), tmp_path / "teacher")
    config = tiny_config("topic", topic_file, tmp_path / "run", epochs=4)
    config["training"]["save_every"] = 2
    config["distill"] = {"teacher": str(tmp_path / "teacher"), "unlabelled": str(files["unlabelled"])}

    def killed(line: str) -> None:
        if line.startswith("step ") and last_checkpoint(tmp_path / "run" / "checkpoints"):
            raise _KilledError

    with pytest.raises(_KilledError):
        train(check_config(config, "test"), report=killed)
    before = files[changed].read_bytes()
    answers = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / TEACHER).iterdir()}
    files[changed].write_bytes(before + (b'{"text": "more"}\n' if changed == "unlabelled" else b"\n \n"))
    lines: list[str] = []
    with pytest.raises(UsageError, match="began with other data"):
        train(check_config(config, "test"), report=lines.append)
    assert lines == []  # nobody was asked again, and what was said stays
    assert answers == {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / TEACHER).iterdir()}
    files[changed].write_bytes(before)
    assert train(check_config(config, "test")).steps


def test_of_several_teachers_the_mean_is_learnt(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path
) -> None:
    """Of one that was calibrated, with its temperature."""
    other = tmp_path / "other"
    config = tiny_config("topic", topic_file, other, epochs=1)
    config["training"] |= {"seed": 5}
    train(check_config(config, "test"))
    found = Calibration(temperature=2.5, rows=60, bins=15, ece_before=0, ece_after=0, nll_before=0, nll_after=0)
    info = TextClassifier.from_pretrained(other).info
    store_info(other, info.model_copy(update={"calibration": found}))
    names = [str(trained("topic")), str(other)]
    job = make_job(tiny_config, topic_file, tmp_path / "run", teacher=names, unlabelled=str(unlabelled))
    asked = [e.text for e in job.splits.train]
    asked += [json.loads(line)["text"] for line in unlabelled.read_text(encoding="utf-8").splitlines()]
    teachers = [TextClassifier.from_pretrained(name) for name in names]
    said = [softmax(teachers[0].logits(asked), axis=1), softmax(teachers[1].logits(asked) / 2.5, axis=1)]
    assert not np.allclose(said[0], said[1], atol=1e-3)
    learnt = softmax(np.array(job.train["teacher_logits"]), axis=1)
    assert np.allclose(learnt, np.mean(said, axis=0), atol=1e-5)
    again: list[str] = []
    assert job.config.distill is not None
    taught(prepare(job.config), job.config.distill, again.append)
    assert not [line for line in again if " texts" in line and " of " in line and "sure" not in line]


def test_hidden_states_are_of_one_teacher(tiny_config: TinyConfig, topic_file: Path) -> None:
    config = tiny_config("topic", topic_file, Path("run")) | {"distill": {"teacher": ["a", "b"], "similarity": 1.0}}
    with pytest.raises(ConfigError, match="similarity is of one teacher"):
        check_config(config, "test")


def test_a_summarizer_learns_from_one_teacher(tiny_config: TinyConfig, summary_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names 2: a summarizer learns from one"):
        make_job(tiny_config, summary_file, tmp_path / "run", "summary", teacher=["a", "b"])


def test_a_summarizer_learns_what_the_teacher_writes(
    trained: Trained, tiny_config: TinyConfig, summary_file: Path, tmp_path: Path
) -> None:
    job = make_job(tiny_config, summary_file, tmp_path / "run", "summary", teacher=str(trained("summary")))
    teacher = Summarizer.from_pretrained(trained("summary"))
    written = [found.text for found in teacher.summarize([e.text for e in job.splits.train])]
    expected = job.start.encoder.labels([text for text in written if text], 16)
    assert job.train["label"] == expected


def test_articles_that_a_teacher_says_nothing_of_are_no_copies(
    trained: Trained, tiny_config: TinyConfig, summary_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def every_third(teacher: Summarizer, articles: Sequence[Example], *rest: object) -> list[str]:
        return ["خبر" if i % 3 else "" for i, _ in enumerate(articles)]

    monkeypatch.setattr(distillation, "teacher_summaries", every_third)
    further = write_jsonl(tmp_path / "further.jsonl", [{"text": f"فاز الفريق {i}"} for i in range(9)])
    given: dict[str, Any] = {"teacher": str(trained("summary")), "unlabelled": str(further)}
    job = make_job(tiny_config, summary_file, tmp_path / "run", "summary", **given)
    rows = len(job.splits.train)
    assert len(job.unlabelled) == sum(i % 3 > 0 for i in range(rows, rows + 9))
    assert "copies" not in job.plan().lines()[0]


def test_what_a_teacher_invents_is_not_learnt_where_that_is_asked(
    trained: Trained, tiny_config: TinyConfig, summary_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def every_other(teacher: Summarizer, articles: Sequence[Example], *rest: object) -> list[str]:
        return [e.text[:60] if i % 2 else "زلزال عنيف" for i, e in enumerate(articles)]

    monkeypatch.setattr(distillation, "teacher_summaries", every_other)
    config = tiny_config("summary", summary_file, tmp_path / "run") | {"distill": {"teacher": str(trained("summary"))}}
    config["data"]["support"] = {"least": 0.01}
    job, said = prepare(check_config(config, "test")), list[str]()
    assert len(taught(job, job.config.distill, said.append).train) == len(job.splits.train) // 2  # type: ignore[arg-type]
    rows = len(job.splits.train)
    assert f"teacher: {rows - rows // 2:,} of {rows:,} of its summaries are left out by data.support" in said


def test_the_command(
    trained: Trained,
    tiny_config: TinyConfig,
    topic_file: Path,
    unlabelled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "student.yaml"
    config.write_text(json.dumps(tiny_config("topic", topic_file, tmp_path / "run", epochs=2)), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["distill", str(trained("topic")), str(config), "--unlabelled", str(unlabelled)])
    assert ended.value.code == 0
    assert "teacher: topic model" in capsys.readouterr().err
    card = (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert "Taught by topic on them, and on 48 texts besides." in card
    assert TextClassifier.from_pretrained(tmp_path / "run").labels == ["money", "sport"]


def test_the_command_takes_several_teachers(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "student.yaml"
    config.write_text(json.dumps(tiny_config("topic", topic_file, tmp_path / "run", epochs=1)), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["distill", str(trained("topic")), str(trained("topic")), str(config)])
    assert ended.value.code == 0, capsys.readouterr().err
    assert load_config(tmp_path / "run" / "config.yaml").distill.teachers == [str(trained("topic"))] * 2  # type: ignore[union-attr]


def test_a_file_that_is_not_there(tiny_config: TinyConfig, topic_file: Path) -> None:
    config = tiny_config("topic", topic_file, Path("run")) | {"distill": {"teacher": "t", "unlabelled": "none.jsonl"}}
    with pytest.raises(ConfigError, match=r"distill\.unlabelled: no file or folder 'none.jsonl'"):
        check_config(config, "test")
