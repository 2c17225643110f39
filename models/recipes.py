"""Text recipes: what happens to Arabic text before the tokenizer, as versioned data plus ordered steps.

Example:
    >>> from mujaz.models.recipes import get_recipe
    >>> get_recipe("arabert")("عام ١٩٩٥ و2020م")
    'عام 1995 و 2020 م'

Every recipe begins with the repair that loses nothing and goes on with what the model was pretrained on. The order of
steps within a recipe is part of it. A recipe's ``version`` goes up when its steps change on purpose; the fingerprint
tells when they changed at all.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mujaz.errors import DataError, RecipeMismatchError, UsageError
from mujaz.models import arabert_steps as a
from mujaz.models import farasa
from mujaz.models import recipe_steps as s
from mujaz.models.recipe_engine import Changes, Prepared, Program, Tally, program
from mujaz.models.recipe_probes import PROBES

__all__ = ["RECIPES", "Changes", "Entry", "Prepared", "Recipe", "Tally", "get_recipe", "recipe_from_json"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table.

    Attributes:
        version: Goes up with every intended change of the steps.
        description: Which models it is for.
        source: Where it was read what the model was pretrained on.
        steps: In order.
    """

    version: int
    description: str
    source: str
    steps: tuple[s.Step, ...]


_ARABIC = s.placeholders(s.URLS, " [رابط] ", " [بريد] ", " [مستخدم] ")
_ARABIC_V1 = s.placeholders(s.URLS_V1, "[رابط]", "[بريد]", "[مستخدم]")
_UPPER = s.placeholders(s.URLS, " URL ", "", " USER ")
_ANGLED = s.placeholders(s.URLS, " <URL> ", "", " <USER> ")

# Keyboard letters are mapped in all models that know only Arabic; mT5's vocabulary has Persian and Urdu. Letters with a
# sound of their own are mapped for AraBERT alone, whose list of characters is published and has none of them.
_CODES = (s.UNESCAPE, s.PRESENTATION, s.INVISIBLE)
_PAIRS = (s.HAMZA, s.JOINER)
_MARKS = (s.TASHKEEL, s.TATWEEL)
_MULTILINGUAL = (*_CODES, *_PAIRS)
_REPAIR = (*_CODES, s.KEYBOARD, *_PAIRS)
_REPAIR_MARKS = (*_CODES, s.KEYBOARD, *_MARKS, *_PAIRS)

_V2 = (*_CODES, a.JOINERS, s.KEYBOARD, s.FOREIGN, *_MARKS, s.DIGITS, s.HAMZA, *_ARABIC, s.TAGS, s.ELONGATION)
_ARABERT = (*_V2, a.SPACED, a.REJECTED, s.BORDERS, s.SPACES)
_TWITTER = (*_V2, a.SPACED, a.SPACED_EMOJI, a.REJECTED_BUT_EMOJI, s.BORDERS, s.SPACES)
_V1 = (
    *(*_CODES, a.JOINERS, s.KEYBOARD, s.FOREIGN, *_MARKS, s.HAMZA, a.DATES, a.QUOTES, *_ARABIC_V1, a.ELLIPSIS),
    *(a.UNIQUE, *a.BRACKETS, s.ELONGATION, a.APART, s.SPACES),
)
_FARASA_V1 = s.Step(name="farasa", call=farasa.segment_v1, local=False)
_FARASA_V2 = s.Step(name="farasa", call=farasa.segment_v2, local=False)
_NEWS = (*_CODES, s.KEYBOARD, *_MARKS, s.DIGITS, *_PAIRS, *_ARABIC, s.TAGS)

_V2_SOURCE = "arabert 1.0.1, preprocess.py, _preprocess_v2"
_V1_SOURCE = "arabert 1.0.1, preprocess.py, _preprocess_v1"
_UBC_SOURCE = (
    "ARBERT & MARBERT paper (ACL 2021), from memory, not checked: diacritics removed, URL and USER put in; "
    "hashtags stay text here"
)

RECIPES: dict[str, Entry] = {
    "none": Entry(1, "text as it is; only lone surrogates, which no tokenizer takes, are set right", "", ()),
    "news": Entry(
        *(1, "mujaz' own, for models trained from nothing: letters, emoji and punctuation stay", ""),
        (*_NEWS, s.SPACES),
    ),
    "news-folded": Entry(
        *(1, "as 'news', letter variants folded (أإآٱ, ى, ة) and elongation cut", ""),
        (*_NEWS, s.FOLD, s.ELONGATION, s.SPACES),
    ),
    "arabert": Entry(1, "AraBERT v0.2, base and large; AraELECTRA, AraGPT2", _V2_SOURCE, _ARABERT),
    "arabert-twitter": Entry(1, "AraBERT v0.2 twitter: as 'arabert', emoji kept", _V2_SOURCE, _TWITTER),
    "arabert-v01": Entry(1, "AraBERT v0.1", _V1_SOURCE, _V1),
    "arabert-v1": Entry(1, "AraBERT v1, Farasa segmentation (extra)", _V1_SOURCE, (*_V1[:-1], _FARASA_V1, s.SPACES)),
    "arabert-v2": Entry(1, "AraBERT v2, Farasa segmentation (extra)", _V2_SOURCE, (*_ARABERT, _FARASA_V2)),
    "camelbert": Entry(
        1, "CAMeLBERT mix, msa, da, ca", "CAMeLBERT README: diacritics and kashida removed", (*_REPAIR_MARKS, s.SPACES)
    ),
    "marbert": Entry(1, "MARBERT, MARBERTv2", _UBC_SOURCE, (*_REPAIR_MARKS, *_UPPER, s.SPACES)),
    "arbert": Entry(1, "ARBERT, ARBERTv2", _UBC_SOURCE, (*_REPAIR_MARKS, *_UPPER, s.SPACES)),
    "arat5": Entry(
        *(
            1,
            "AraT5, AraT5v2",
            "AraT5 paper (ACL 2022), from memory, not checked: diacritics, HTML, elongation removed, <URL>, <USER> put in",
        ),
        (*_REPAIR_MARKS, s.TAGS, *_ANGLED, s.ELONGATION, s.SPACES),
    ),
    "arabart": Entry(1, "AraBART", "nothing published was found: repair only", (*_REPAIR, s.SPACES)),
    "mt5": Entry(
        1, "mT5 and other multilingual models", "mT5 was trained on text as it is", (*_MULTILINGUAL, s.SPACES)
    ),
}


