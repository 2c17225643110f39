"""Tell a sequence-to-sequence model that was only pretrained from one that can summarize: the first writes noise.

A checkpoint with ``mujaz.json`` was trained for its task. Of the others these are known to be raw: a preset that is; a
folder of the hub's cache, or a clone, that bears the name of one; and any T5 whose first word for a text is a sentinel
(``<extra_id_0>``), for that is what its pretraining, and nothing else, teaches. A name in ``config.json`` proves nothing:
fine-tuned models carry that of the raw one they were trained from, so it only makes a note.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedTokenizerBase

from mujaz.errors import CheckpointError, OutputError
from mujaz.models.checkpoint import INFO_FILE
from mujaz.models.conversion_cache import build_once, checkpoint_fingerprint, conversion_folder
from mujaz.models.loading import load_seq2seq
from mujaz.models.presets import PRESETS, Preset, find_preset

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_VERDICT = "verdict.json"
_MOST_SENTINELS = 1000  # T5 and mT5 have 100, UMT5 300
PROBE = "أعلنت البلدية أمس افتتاح حديقة جديدة للأطفال قرب النهر، وقال رئيسها إن العمل فيها استمر عامين."


def raw_preset(name: str, folder: Path) -> Preset | None:
    """The raw preset that a checkpoint is by its name or by its folder's, or None.

    Args:
        name: As the user gave it.
        folder: Where its files lie.
    """
    if (folder / INFO_FILE).is_file():
        return None
    named = find_preset(name)
    if named is not None:
        return named if _is_raw(named) else None
    parts = {part.lower() for part in folder.resolve().parts[-3:]}
    for preset in filter(_is_raw, PRESETS.values()):
        owner, repository = preset.hub_id.lower().split("/")
        if folder.name.lower() == repository or f"models--{owner}--{repository}" in parts:
            return preset
    return None


def refuse_raw(what: str) -> CheckpointError:
    """The error for a raw checkpoint."""
    return CheckpointError(
        f"{what} was pretrained but never fine-tuned: it would write noise. Fine-tune it first with 'mujaz train', or take "
        "'mt5-xlsum'. To have its noise all the same: --force-raw, or allow_raw=True."
    )


def writes_sentinels(folder: Path, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a checkpoint answers a plain sentence with a sentinel: found out once, and kept with the conversions.

    Raises:
        CheckpointError: its weights cannot be loaded.
    """
    if not sentinels(tokenizer):
        return False

    def ask(place: Path) -> None:
        verdict = answers_with_sentinel(load_seq2seq(folder), tokenizer)
        (place / _VERDICT).write_text(json.dumps({"sentinel": verdict}), encoding="utf-8")

    try:
        place = build_once(conversion_folder(checkpoint_fingerprint(folder), "sentinels", {"probe": PROBE}), ask)
        return bool(json.loads((place / _VERDICT).read_text(encoding="utf-8"))["sentinel"])
    except OutputError:  # a cache that cannot be written costs time, and nothing else
        return answers_with_sentinel(load_seq2seq(folder), tokenizer)


def answers_with_sentinel(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the first word that a model would write for a plain sentence is a sentinel of T5's pretraining."""
    sentinel = sentinels(tokenizer)[:1]
    start = getattr(model.config, "decoder_start_token_id", None)
    if not sentinel or start is None:
        return False
    inputs = tokenizer(PROBE, return_tensors="pt")["input_ids"].to(model.device)
    call: Any = model
    with torch.inference_mode():
        logits = call(input_ids=inputs, decoder_input_ids=torch.tensor([[start]], device=model.device)).logits
    return int(logits[0, -1].argmax()) in sentinel


def sentinels(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of ``<extra_id_0>``, ``<extra_id_1>`` and so on; empty where a model has none."""
    backend: Any = getattr(tokenizer, "backend_tokenizer")  # noqa: B009  # asked one by one: all of mT5's take 0.05 GB
    found = (backend.token_to_id(f"<extra_id_{number}>") for number in range(_MOST_SENTINELS))
    return [one for one in found if one is not None]


def origin_note(folder: Path) -> str:
    """What ``config.json`` says of a raw model as origin, where there is no ``mujaz.json`` to say more; else empty."""
    if (folder / INFO_FILE).is_file():
        return ""
    try:
        saved = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_name_or_path") or ""
    except (OSError, ValueError, AttributeError):
        return ""
    preset = find_preset(str(saved))
    if preset is None or not _is_raw(preset):
        return ""
    return f"Its config.json names {preset.hub_id}: if it was never fine-tuned after that, it writes noise."


def _is_raw(preset: Preset) -> bool:
    return preset.kind == "seq2seq" and not preset.fine_tuned
