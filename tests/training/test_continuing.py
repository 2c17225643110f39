"""Going on with a pretrained encoder: its weights, tokenizer and recipe are where it starts, and what must not pass."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from pydantic import ValidationError
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoTokenizer

from mujaz.cli import cli
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.errors import CheckpointError, UsageError
from mujaz.models.checkpoint import FROM_NOTHING, read_info
from mujaz.models.recipes import get_recipe
from mujaz.training.continuing import origin_of
from mujaz.training.left_out import main as write_left_out
from mujaz.training.pretrain import pretrain
from tests.conftest import MONEY, SPORT, write_jsonl

SHAPE = {"vocab_size": 200, "hidden_size": 32, "layers": 1, "heads": 2, "intermediate_size": 64, "max_positions": 48}


def _config(output: Path, text: Path, steps: int = 30, **model: object) -> PretrainConfig:
    training = {
        "max_steps": steps,
        "batch_size": 8,
        "learning_rate": 1e-2,
        "evaluations": 1,
        "precision": "float32",
        "device": "cpu",
    }
    return PretrainConfig.model_validate(
        {
            "objective": "masked-words",
            "output": str(output),
            "model": {"sequence_length": 24, **model},
            "data": {"train": str(text), "held_out": 0.2},
            "training": training,
        }
    )


def _text(folder: Path, sentences: Sequence[str]) -> Path:
    rows: list[dict[str, object]] = [
        {"text": f"{sentences[i % len(sentences)]} رقم {i} {sentences[-1]}"} for i in range(80)
    ]
    return write_jsonl(folder, rows)


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("news")
    pretrain(_config(folder / "run", _text(folder / "news.jsonl", SPORT), prime_embeddings=False, **SHAPE))
    return folder / "run"


@pytest.fixture(scope="module")
def posts(news: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("posts")
    pretrain(_config(folder / "run", _text(folder / "posts.jsonl", MONEY), name=str(news)))
    return folder / "run"


def test_it_keeps_tokenizer_recipe_and_shape_and_learns_the_new_text(news: Path, posts: Path) -> None:
    first, second = AutoModelForMaskedLM.from_pretrained(news), AutoModelForMaskedLM.from_pretrained(posts)
    assert {k: v.shape for k, v in first.state_dict().items()} == {k: v.shape for k, v in second.state_dict().items()}
    tokenizers = [AutoTokenizer.from_pretrained(folder) for folder in (news, posts)]
    assert tokenizers[0].get_vocab() == tokenizers[1].get_vocab()
    info = read_info(posts)
    assert info is not None
    assert (info.recipe["name"], info.max_length, info.base_model) == ("news-folded", 48, FROM_NOTHING)
    assert second.config.hidden_dropout_prob == 0.1  # of fine-tuning

    def loss(model: Any, text: str) -> float:
        ids = tokenizers[0](text, return_tensors="pt")["input_ids"]
        total = 0.0
        for place in range(1, ids.shape[1] - 1):
            shown = ids.clone()
            shown[0, place] = tokenizers[0].mask_token_id
            with torch.no_grad():
                total += float(-model.eval()(shown).logits[0, place].log_softmax(-1)[ids[0, place]])
        return total / (ids.shape[1] - 2)

    assert loss(second, MONEY[0]) < loss(first, MONEY[0]) - 0.5


def test_an_encoder_is_not_written_over(news: Path, tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    shutil.copytree(news, folder, ignore=shutil.ignore_patterns("config.yaml", "shards", "checkpoints"))
    before = (folder / "model.safetensors").read_bytes()
    with pytest.raises(UsageError, match=r"output and model\.name are the same folder"):
        pretrain(_config(folder, _text(tmp_path / "t.jsonl", MONEY), name=str(folder)))
    assert (folder / "model.safetensors").read_bytes() == before


def test_it_starts_from_the_weights_that_are_there(news: Path, tmp_path: Path) -> None:
    config = _config(tmp_path / "run", _text(tmp_path / "posts.jsonl", MONEY), name=str(news), dropout=0.25)
    model = origin_of(config).model(config.model.dropout)
    assert model.training
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.25}
    stored = load_file(news / "model.safetensors")
    for name, weights in model.state_dict().items():
        if name in stored:
            torch.testing.assert_close(weights, stored[name], rtol=0, atol=0)


def test_a_run_is_known_again_by_its_encoder(news: Path, posts: Path) -> None:
    with pytest.raises(UsageError, match="finished run"):
        pretrain(PretrainConfig.model_validate({**_resolved(posts)}))
    other = _resolved(posts)
    other["model"]["name"] = str(news.parent / "other")
    with pytest.raises(UsageError, match=r"another config \(different: model.name"):
        pretrain(PretrainConfig.model_validate(other))


def _resolved(run: Path) -> dict[str, Any]:
    import yaml

    resolved: dict[str, Any] = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    return resolved


def test_another_recipe_is_taken_if_it_is_asked_for(news: Path, tmp_path: Path) -> None:
    config = _config(tmp_path / "run", _text(tmp_path / "posts.jsonl", MONEY), name=str(news))
    assert origin_of(config).recipe == get_recipe("news-folded")
    assert origin_of(config.model_copy(update={"recipe": "arabert"})).recipe == get_recipe("arabert")


def test_rows_longer_than_the_encoder_reads_are_refused(news: Path, tmp_path: Path) -> None:
    config = _config(tmp_path / "run", _text(tmp_path / "posts.jsonl", MONEY), name=str(news), sequence_length=49)
    with pytest.raises(UsageError, match="49 is more than .* can read: expected at most 48"):
        pretrain(config)


def test_a_model_without_the_head_or_of_another_kind_is_refused(tmp_path: Path, news: Path) -> None:
    config = _config(tmp_path / "run", _text(tmp_path / "posts.jsonl", MONEY), name="topic")
    with pytest.raises(CheckpointError, match="no head that guesses masked words"):
        pretrain(config)
    tokenizer = AutoTokenizer.from_pretrained(news)
    for kind, message in (("electra", "type electra: expected bert"), ("bert", "cannot be loaded|no head")):
        folder = tmp_path / kind
        AutoModelForMaskedLM.from_pretrained(news).bert.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        stated = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"model_type": kind}
        (folder / "config.json").write_text(json.dumps(stated), encoding="utf-8")
        with pytest.raises(CheckpointError, match=message):
            pretrain(_config(tmp_path / f"run-{kind}", tmp_path / "posts.jsonl", name=str(folder)))


def test_the_shipped_config_goes_on(news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJAZ_DATA", str(tmp_path))
    small = {
        "model.name": news,
        "model.sequence_length": 24,
        "data.train": _text(tmp_path / "posts.jsonl", MONEY),
        "data.exclude": "null",
        "output": tmp_path / "run",
        "training.max_steps": 2,
        "training.evaluations": 1,
        "training.batch_size": 2,
        "training.device": "cpu",
    }
    arguments = [part for key, value in small.items() for part in ("--set", f"{key}={value}")]
    path = Path(__file__).resolve().parents[2] / "configs" / "pretrain-embedded-more.yaml"
    result = CliRunner().invoke(cli, ["pretrain", str(path), *arguments])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    assert "2 steps" in result.output


def test_a_shape_beside_a_name_is_refused(tmp_path: Path) -> None:
    given: dict[str, Any] = {"output": str(tmp_path), "data": {"train": "a.jsonl"}, "objective": "masked-words"}
    with pytest.raises(ValidationError, match="has its shape already: leave layers, max_positions out"):
        PretrainConfig.model_validate({**given, "model": {"name": "x", "layers": 2, "max_positions": 99}})
    with pytest.raises(ValidationError, match="for objective: masked-words"):
        PretrainConfig.model_validate({**given, "objective": "denoising", "model": {"name": "x"}})


def test_what_a_training_leaves_out_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"نص {i // 2}", "target": f"هدف {i % 2}", "label": "favor" if i % 4 < 2 else "against"}
        for i in range(200)
    ]
    data = write_jsonl(tmp_path / "train.jsonl", rows)
    config = tmp_path / "config.yaml"
    settings = {"train": str(data), "dev_fraction": 0.1, "test_fraction": 0.1}
    config.write_text(json.dumps({"task": "stance", "data": settings}), encoding="utf-8")
    out = tmp_path / "new" / "out.jsonl"
    write_left_out([str(config), str(out)])
    found = [json.loads(line)["text"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert 20 <= len(found) == len({*found}) <= 38  # 20 dev rows of 180, 20 test rows; some share a text
    assert {*found} < {row["text"] for row in rows}
    settings["train"] = str(tmp_path / "missing.jsonl")
    config.write_text(json.dumps({"task": "stance", "data": settings}), encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        write_left_out([str(config), str(out)])
    assert re.search("^error: .*missing", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "no config .*: expected a YAML file"),
        ("task: stance\n", "expected a config of mujaz train.*found task"),
        ("task: stance\ndata: {trian: x.jsonl}\n", "unknown key 'trian'; did you mean 'train'"),
        ("data: [", "is not valid YAML"),
    ],
)
def test_what_is_no_config_of_a_training(
    config: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    if config is not None:
        file.write_text(config, encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        write_left_out([str(file), str(tmp_path / "out.jsonl")])
    assert re.search(f"^error: [^$]*{said}", capsys.readouterr().err)
