from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models.arabic_words import words
from mujaz.models.summary_checks import check_summary

SOURCE = (
    "افتتح وزير الصحة خالد العمري أمس مستشفى جديدا في مدينة الزهراء، بتكلفة بلغت 45 مليون دينار. "
    "ويضم المستشفى ثلاثة أقسام للجراحة، وأجهزة من شركة Medix، وقال الوزير إن العمل استمر أربع سنوات."
)


def test_a_good_summary_has_no_problems() -> None:
    found = check_summary("وزير الصحة يفتتح مستشفى الزهراء بتكلفة ٤٥ مليون دينار", SOURCE)
    assert found.problems == ()
    assert found.words == 9
    assert found.length_ratio == 9 / len(words(SOURCE))
    assert found.new_words == ("يفتتح",)
    assert found.loop == ""


def test_length_copying_and_novelty_of_a_copy() -> None:
    found = check_summary(SOURCE, SOURCE)
    assert (found.length_ratio, found.coverage, found.density) == (1.0, 1.0, float(found.words))
    assert found.longest_copy == found.words
    assert found.novel == (0.0, 0.0, 0.0, 0.0)
    assert found.new_words == ()


def test_copying_by_hand() -> None:
    # fragments: "فاز الفريق" (2), "ملعبه" (1); "في القاهرة" is new
    found = check_summary("فاز الفريق في القاهرة على ملعبه", "فاز الفريق مساء أمس على أرض ملعبه")
    assert found.coverage == (2 + 1 + 1) / 6
    assert found.density == (4 + 1 + 1) / 6
    assert found.longest_copy == 2
    assert found.novel == (2 / 6, 4 / 5, 4 / 4, 3 / 3)


def test_numbers_latin_and_words_that_the_source_does_not_have() -> None:
    found = check_summary("افتتاح مستشفى في الروضة بأجهزة Siemens وMedix وكلفة 54 مليونا", SOURCE)
    assert found.new_numbers == ("54",)
    assert found.new_latin == ("siemens",)
    assert "الروضه" in found.new_words
    assert "باجهزه" not in found.new_words  # stands there as أجهزة
    assert found.problems == ("new_numbers", "new_latin")


@pytest.mark.parametrize(
    "word", ["والمستشفى", "للمستشفى", "بمستشفى", "فالمستشفى", "كمستشفى", "مستشفيات", "وبالمستشفى", "سمستشفى"]
)
def test_clitics_and_inflection_make_no_new_word(word: str) -> None:
    assert check_summary(word, SOURCE).new_words == ()


def test_function_words_are_never_new() -> None:
    assert check_summary("لكنّ الذين كانوا هناك فهو وهي لأنه", "نص قصير").new_words == ()


@pytest.mark.parametrize(
    ("summary", "loop"),
    [
        ("قال قال قال الوزير", "قال"),
        ("في مدينة الزهراء في مدينة الزهراء في مدينة الزهراء", "في مدينه الزهراء"),
        ("الالالالالال", "ال"),
        ("جيد جدا جدا", ""),
        ("ذهب أحمد وعاد أحمد ثم ذهب أحمد", ""),
    ],
)
def test_loops(summary: str, loop: str) -> None:
    assert check_summary(summary, SOURCE).loop == loop


def test_repeated_trigrams() -> None:
    assert check_summary("ا ب ج د ا ب ج", "").repeated == 1 / 5
    assert check_summary("ا ب", "").repeated == 0


@pytest.mark.parametrize(
    "sentinel", ["<extra_id_0>", "<extra_id_99>", "<pad>", "</s>", "<s>", "<unk>", "[UNK]", "[SEP]", "⁇"]
)
def test_sentinels(sentinel: str) -> None:
    found = check_summary(f"{sentinel} افتتح وزير الصحة", SOURCE)
    assert found.sentinels == (sentinel,)
    assert found.problems == ("sentinel",)
    assert found.words == 3  # the number in <extra_id_0> is no number of the summary
    alone = check_summary(sentinel, SOURCE)
    assert alone.problems == ("empty", "sentinel")


def test_empty_texts() -> None:
    empty = check_summary(" … ", SOURCE)
    assert empty.problems == ("empty",)
    assert (empty.length_ratio, empty.coverage, empty.density, empty.novel) == (0.0, 0.0, 0.0, (0.0,) * 4)
    assert check_summary("خبر", "").length_ratio == 0
    assert check_summary("خبر", "").novel[0] == 1


@given(st.text(st.sampled_from("ابتهي ولملا 12٣.,<pad>ab\n"), max_size=80), st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_texts_give_shares_between_0_and_1(summary: str, source: str) -> None:
    found = check_summary(summary, source)
    for share in (found.coverage, found.repeated, *found.novel):
        assert 0 <= share <= 1
    assert found.density <= found.words
    assert check_summary(summary, summary).new_numbers == ()


def test_linear_in_texts_of_one_word_over_and_over() -> None:
    found = check_summary("كلمة " * 30_000, "كلمة " * 30_000)
    assert (found.longest_copy, found.loop) == (30_000, "كلمه")


@pytest.mark.parametrize(("said", "flagged"), [("45", ()), ("46", ("46",)), ("٤٥", ())])
def test_a_number_broken_off_at_the_end_is_flagged(said: str, flagged: tuple[str, ...]) -> None:
    assert check_summary(f"بتكلفة بلغت {said}", SOURCE).new_numbers == flagged
    broken = check_summary("ارتفع المؤشر بنسبة 4", "ارتفع المؤشر بنسبة 4.25 في المئة")
    assert broken.new_numbers == ("4",)
    assert broken.problems == ("new_numbers",)
    both = "هبط إلى 4.25 بعد أن ظل عند 4 شهورا"
    assert check_summary("هبط إلى 4", both).new_numbers == ("4",)
    assert check_summary("ظل عند 4", both).new_numbers == ()


@pytest.mark.parametrize(
    ("quoted", "found"),
    [
        ("إن العمل استمر أربع سنوات", ()),
        ("والعمل استمر أربع سنوات", ()),  # another clitic of the first word
        ("العمل استمر سنوات", ("العمل استمر سنوات",)),  # a word is left out
        ("العمل توقف", ("العمل توقف",)),
    ],
)
@pytest.mark.parametrize("marks", ["«»", '""', "“”", "‘’", "''", "‹›"])
def test_quotations_are_word_for_word_in_the_source(quoted: str, found: tuple[str, ...], marks: str) -> None:
    checks = check_summary(f"قال الوزير {marks[0]}{quoted}{marks[1]}", SOURCE)
    assert checks.new_quotes == found
    assert ("new_quotes" in checks.problems) == bool(found)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("«نرفض الأسعار»", "قال «نرفض التأجيل» وأضاف أن السوق لا تقبل الأسعار."),  # words from two places
        ("«نؤجل المعرض»", "قال «لن نؤجل المعرض» أبدا."),
        ("«نية للتأجيل»", "قال إنه «لا نية للتأجيل» هذا العام."),
    ],
)
def test_a_quotation_that_nobody_said(said: str, source: str) -> None:
    assert check_summary(said, source).new_quotes == (said.strip("«»"),)
    assert check_summary(said, f"{source} وقالت: {said}").new_quotes == ()
    assert check_summary("ليست «حكومة وحدة»", "قال إنها ليست حكومة وحدة").new_quotes == ()


def test_an_apostrophe_quotes_nothing() -> None:
    assert check_summary("مجلة l'avenir وفيلم d'azur", "مجلة l'avenir وفيلم d'azur").new_quotes == ()
