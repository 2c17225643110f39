"""The models that mujaz knows by name: one table with hub id, recipe, licence and quirks.

Sources: the model cards and repositories named in ``hub_id``; parameter counts are the authors' or were counted by
instantiating the configuration.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from mujaz.errors import CheckpointError

Kind = Literal["encoder", "seq2seq"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A published model and what one has to know to use it well.

    Attributes:
        name: The short name used in configs and on the command line.
        hub_id: Repository on the Hugging Face hub.
        kind: ``encoder`` (topic, stance, extractive summaries) or ``seq2seq`` (summary).
        recipe: Name of the text recipe the model was pretrained with.
        parameters: In millions.
        max_length: Longest input in tokens that the model was trained for.
        licence: As its authors state it.
        lowercase: What ``do_lower_case`` must be. For Arabic, lower-casing also strips hamza and tashkeel, so a wrong
            value silently changes the text.
        fine_tuned: Whether it summarizes as it is; a raw pretrained sequence-to-sequence model emits noise.
        quirk: What goes wrong when it is used without knowing.
    """

    name: str
    hub_id: str
    kind: Kind
    recipe: str
    parameters: int
    max_length: int
    licence: str
    lowercase: bool = False
    fine_tuned: bool = False
    quirk: str = ""


_AUB = "AUB agreement (share-alike, see its card)"

_TABLE = (
    Preset("arabert", "aubmindlab/bert-base-arabertv02", "encoder", "arabert", 135, 512, _AUB),
    Preset("arabert-large", "aubmindlab/bert-large-arabertv02", "encoder", "arabert", 369, 512, _AUB),
    Preset(
        "arabert-twitter",
        "aubmindlab/bert-base-arabertv02-twitter",
        "encoder",
        "arabert-twitter",
        135,
        512,
        _AUB,
        quirk="emoji kept; last pretrained at length 64",
    ),
    Preset(
        "camelbert",
        "CAMeL-Lab/bert-base-arabic-camelbert-mix",
        "encoder",
        "camelbert",
        109,
        512,
        "Apache-2.0",
        quirk="model_max_length is 1e30: truncates nothing by itself",
    ),
    Preset(
        "marbert",
        "UBC-NLP/MARBERTv2",
        "encoder",
        "marbert",
        163,
        512,
        "not stated",
        lowercase=True,
        quirk="strips hamza and tashkeel; model_max_length is 1e30",
    ),
    Preset(
        "arbert", "UBC-NLP/ARBERTv2", "encoder", "arbert", 163, 512, "not stated", quirk="tokenizer files not verified"
    ),
    Preset(
        "arat5",
        "UBC-NLP/AraT5v2-base-1024",
        "seq2seq",
        "arat5",
        368,
        1024,
        "not stated",
        quirk="untied head: never re-tie; fine-tune before use",
    ),
    Preset(
        "arabart",
        "moussaKam/AraBART",
        "seq2seq",
        "arabart",
        139,
        1024,
        "Apache-2.0",
        quirk="MBart architecture, Barthez tokenizer; fine-tune before use",
    ),
    Preset(
        "mt5-small",
        "google/mt5-small",
        "seq2seq",
        "mt5",
        300,
        512,
        "Apache-2.0",
        quirk="float16 gives NaN; untied head; spiece.model only; fine-tune before use",
    ),
    Preset(
        "mt5-base",
        "google/mt5-base",
        "seq2seq",
        "mt5",
        582,
        512,
        "Apache-2.0",
        quirk="float16 gives NaN; untied head; spiece.model only; fine-tune before use",
    ),
    Preset(
        "mt5-xlsum",
        "csebuetnlp/mT5_multilingual_XLSum",
        "seq2seq",
        "mt5",
        582,
        512,
        "CC BY-NC-SA 4.0",
        fine_tuned=True,
        quirk="float16 gives NaN; non-commercial",
    ),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _TABLE})
_BY_HUB_ID = {preset.hub_id.lower(): preset for preset in _TABLE}


def find_preset(name: str) -> Preset | None:
    """The preset of a short name or of a hub id, or None where it is neither."""
    return PRESETS.get(name) or _BY_HUB_ID.get(name.lower())


def unknown_model(name: str, embedded: tuple[str, ...]) -> CheckpointError:
    """The error for a name that is no preset, no folder, no hub id and no embedded model."""
    close = difflib.get_close_matches(name, [*PRESETS, *embedded], n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return CheckpointError(
        f"no model '{name}': expected a folder that exists, a hub id (owner/name), an embedded model "
        f"({', '.join(embedded) or 'none'}) or a preset ({', '.join(PRESETS)}).{hint}"
    )
