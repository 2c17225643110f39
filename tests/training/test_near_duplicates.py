from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import pairwise_distances

from mujaz.configs.data_schema import DataConfig
from mujaz.training import near_duplicates
from mujaz.training.data import load_splits
from mujaz.training.near_duplicates import THRESHOLD, NearDuplicates, Pairs, jaccards, word_pairs
from tests.conftest import write_jsonl

WORDS = [f"كلمة{letter}" for letter in "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"]


def jaccard(a: Pairs, b: Pairs) -> float:
    return float(jaccards(a, [b])[0])


def _texts(count: int, seed: int) -> list[str]:
    """Texts of 20 words, each of several followed by copies with more and more words replaced."""
    drawn = random.Random(seed)
    texts: list[str] = []
    while len(texts) < count:
        words = [drawn.choice(WORDS) for _ in range(20)]
        for replaced in range(5):
            copy = list(words)
            for place in drawn.sample(range(20), replaced):
                copy[place] = drawn.choice(WORDS)
            texts.append(" ".join(copy))
    return texts[:count]


def test_the_similarity_is_that_of_scikit_learn() -> None:
    texts = _texts(40, 0)
    padded = [f"أول {text} آخر" for text in texts]
    pairs = CountVectorizer(ngram_range=(2, 2), binary=True, token_pattern=r"\S+").fit_transform(padded).toarray()
    expected = 1 - pairwise_distances(pairs.astype(bool), metric="jaccard")
    sets = word_pairs(texts)
    for a, b in combinations(range(len(texts)), 2):
        assert abs(jaccard(sets[a], sets[b]) - expected[a, b]) < 1e-12


def test_clusters_are_those_that_comparing_all_with_all_gives() -> None:
    texts = _texts(400, 1)
    sets = word_pairs(texts)
    alike = [(a, b) for a, b in combinations(range(len(texts)), 2) if jaccard(sets[a], sets[b]) >= THRESHOLD]
    assert len(alike) > 100
    found = NearDuplicates(texts)
    assert [pair for pair in alike if found.cluster[pair[0]] != found.cluster[pair[1]]] == []
    # And nothing else is joined: as many clusters as the graph of all pairs has components.
    parent = list(range(len(texts)))
    for a, b in alike:
        parent = [parent[a] if root == parent[b] else root for root in parent]
    assert len(set(found.cluster)) == len(set(parent))


def test_marks_and_letter_variants_do_not_count_and_keys_do() -> None:
    texts = ["أعلنَ الوزيرُ عن الخطة الجديدة.", "اعلن الوزير عن الخطه الجديده", "اعلن الوزير عن الخطه الجديده"]
    assert len(set(NearDuplicates(texts).cluster)) == 1
    assert NearDuplicates(texts, ["x", "x", "y"]).cluster == [0, 0, 2]


def test_texts_without_words_are_alone() -> None:
    assert NearDuplicates(["!!", "", "!!"]).cluster == [0, 1, 2]


def test_the_nearest_is_the_most_similar() -> None:
    near = NearDuplicates(["ا ب ت ث ج ح خ د ذ ر ز س", "ا ب ت ث ج ح خ د ذ ر ز ش", "ا ب ت ث ج ح خ د ذ ر ز س", "شيء آخر"])
    assert near.nearest(0, [1, 2, 3]) == (2, 1.0)
    nearest = near.nearest(0, [1, 3])
    assert nearest is not None
    assert nearest[0] == 1
    assert near.nearest(3, [0, 1]) is None


@given(st.lists(st.text(alphabet="ابت ", max_size=12), max_size=12))
def test_the_same_text_is_always_in_the_same_cluster(texts: list[str]) -> None:
    cluster = NearDuplicates([*texts, *texts]).cluster
    sets = word_pairs(texts)
    for index in range(len(texts)):
        if len(sets[index]):
            assert cluster[index] == cluster[index + len(texts)]


def test_the_threshold_itself_is_enough() -> None:
    texts = ["وصل الوفد أمس إلى المدينة", "وصل الوفد أمس إلى الساحل"]  # 4 of 8 pairs in common
    assert jaccard(*word_pairs(texts)) == 0.5
    near = NearDuplicates(texts, threshold=0.5)
    assert near.cluster[0] == near.cluster[1]
    assert near.nearest(0, [1]) == (1, 0.5)
    far = NearDuplicates(texts, threshold=0.51)
    assert far.cluster[0] != far.cluster[1]
    assert far.nearest(0, [1]) is None


def _forecasts(count: int) -> list[str]:
    drawn = random.Random(2)
    return [
        f"نشرة الطقس لمدينة {drawn.choice(WORDS)} درجة الحرارة {drawn.randrange(50)} والرطوبة {drawn.randrange(100)} "
        f"والرياح شمالية خفيفة إلى معتدلة السرعة مع فرصة لهطول الأمطار مساء في ضواحيها القريبة من الساحل خلال الأيام المقبلة"
        for _ in range(count)
    ]


def test_copies_of_a_template_are_linked_without_comparing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def counted(one: Pairs, others: Sequence[Pairs]) -> NDArray[np.float64]:
        nonlocal compared
        compared += len(others)
        return jaccards(one, others)

    monkeypatch.setattr(near_duplicates, "jaccards", counted)
    texts = _forecasts(1500)
    near = NearDuplicates(texts)
    assert set(near.cluster) == {0}
    assert near.crowded == 0  # all are in one cluster: there is nothing to miss
    assert compared < 64 * len(texts)


def test_a_split_says_where_a_pair_may_have_been_missed(tmp_path: Path) -> None:
    drawn = random.Random(4)
    template = [f"{drawn.choice(WORDS)}{drawn.choice(WORDS)}" for _ in range(40)]

    def copy() -> str:
        filled = list(template)
        for place in range(5):
            filled.insert(9 * place + 2, "".join(drawn.choice(WORDS) for _ in range(3)))
        return " ".join(filled)

    texts = [copy() for _ in range(200)]
    near = NearDuplicates(texts)
    assert len(set(near.cluster)) > 150  # mostly too different
    assert 100 < near.crowded <= 200 - near_duplicates.PLACE
    # The first that is not compared with all before it has more of them than a place holds.
    assert NearDuplicates(texts[: near_duplicates.PLACE + 1]).crowded == 0
    rows: list[dict[str, object]] = [{"text": text, "label": "ab"[i % 2]} for i, text in enumerate(texts)]
    data = {"train": str(write_jsonl(tmp_path / "train.jsonl", rows)), "split": {"by": "near_duplicates"}}
    [line] = load_splits(DataConfig.model_validate(data), "topic").warnings
    assert line.startswith(f"data.split: {near.crowded} of 200 texts are copies of templates")
    assert load_splits(DataConfig.model_validate({**data, "split": {}}), "topic").warnings == []
