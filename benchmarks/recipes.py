"""Recipes against arabert 1.0.1, and the recipe inside a saved tokenizer against mujaz, on real news and tweets.

    pip install arabert==1.0.1 emoji==1.4.2
    python benchmarks/recipes.py ../shared/data

Prints, for the recipes that arabert has too: the share of texts with the same result, every class of difference, and
documents per second of both on the same texts in one run on one core (in turns of 50 texts, process time). Then the
seconds that 1,000,000 characters without a space take. Then, for tokenizers built on the spot, the share of texts for
which a plain AutoTokenizer on the raw text gives the ids that mujaz gives.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error")

from mujaz.models import repair
from mujaz.models.recipe_steps import URLS, placeholders
from mujaz.models.recipes import Recipe, get_recipe

# folder -> texts in 5,000: half articles, half headlines and tweets
MIX = {
    **{"topic/sanad": 900, "topic/ant": 500, "summary/saudinewsnet": 500, "plain/arwiki": 300, "stance/unifiedfc": 300},
    **{"topic/asnd": 500, "stance/mawqif": 700, "stance/arabicstancex": 700, "stance/arcovidvac": 600},
}
ORACLES = {
    "arabert": "bert-base-arabertv02",
    "arabert-twitter": "bert-base-arabertv02-twitter",
    "arabert-v01": "bert-base-arabertv01",
}


def load_texts(data: Path, count: int) -> list[str]:
    """Texts spread evenly over each folder of the mix."""
    import pyarrow.parquet as pq

    texts: list[str] = []
    for folder, share in MIX.items():
        rows = [
            t
            for f in sorted((data / folder).glob("*.parquet"))
            for t in pq.read_table(f, columns=["text"])[0].to_pylist()
        ]
        rows = [text for text in rows if text]
        wanted = share * count // 5000
        texts += rows[:: max(1, len(rows) // wanted)][:wanted]
    return texts


def _table(table: dict[str, str]) -> Callable[[str], str]:
    ordinals = {ord(key): value for key, value in table.items()}
    return lambda text: text.translate(ordinals)


def _pairs(text: str) -> str:
    for pair, letter in repair.HAMZA.items():
        text = text.replace(pair, letter)
    return text


_MAIL = re.compile(placeholders(URLS, "u", "m", "@")[0].pattern)
# Class of difference -> what must be done to the raw text so that arabert has nothing to lose there.
CAUSES: dict[str, Callable[[str], str]] = {
    "HTML entities, also escaped twice": repair.unescape,
    "presentation forms (arabert deletes them or takes them apart)": _table(repair.presentation_forms()),
    "invisible marks in words (arabert: a space)": _table(dict.fromkeys(repair.INVISIBLE + "\u200d", "")),
    "Persian-keyboard letters and digits (arabert deletes them)": _table(dict(repair.KEYBOARD)),
    "letters پ چ ژ ڤ گ (arabert deletes them)": _table(dict(repair.FOREIGN)),
    "signs of the Quran, dagger alef (arabert: a space)": _table(dict.fromkeys(repair.TASHKEEL, "")),
    "combining hamza and madda": _pairs,
    "e-mail addresses (arabert: a URL)": lambda text: _MAIL.sub(" [بريد] ", text),
    "a word glued to a mention (arabert: an e-mail, and the word is gone)": lambda text: re.sub(
        r"(?<=[^\sa-zA-Z0-9_.+-])@", " @", text
    ),
    "placeholders without spaces around them": lambda text: text,
}


def explain(raw: str, ours: str, reference: Callable[[str], str]) -> list[str]:
    """The classes of difference between ``ours`` and the reference: those without which the results stay different."""

    def after(causes: list[str]) -> str:
        text = raw
        for cause in causes:
            text = CAUSES[cause](text)
        return _loose(reference(text))

    ours = _loose(ours)
    if after(list(CAUSES)) == ours:
        needed = [one for one in CAUSES if after([other for other in CAUSES if other != one]) != ours]
        return needed or ["spaces around brackets only, or any of several of these"]
    if "<" in repair.unescape(raw):
        return ["text between < and > that is no tag (arabert deletes it)"]
    return ["not explained"]


def _loose(text: str) -> str:
    return "".join(text.split())


def parity(texts: list[str]) -> None:
    """Print share, classes of difference and speed."""
    try:
        from arabert.preprocess import ArabertPreprocessor
    except ImportError:
        print("arabert is not installed: no parity and no speed ratio (pip install arabert==1.0.1 emoji==1.4.2)")
        return
    for name, model in ORACLES.items():
        recipe, reference = get_recipe(name), ArabertPreprocessor(model).preprocess
        recipe("")
        ours: list[str] = []
        theirs: list[str] = []
        seconds: dict[str, float] = dict.fromkeys(("arabert", "mujaz", "counting"), 0.0)
        for start in range(0, len(texts), 50):
            chunk = texts[start : start + 50]
            for who, function, out in (("arabert", reference, theirs), ("mujaz", recipe, ours)):
                begin = time.process_time()
                out += map(function, chunk)
                seconds[who] += time.process_time() - begin
            begin = time.process_time()
            for text in chunk:
                recipe.prepare(text)
            seconds["counting"] += time.process_time() - begin
        rate = {who: len(texts) / spent for who, spent in seconds.items()}
        same = sum(a == b for a, b in zip(ours, theirs, strict=True))
        print(f"\n{name}: {same} of {len(texts)} identical ({same / len(texts):.2%})")
        print(
            f"  documents a second: arabert {rate['arabert']:.0f}, mujaz {rate['mujaz']:.0f} "
            f"({rate['mujaz'] / rate['arabert']:.1f} times), with accounting {rate['counting']:.0f}"
        )
        classes = Counter[str]()
        for raw, a, b in zip(texts, ours, theirs, strict=True):
            if a != b:
                classes.update(explain(raw, a, reference))
        for cause, count in classes.most_common():
            print(f"  {count:5} {cause}")


def long_runs() -> None:
    """Print the time for 1,000,000 characters without a space."""
    runs = {
        "one letter": "ا",
        "words glued": "كتابجديدمن",
        "digits and letters": "م5",
        "punctuation": "!؟",
        "Latin": "ab.c",
    }
    for name in ORACLES:
        recipe = get_recipe(name)
        spent = {}
        for label, piece in runs.items():
            text = piece * (1_000_000 // len(piece))
            begin = time.process_time()
            recipe(text)
            spent[label] = time.process_time() - begin
        print(f"{name}: 1,000,000 characters: " + ", ".join(f"{label} {s:.2f} s" for label, s in spent.items()))


def tokenizers(texts: list[str]) -> None:
    """Print the share of texts for which a plain AutoTokenizer gives mujaz' ids."""
    for name, make in (
        ("arabert", wordpiece),
        ("arabert-v01", wordpiece),
        ("news-folded", wordpiece),
        ("news", unigram),
        ("mt5", unigram),
    ):
        compare(get_recipe(name), make, texts)


