"""light10, the light stemmer for Arabic of Larkey, Ballesteros & Connell, "Light Stemming for Arabic Information Retrieval"
(2007): takes articles and inflection off a word, and nothing that needs a dictionary.

Chosen over the others at hand because it is two short tables over the letters that `mujaz.models.arabic_words` unifies
anyway: ISRI cuts down to roots, so that كتاب and مكتب become one; NLTK's Snowball brings NLTK along; Tashaphyne is GPL.
"""

from __future__ import annotations

from functools import lru_cache

PREFIXES = ("ال", "وال", "بال", "كال", "فال", "لل", "و")
SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")


@lru_cache(maxsize=1 << 16)
def light_stem(word: str) -> str:
    """The stem of a word that `mujaz.models.arabic_words.words` gave; at least two letters stay, three after ``و``."""
    for prefix in PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= (3 if prefix == "و" else 2):
            word = word[len(prefix) :]
            break
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 2:
            word = word[: -len(suffix)]
    return word
