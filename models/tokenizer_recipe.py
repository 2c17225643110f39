"""A recipe inside a tokenizer, as its normalizer: a server that knows nothing of mujaz prepares text the same way.

The normalizer is written from the same steps that Python runs, ahead of the tokenizer's own, in the nested form
``Sequence[Sequence[recipe], own]`` by which it is found again. What cannot be said there stands in
:data:`NOT_EXPRESSIBLE`. mujaz itself prepares text in Python, which is faster and complete, and then needs the
tokenizer without the recipe: :func:`detach_recipe`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mujaz.errors import UsageError
from mujaz.models.recipe_engine import merge
from mujaz.models.recipe_steps import Step, escape_class
from mujaz.models.recipes import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Rule -> why a tokenizer of the tokenizers library cannot do it, and what it does instead.
NOT_EXPRESSIBLE: dict[str, str] = {
    "lone surrogates": "the library takes valid Unicode only and raises; Python makes them U+FFFD",
    "html_entities": "no function of the match: the entities of _NAMED are decoded, other names and numbers are not",
    "a second pass": "steps run once: entities in entities, and URLs that appear only after elongation is cut, stay",
    "digit_borders": "no copy of the match into the replacement: some Latin letters glued to such a word stay glued (5مab)",
    "repeated_punctuation": "no copy of the match: only equal neighbours are joined (AraBERT v0.1, v1)",
    "emails, mentions": r"\w in Oniguruma takes combining marks, in Python not: they matter only with tashkeel=False",
    "character tables": "a mark on a replaced letter is lost where the letter's group is under 6 bytes (tashkeel=False)",
    "farasa": "a Java program: such a tokenizer gets no recipe at all and must be given segmented text",
}


def _charsmap(table: dict[str, str]) -> bytes:
    """A table as sentencepiece's compiled map, which a tokenizer applies in one pass over the text."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    protobuf: Any = sentencepiece_model_pb2  # its classes are made at run time
    sentencepiece.set_min_log_level(2)
    normalizer = sentencepiece.SentencePieceNormalizer(norm_map=sorted(table.items()))
    model = protobuf.ModelProto.FromString(normalizer.serialized_model_proto())
    return bytes(model.normalizer_spec.precompiled_charsmap)


def _tables(steps: Sequence[Step]) -> dict[str, str]:
    """Tables that follow one another, as one: what an earlier one puts in, a later one replaces again."""
    merged: dict[str, str] = {}
    for step in steps:
        new = step.table or {}
        merged = {key: "".join(new.get(c, c) for c in value) for key, value in merged.items()}
        merged = {**new, **merged}
    return merged


def _normalizers(steps: Sequence[Step]) -> Iterator[Any]:
    from tokenizers import Regex, normalizers

    waiting: list[Step] = []
    for group in (*merge(steps), []):
        if group and group[0].table is not None:
            waiting += group
            continue
        if waiting:
            table = _tables(waiting)
            deleted = "".join(key for key, value in table.items() if not value)
            kept = {key: value for key, value in table.items() if value}
            if deleted:
                yield normalizers.Replace(Regex(f"[{escape_class(deleted)}]+"), "")
            if kept:
                yield normalizers.Precompiled(_charsmap(kept))
            waiting = []
        for step in group:
            for pattern, into in ((step.pattern, step.into),) if step.pattern else step.inside:
                yield normalizers.Replace(Regex(pattern), into)


def recipe_normalizer(recipe: Recipe) -> Any:
    """The recipe as a ``tokenizers.normalizers.Sequence``."""
    from tokenizers import normalizers

    return normalizers.Sequence(list(_normalizers(recipe.steps)))


def _own(normalizer: dict[str, Any] | None) -> dict[str, Any] | None:
    """The tokenizer's own normalizer, without a recipe that was attached before."""
    if normalizer and normalizer["type"] == "Sequence":
        parts = normalizer["normalizers"]
        if parts and parts[0]["type"] == "Sequence":
            return parts[1] if len(parts) > 1 else None
    return normalizer


def _placeholders(recipe: Recipe) -> set[str]:
    """What the recipe writes for URLs, e-mails and mentions, where a tokenizer would take it apart."""
    written = {step.into.strip() for step in recipe.steps if step.name in ("urls", "emails", "mentions")}
    return {text for text in written if not text.isalnum()}


