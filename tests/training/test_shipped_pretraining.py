"""The pretraining configs that are shipped: they run, and the models are as large as their names say."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.configs.loading import load_pretrain_config
from mujaz.training import objectives
from mujaz.training.continuing import origin_of
from mujaz.training.scratch import train_wordpiece
from tests.conftest import write_jsonl

ROOT = Path(__file__).resolve().parents[2]
# pretrain-posts goes on with an encoder: tests/training/test_continuing.py.
SHIPPED = [path for path in sorted((ROOT / "configs").glob("pretrain-*.yaml")) if path.stem != "pretrain-posts"]
MILLIONS = {
    "pretrain-5m": (4, 8),
    "pretrain-embedded": (7, 10),
    "pretrain-15m": (12, 19),
    "pretrain-40m": (34, 48),
    "pretrain-summary": (9.5, 10.0),
}


SMALL = {"vocab_size": 200, "hidden_size": 32, "layers": 1, "heads": 2, "intermediate_size": 64}
SHORT = {"sequence_length": 24, "max_positions": 48}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_pretrains(
    path: Path, topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJAZ_DATA", str(tmp_path))
    small: dict[str, object] = {
        **{f"model.{key}": value for key, value in (SMALL | SHORT).items()},
        "data.train": topic_file,
        "data.exclude": "null",
        "output": tmp_path / "run",
        "training.max_steps": 2,
        "training.batch_size": 2,
        "training.device": "cpu",
        "training.compile": "false",  # it takes a minute, and a compiler
    }
    arguments = [part for key, value in small.items() for part in ("--set", f"{key}={value}")]
    result = CliRunner().invoke(cli, ["pretrain", str(path), *arguments])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    assert "2 steps" in result.output
    assert (tmp_path / "run" / "mujaz.json").is_file()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_has_the_size_of_its_name(path: Path, tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    # On the meta device there are no numbers that could be primed.
    overrides = ["data.exclude=null", "model.prime_copying=false"]
    overrides.append(f"data.train={write_jsonl(tmp_path / 'a.jsonl', [{'text': 'نص'}])}")
    config = load_pretrain_config(path, overrides)

    class Vocabulary(PreTrainedTokenizerFast):
        def __len__(self) -> int:
            return config.model.vocab_size

    small = train_wordpiece(["نص"], 20)
    tokenizer = Vocabulary(tokenizer_object=small.backend_tokenizer, pad_token="[PAD]", eos_token="[SEP]")
    with torch.device("meta"):
        size = objectives.objective_of(config, origin_of(config)).new_model(tokenizer).num_parameters() / 1e6
    low, high = MILLIONS[path.stem]
    assert low < size < high