@dataclass(frozen=True)
class Recipe:
    """A preparation of text. Get one from :func:`get_recipe`; call it with a text to get the prepared text.

    Applying it twice gives the same as applying it once, but for the two recipes with Farasa.

    Attributes:
        name: In the table.
        version: Of the table's entry.
        options: Name of a step to ``False``: that step is left out.
    """

    name: str
    version: int
    options: Mapping[str, bool | int | str] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[s.Step, ...]:
        """The ordered steps, less those that the options leave out."""
        return tuple(step for step in RECIPES[self.name].steps if self.options.get(step.name, True))

    @cached_property
    def local(self) -> bool:
        """Whether the beginning of a text can be prepared by itself; see :func:`mujaz.models.beginnings.beginning`."""
        return all(step.local for step in self.steps)

    @cached_property
    def _program(self) -> Program:
        return program(self.steps)

    def __call__(self, text: str) -> str:
        """Prepare one text.

        Raises:
            DataError: ``text`` is not a string: a missing cell is never turned into the text "None" or "nan".
        """
        if not isinstance(text, str):
            raise _no_text(text)
        return self._program.run(text)

    def prepare(self, text: str) -> Prepared:
        """Prepare one text and count what was done to it.

        Raises:
            DataError: ``text`` is not a string.
        """
        if not isinstance(text, str):
            raise _no_text(text)
        return self._program.prepare(text)

    @cached_property
    def fingerprint(self) -> str:
        """Short hash of what the recipe does to a fixed list of texts: another one means another behaviour."""
        prepared = "\n".join(map(self, PROBES))
        return hashlib.sha256(prepared.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """What stands in ``mujaz.json``."""
        own = {"name": self.name, "version": self.version, "options": dict(self.options)}
        return own | {"fingerprint": self.fingerprint}


def _no_text(value: object) -> DataError:
    return DataError(
        f"expected a text, found {value!r} ({type(value).__name__}). A missing text is not the word 'None' or 'nan': "
        "skip the record, or give an empty text."
    )


def _suggest(name: str, known: Mapping[str, object] | set[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def get_recipe(name: str, **options: bool | int | str) -> Recipe:
    """Look up a recipe by name.

    Args:
        name: A name in :data:`RECIPES`.
        **options: ``STEP=False`` leaves that step out, for example ``tashkeel=False``.

    Raises:
        UsageError: No recipe has this name, or the recipe has no such step.
    """
    if name not in RECIPES:
        raise UsageError(f"Unknown recipe '{name}'.{_suggest(name, RECIPES)} Known recipes: {', '.join(RECIPES)}.")
    known = dict.fromkeys(step.name for step in RECIPES[name].steps)
    for option, value in options.items():
        if option not in known:
            raise UsageError(
                f"Recipe '{name}' has no step '{option}'.{_suggest(option, known)} Its steps: {', '.join(known) or 'none'}."
            )
        if not isinstance(value, bool):
            raise UsageError(f"Option '{option}' of recipe '{name}': expected true or false, found {value!r}.")
    # A step that stays in is no option: two ways to write the same recipe would look like two recipes.
    left_out = {option: value for option, value in sorted(options.items()) if not value}
    return Recipe(name, RECIPES[name].version, left_out)


def recipe_from_json(data: Mapping[str, Any], *, allow_mismatch: bool = False) -> Recipe:
    """The recipe that a checkpoint's ``mujaz.json`` describes, as this version of mujaz has it.

    Args:
        data: What :meth:`Recipe.to_json` gave when the checkpoint was saved.
        allow_mismatch: Take this version's recipe of that name even where it behaves differently.

    Raises:
        RecipeMismatchError: This version has no such recipe, or one that behaves differently; says what differs.
    """
    try:
        recipe = get_recipe(str(data.get("name")), **dict(data.get("options") or {}))
    except UsageError as error:
        raise RecipeMismatchError(
            f"The checkpoint's text recipe is not known to this version of mujaz. {error} "
            "Use the version of mujaz that the checkpoint was saved with."
        ) from error
    own = recipe.to_json()
    differing = [key for key in own if data.get(key) != own[key]]
    wrong = [f"{key}: the checkpoint has {data.get(key)!r}, this version {own[key]!r}" for key in differing]
    if wrong and not allow_mismatch:
        raise RecipeMismatchError(
            f"The checkpoint was made with a text recipe '{recipe.name}' that behaves differently from the one this "
            f"version of mujaz has, so the model would meet text it was not trained on. {'; '.join(wrong)}. "
            "Use the version of mujaz that the checkpoint was saved with, or ignore the mismatch on purpose."
        )
    return recipe
