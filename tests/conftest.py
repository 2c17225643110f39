"""Shared fixtures: real data where it is at hand, tiny models and tokenizers built on the spot. No test needs a network."""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A slow machine is no failure: no test is timed. What passed once in CI passes again; new examples are sought at home.
settings.register_profile("mujaz", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("mujaz")

# Before any test imports transformers: a test that reaches for the hub must fail at once, not wait for a time-out.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# Conversions of tiny models, out of the cache of whoever runs the tests; the folder goes when the process ends.
_CACHE = tempfile.TemporaryDirectory(prefix="mujaz-tests-")
os.environ["MUJAZ_CACHE"] = _CACHE.name


def pytest_collectstart() -> None:
    """As mujaz does before it imports ctranslate2, which tests may import themselves; the process that only hands tests out
    to others need not wait for it.
    """
    gc.disable()  # a million objects of modules come, and none is garbage
    from mujaz.models.engines.ctranslate2_conversion import keep_products_exact

    keep_products_exact()


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _settled(request: pytest.FixtureRequest) -> None:
    """A training looks for garbage once, and should not among all that was imported; inference sees to itself."""
    gc.unfreeze()
    if request.path.parent.name in ("training", "configs"):
        gc.collect()
        gc.freeze()


ROOT = Path(__file__).resolve().parents[1]

# Two topics that a tiny model can tell apart by their words.
SPORT = [
    "فاز المنتخب في مباراة الكرة",
    "سجل اللاعب هدفا في الدوري",
    "خسر الفريق نهائي البطولة",
    "تعادل الناديان في الملعب",
]
MONEY = [
    "ارتفع سهم البنك في البورصة",
    "انخفض سعر النفط والذهب",
    "زاد الدين العام والتضخم",
    "باعت الشركة حصتها في السوق",
]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real labelled data: ``$MUJAZ_DATA``, or ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data is not at hand: no folder {folder.name!r} (set MUJAZ_DATA)")
    return folder


def write_jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def topic_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 labelled texts of two topics."""
    rows: list[dict[str, object]] = []
    for i in range(8):
        rows += [{"text": f"{text} {'جدا ' * (i % 3)}رقم {i}", "label": "sport"} for text in SPORT]
        rows += [{"text": f"{text} {'أمس ' * (i % 4)}رقم {i}", "label": "money"} for text in MONEY]
    return write_jsonl(tmp_path_factory.mktemp("data") / "topic.jsonl", rows)


@pytest.fixture(scope="session")
def stance_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 texts with targets; the label depends on the target alone, so that a model of the text alone guesses."""
    rows: list[dict[str, object]] = []
    for i in range(16):
        for text in (f"أحب الكرة كثيرا {i}", f"أحب السوق كثيرا {i}"):
            for target in ("الكرة", "السوق"):
                rows.append({"text": text, "target": target, "label": "favor" if target == "الكرة" else "against"})
    return write_jsonl(tmp_path_factory.mktemp("data") / "stance.jsonl", rows)


@pytest.fixture(scope="session")
def summary_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 articles whose summary is their first sentence."""
    rows: list[dict[str, object]] = []
    for i in range(6):
        for first in (*SPORT, *MONEY):
            rows.append(
                {"text": f"{first}. وقال المتحدث إن الأمر مهم. وأضاف في يوم {i} أن الخبر صحيح.", "summary": first}
            )
    return write_jsonl(tmp_path_factory.mktemp("data") / "summary.jsonl", rows)


SCRATCH = {"vocab_size": 200, "hidden_size": 32, "layers": 1, "heads": 2, "intermediate_size": 64, "dropout": 0.0}
TRAINING = {
    "batch_size": 8,
    "learning_rate": 5e-3,
    "epochs": 12,
    "precision": "float32",
    "evaluations": 1,
    "device": "cpu",
}

TinyConfig = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def tiny_config() -> TinyConfig:
    """``tiny_config(task, data, output, **training)``: a config that trains a tiny model from nothing in seconds."""

    def make(task: str, data: Path, output: Path, **training: object) -> dict[str, Any]:
        return {
            "task": task,
            "output": str(output),
            "model": {"scratch": dict(SCRATCH), "max_length": 48, "max_target_length": 16},
            "data": {"train": str(data), "dev_fraction": 0.25, "test_fraction": 0.25},
            "training": {**TRAINING, **training},
            **({"generation": {"num_beams": 2, "max_new_tokens": 12}} if task == "summary" else {}),
        }

    return make


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_config: TinyConfig,
    topic_file: Path,
    stance_file: Path,
    summary_file: Path,
) -> Callable[[str], Path]:
    """``trained("topic")``: a checkpoint of a tiny model, trained once a session."""
    from mujaz.configs.loading import check_config
    from mujaz.training.train import train

    files = {"topic": topic_file, "stance": stance_file, "summary": summary_file}
    made: dict[str, Path] = {}

    def get(task: str) -> Path:
        if task not in made:
            folder = tmp_path_factory.mktemp("trained") / task
            train(check_config(tiny_config(task, files[task], folder), "test"))
            made[task] = folder
        return made[task]

    return get


# Words of the vocabulary of the tiny pretrained encoder; أحمد and احمد differ by the hamza that lower-casing strips.
BERT_WORDS = [
    "أحمد",
    "احمد",
    "فاز",
    "خسر",
    "الفريق",
    "السوق",
    "سهم",
    "في",
    "[رابط]",
    "[بريد]",
    "[مستخدم]",
    "[",
    "]",
    "رابط",
]


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretrained encoder laid out like the hub's Arabic BERTs of old: vocab.txt, config.json, weights, nothing else."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp("hub") / "bert"
    torch.manual_seed(0)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *BERT_WORDS]
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=24,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def mt5_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretrained mT5 laid out like the hub's: spiece.model only, a head of its own, ``tie_word_embeddings: false``."""
    import io

    import sentencepiece
    import torch
    from transformers import MT5Config, MT5ForConditionalGeneration

    folder = tmp_path_factory.mktemp("hub") / "mt5"
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*SPORT, *MONEY] * 4),
        model_writer=buffer,
        vocab_size=90,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    torch.manual_seed(0)
    config = MT5Config(vocab_size=200, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    config.decoder_start_token_id = 0
    model = MT5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(200, 16))
    model.save_pretrained(folder)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings["tie_word_embeddings"] = False
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "spiece.model").write_bytes(buffer.getvalue())
    return folder
