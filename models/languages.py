"""The token by which mBART is told the language of a text: Arabic, where its tokenizer would say English."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedTokenizerBase

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ARABIC = "ar_AR"  # what mBART and mBART-50 call it


def told_arabic(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Let articles and summaries be marked as Arabic, in place, where the checkpoint names no language itself.

    Args:
        tokenizer: Any; most have no languages, and stay as they are.
        folder: Its checkpoint. Where ``tokenizer_config.json`` has a ``src_lang``, that is the one it was trained with.
    """
    if not getattr(tokenizer, "src_lang", None) or ARABIC not in tokenizer.get_vocab() or _named(folder):
        return
    languages: Any = tokenizer
    languages.src_lang = languages.tgt_lang = ARABIC


def _named(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    return path.is_file() and bool(json.loads(path.read_text(encoding="utf-8")).get("src_lang"))


def begin_in_language(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Have a model begin what it writes with the token of Arabic where the summaries that it learns from do; in place.

    mBART-50 writes it first; mBART starts from it.

    Args:
        model: A sequence-to-sequence model.
        tokenizer: Its tokenizer.
    """
    token, around = tokenizer.get_vocab().get(ARABIC), tokenizer("")["input_ids"]
    settings: Any = model.generation_config
    if token is None or token not in around:
        return
    if around[0] == token:
        settings.forced_bos_token_id = token
    else:
        settings.decoder_start_token_id = token