def compare(recipe: Recipe, make: Callable[[list[str]], Any], texts: list[str]) -> None:
    """Save a tokenizer with the recipe inside, load it as a server would, and compare ids and speed."""
    from transformers import AutoTokenizer

    from mujaz.models.tokenizer_recipe import attach_recipe, detach_recipe

    tokenizer = make([recipe(text) for text in texts[::4]])
    attach_recipe(tokenizer, recipe)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        plain, bare = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    detach_recipe(bare)
    ways: dict[str, Callable[[str], list[int]]] = {
        "plain tokenizer on raw text": lambda text: plain(text)["input_ids"],
        "recipe, then tokenizer without it": lambda text: bare(recipe(text))["input_ids"],
        "recipe, then tokenizer with it": lambda text: plain(recipe(text))["input_ids"],
    }
    seconds = dict.fromkeys(ways, 0.0)
    ids: dict[str, list[list[int]]] = {way: [] for way in ways}
    for start in range(0, len(texts), 50):
        for way, encode in ways.items():
            begin = time.process_time()
            ids[way] += map(encode, texts[start : start + 50])
            seconds[way] += time.process_time() - begin
    raw, *others = ids.values()
    print(f"\n{recipe.name} in a {type(plain.backend_tokenizer.model).__name__} tokenizer:")
    for way, other in zip(list(ways)[1:], others, strict=True):
        same = sum(a == b for a, b in zip(raw, other, strict=True))
        print(f"  ids of the plain tokenizer = ids of '{way}': {same} of {len(texts)} ({same / len(texts):.2%})")
    print("  documents a second: " + ", ".join(f"{way} {len(texts) / seconds[way]:.0f}" for way in ways))


def wordpiece(prepared: list[str]) -> Any:
    """A tokenizer like AraBERT's, with a small vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import BertTokenizer

    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[رابط]", "[بريد]", "[مستخدم]"]
    backend.train_from_iterator(
        prepared, trainers.WordPieceTrainer(vocab_size=12000, special_tokens=special, show_progress=False)
    )
    return BertTokenizer(vocab=backend.get_vocab(), do_lower_case=False)


def unigram(prepared: list[str]) -> Any:
    """A tokenizer like T5's, made by sentencepiece, with a small vocabulary."""
    import sentencepiece
    from transformers import T5Tokenizer

    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(text[:4000] for text in prepared if text),
            model_prefix=f"{folder}/spiece",
            vocab_size=8000,
            minloglevel=2,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
        )
        return T5Tokenizer.from_pretrained(folder, extra_ids=0)


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the real data")
    parser.add_argument("--texts", type=int, default=5000)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    texts = load_texts(arguments.data, arguments.texts)
    print(f"{len(texts)} texts, {sum(map(len, texts)) / len(texts):.0f} characters on average")
    parity(texts)
    print()
    long_runs()
    tokenizers(texts)


if __name__ == "__main__":
    main()
