"""The pretraining configs that are shipped: they run, and the models are as large as their names say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.configs.loading import load_pretrain_config
from mujaz.training.pretrain_size import size_lines
from tests.conftest import write_jsonl

ROOT = Path(__file__).resolve().parents[2]
# pretrain-embedded-more goes on with an encoder: tests/training/test_continuing.py.
SHIPPED = [path for path in sorted((ROOT / "configs").glob("pretrain-*.yaml")) if path.stem != "pretrain-embedded-more"]
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
    overrides = ["data.exclude=null", f"data.train={write_jsonl(tmp_path / 'a.jsonl', [{'text': 'نص'}])}"]
    model = size_lines(load_pretrain_config(path, overrides))[2]
    size = float(model.removeprefix("model: ").partition(" M ")[0])
    low, high = MILLIONS[path.stem]
    assert low < size < high


def test_a_dry_run_tells_the_size(topic_file: Path, tmp_path: Path) -> None:
    """What the job that follows says of itself, as far as it can be known before."""
    settings = {
        **{f"model.{key}": value for key, value in (SMALL | SHORT).items()},
        "model.vocab_size": 150,
        "model.hidden_size": 256,
        "data.train": topic_file,
        "data.exclude": "null",
        "data.held_out": 0.2,
        "output": tmp_path / "run",
        "training.batch_size": 2,
        "training.passes": 1,
        "training.max_steps": "null",
        "training.device": "cpu",
        "training.precision": "float32",
        "training.compile": "false",
    }

    def run(*more: str) -> list[str]:
        arguments = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        result = CliRunner().invoke(cli, ["pretrain", str(ROOT / "configs/pretrain-5m.yaml"), *arguments, *more])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    told = [line.removeprefix("# ") for line in run("--dry-run") if line.startswith("# ")]
    assert not (tmp_path / "run").exists()
    done = run()
    assert told[0] in done
    words = [int(word.replace(",", "")) for word in told[1].split() if word[0].isdigit()]
    texts = [json.loads(line)["text"] for line in topic_file.read_text(encoding="utf-8").splitlines()]
    assert sum(words) == sum(len(text.split()) for text in texts)  # texts without punctuation: a recipe parts no word
    assert words[0] > words[1] > 0
    assert told[2].replace("up to ", "") in done
    least = int(told[3].removeprefix("training: ").partition(" ")[0])
    steps = next(int(line.split()[1]) for line in done if line.startswith("training: "))
    assert 0 < least <= steps <= 5 * least
    settings["training.max_steps"] = 3
    assert "# training: 3 steps of 2 rows of 24 tokens, in float32" in run("--dry-run")
