"""What a stretch must not leave out, around it: each case names the words that do it and those that it is done to."""

from __future__ import annotations

import numpy as np
import pytest

from mujaz.models.arabic_words import words as words_of
from mujaz.models.clauses import (
    ENDS_BEFORE_ARTICLE,
    ENDS_BEFORE_CONDITION,
    ENDS_BEFORE_DENIAL,
    ENDS_IN_TWO_PARTS,
    ENDS_INSIDE,
    NEVER,
    boundaries,
)
from mujaz.models.denials import denied_before, denied_behind, phrase
from mujaz.models.sentences import split_sentences


def _read(text: str) -> tuple[list[list[str]], list[str], np.ndarray]:
    sentences = [one.text.split() for one in split_sentences(text)]
    words = [word for sentence in sentences for word in sentence]
    numbers = np.repeat(np.arange(len(sentences)), [len(one) for one in sentences])
    return [words_of(word)[-1:] for word in words], words, numbers


@pytest.mark.parametrize(
    ("text", "by", "first", "last"),
    [
        ("خبر إغلاق الجسر كاذب كما أكدت البلدية.", "كاذب", "خبر", "الجسر"),
        ("قال الوزير، وهو في زيارة، إن صور الحريق مفبركة.", "مفبركة", "إن", "الحريق"),
        ("ما قيل عن بيع النادي غير صحيح.", "غير صحيح", "ما", "النادي"),
        ("قرار الإقالة لا أساس له.", "لا أساس", "قرار", "الإقالة"),
        ("استقال المدير أمس. لكن الرسالة مزورة وغير صحيحة. وعاد الوفد.", "وغير صحيحة", "استقال", "مزورة"),
        ("تهدم السد في الليل. وأكدت الهيئة أن هذا الخبر عار عن الصحة.", "عار عن", "تهدم", "الخبر"),
        ("ستخفض الشركة الأسعار إذا وافق المجلس.", "إذا", "ستخفض", "الأسعار"),
        ("قال إنه بخير، وستضرب النقابة غدا، ما لم ترتفع الأجور.", "ما لم", "وستضرب", "غدا،"),
        ("ينسحب الفريق في حال تأجلت المباراة، وهي مهمة.", "في حال", "ينسحب", "الفريق"),
        ("كتبت الفنانة أنها اعتزلت، ثم تبين أن الحساب مزيف.", "مزيف", "كتبت", "الحساب"),
        ("بث التنظيم تسجيلا لرهينتين، وقال خبراء إن التسجيل مفبرك.", "مفبرك", "بث", "التسجيل"),
        ("كان من المقرر أن يزور الوزير المدينة اليوم، لكن القصر ألغى الزيارة.", "ألغى", "كان", "القصر"),
        ("يزور الوزير المدينة. إلا أن الرحلة تأجلت شهرا. ثم وصل.", "تأجلت", "يزور", "الرحلة"),
        ("يبدأ البناء شرط أن توافق البلدية.", "شرط أن", "يبدأ", "البناء"),
    ],
)
def test_what_is_taken_back_behind(text: str, by: str, first: str, last: str) -> None:
    own, words, sentences = _read(text)
    found = denied_behind(own, words, sentences)
    places = range(words.index(first), words.index(last) + 1)
    assert {phrase(words, int(found[place])) for place in places} == {by}
    assert {place for place in range(len(words)) if found[place] >= 0} - set(places) <= {words.index(last) + 1}