def attach_recipe(tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> None:
    """Put ``recipe`` before the normalizer of a fast tokenizer, in place. It is saved and loaded with the tokenizer.

    ``[رابط]``, ``[بريد]`` and ``[مستخدم]`` become tokens that are looked for in the prepared text (``normalized``), with
    the ids they have in the vocabulary: ``never_split``, which used to keep them whole, is ignored by transformers 5.

    Args:
        tokenizer: A fast tokenizer; a recipe attached before is replaced.
        recipe: Any but those with Farasa, for which nothing is attached.
    """
    from tokenizers import AddedToken, Tokenizer

    if any(step.name == "farasa" for step in recipe.steps):
        reason = NOT_EXPRESSIBLE["farasa"]
        logging.getLogger(__name__).warning("recipe '%s' cannot live in a tokenizer: %s", recipe.name, reason)
        return
    whole = _placeholders(recipe)
    if _only_the_normalizer(_backend(tokenizer), whole):
        _set_normalizer(tokenizer, _before(recipe, _own(_normalizer_of(_backend(tokenizer)))))
        return
    state = json.loads(_backend(tokenizer).to_str())
    state["normalizer"] = _before(recipe, _own(state["normalizer"]))
    for token in state["added_tokens"]:
        if token["content"] in whole:
            token["normalized"] = True
    backend = Tokenizer.from_str(json.dumps(state))
    known = {token["content"] for token in state["added_tokens"]}
    missing = [text for text in sorted(whole - known) if backend.token_to_id(text) is not None]
    backend.add_tokens([AddedToken(text, normalized=True, special=False) for text in missing])
    _set_backend(tokenizer, backend)


def detach_recipe(tokenizer: PreTrainedTokenizerBase) -> None:
    """Take an attached recipe out again, in place: for text that Python has prepared already."""
    from tokenizers import Tokenizer

    if _only_the_normalizer(_backend(tokenizer), set()):
        _set_normalizer(tokenizer, _own(_normalizer_of(_backend(tokenizer))))
        return
    state = json.loads(_backend(tokenizer).to_str())
    state["normalizer"] = _own(state["normalizer"])
    _set_backend(tokenizer, Tokenizer.from_str(json.dumps(state)))


def _before(recipe: Recipe, own: dict[str, Any] | None) -> dict[str, Any] | None:
    """The recipe in front of the tokenizer's own normalizer, as JSON says it."""
    if not recipe.steps:
        return own
    parts = json.loads(_as_json(recipe_normalizer(recipe)))
    return {"type": "Sequence", "normalizers": [parts, own] if own else [parts]}


def _only_the_normalizer(backend: Any, whole: set[str]) -> bool:
    """Whether no token depends on the normalizer, so that it can be exchanged by itself.

    Writing mT5's 250,000 pieces as JSON and reading them again takes seconds, and more memory than its weights in int8.

    Args:
        backend: A ``tokenizers.Tokenizer``.
        whole: What has to become, or to stay, a token that is looked for in normalized text.
    """
    if any(token.normalized for token in backend.get_added_tokens_decoder().values()):
        return False
    return all(backend.token_to_id(text) is None for text in whole)


def _normalizer_of(backend: Any) -> dict[str, Any] | None:
    return json.loads(_as_json(backend.normalizer)) if backend.normalizer is not None else None


def _set_normalizer(tokenizer: PreTrainedTokenizerBase, state: dict[str, Any] | None) -> None:
    from tokenizers import Tokenizer

    # A normalizer can be read from JSON only as part of a tokenizer, so from one without any pieces.
    empty: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": state,
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    }
    backend = _backend(tokenizer)
    backend.normalizer = Tokenizer.from_str(json.dumps(empty)).normalizer
    _set_backend(tokenizer, backend)


def _backend(tokenizer: PreTrainedTokenizerBase) -> Any:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise UsageError(
            f"a recipe can only live in a fast tokenizer (of the tokenizers library), found {type(tokenizer).__name__}"
        )
    return backend


def _set_backend(tokenizer: PreTrainedTokenizerBase, backend: Any) -> None:
    """Give the tokenizer a new backend, and the one class that loads ``tokenizer.json`` as it stands.

    ``BertTokenizer``, ``T5Tokenizer`` and their like of transformers 5 write their own normalizer over the saved one
    whenever they are loaded. What they know beyond the base class, the names of the model's inputs, is kept.
    """
    from transformers import PreTrainedTokenizerFast

    generic: Any = tokenizer
    generic._tokenizer = backend
    names = list(tokenizer.model_input_names)
    generic.__class__ = PreTrainedTokenizerFast
    generic.model_input_names = names
    generic.init_kwargs["model_input_names"] = names


def _as_json(normalizer: Any) -> str:
    state = normalizer.__getstate__()
    return state.decode() if isinstance(state, bytes) else str(state)