@pytest.mark.parametrize(
    "text",
    [
        "يبحث الفريق ما إذا كان الطريق آمنا.",
        "ستستمر الأعمال حتى لو هطل المطر.",
        "افتتح الوزير المعرض، وقال إن الشركة ألغت الرسوم.",
        "افتتح الوزير المعرض، لكن زحام الطريق إلى وسط المدينة في ذلك اليوم أرجأ وصوله.",
        "إذا هطل المطر تأجل السباق.",
        "وصل الوفد إلى العاصمة. ثم حكمت المحكمة على رجل ببلاغ كاذب.",
        "انتهى الاجتماع بلا شرط وعاد الجميع.",
    ],
)
def test_what_is_not(text: str) -> None:
    own, words, sentences = _read(text)
    taken = [words[place] for place in np.flatnonzero(denied_behind(own, words, sentences) >= 0)]
    assert all(word in {"ثم", "حكمت", "المحكمة", "على", "رجل", "ببلاغ"} for word in taken)  # "a false report" itself


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("إذا فاز الفريق غدا تأهل إلى النهائي.", "إذا"),
        ("في حال فاز الفريق غدا تأهل إلى النهائي.", "حال"),
        ("تداول ناشطون صورة السد في النهائي.", "تداول"),
        ("وتناقلت صفحات خبر السد في النهائي.", "وتناقلت"),
        ("تصحيح: خسر الفريق في النهائي.", "تصحيح:"),
        ("قال المتهم أمس إن شريكه خسر في النهائي.", "المتهم"),
        ("يبدو أن الفريق خسر في النهائي.", "يبدو"),
        ("ادعاءات خسارة الفريق في النهائي.", "ادعاءات"),
    ],
)
def test_what_is_taken_back_before(text: str, by: str) -> None:
    own, words, sentences = _read(text)
    assert words[denied_before(own, words, sentences)[-1]] == by


@pytest.mark.parametrize("text", ["أغلق تداول الأسهم على ارتفاع كبير.", "طلب الطالب تصحيح ورقته في المدرسة."])
def test_words_that_rumours_and_corrections_share(text: str) -> None:
    own, words, sentences = _read(text)
    assert (denied_before(own, words, sentences) == -1).all()


def test_what_it_costs() -> None:
    text = "خبر إغلاق الجسر كاذب تماما. سيفتح الطريق ما لم تمطر."
    own, words, sentences = _read(text)
    costs = boundaries(words, sentences)
    assert costs.end[words.index("الجسر")] > ENDS_BEFORE_DENIAL > costs.end[words.index("تماما.")]
    assert ENDS_BEFORE_CONDITION < costs.end[words.index("الطريق")] < ENDS_BEFORE_DENIAL
    assert costs.start[words.index("لم")] == NEVER  # "it did not rain"
    assert costs.denied_behind.tolist() == denied_behind(own, words, sentences).tolist()


@pytest.mark.parametrize(
    ("text", "inside", "closes"),
    [
        ("بحث العلاقات بين سلطنة عمان والأردن أمس", "عمان", "والأردن"),
        ("زار كلا من العاصمة والساحل ثم عاد", "العاصمة", "والساحل"),
        ("عليه إما دفع الغرامة أو السجن شهرا", "الغرامة", "السجن"),
    ],
)
def test_two_parts_belong_together(text: str, inside: str, closes: str) -> None:
    words = text.split()
    end = dict(zip(words, boundaries(words, np.zeros(len(words), dtype=np.int64)).end, strict=True))
    assert end[inside] >= ENDS_IN_TWO_PARTS + min(ENDS_INSIDE, ENDS_BEFORE_ARTICLE)
    assert end[closes] <= max(ENDS_INSIDE, ENDS_BEFORE_ARTICLE)
    alone = "بحث العلاقات بين البلدين وسبل التعاون".split()  # noqa: SIM905  # the two of them
    end = dict(zip(alone, boundaries(alone, np.zeros(len(alone), dtype=np.int64)).end, strict=True))
    assert end["البلدين"] == ENDS_INSIDE


@pytest.mark.parametrize("word", ["بن", "أبو", "كل", "غير", "أكثر", "قبالة", "عار"])
def test_words_that_need_another(word: str) -> None:
    words = f"وصل {word} سالم أمس".split()
    assert boundaries(words, np.zeros(4, dtype=np.int64)).end[1] == NEVER
