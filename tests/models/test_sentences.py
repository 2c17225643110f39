"""The sentence splitter: texts marked by hand, single rules, and what must hold for any input."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mujaz.models.sentences import MAX_QUOTE, split_sentences

MARK = "‖"
MARKED = sorted((Path(__file__).parent / "data" / "sentences").glob("*.txt"))


def ours(text: str) -> list[int]:
    return [sentence.end for sentence in split_sentences(text)]


def naive(text: str) -> list[int]:
    return [match.end() for match in re.finditer(r"[.!?؟](?=\s)|\n", text)]


def read_marked(raw: str) -> tuple[str, set[int]]:
    """Strip the boundary marks; return the text and the offset of the first character of each sentence but the first."""
    text = raw.replace(MARK, "").strip()
    ends, so_far = [], 0
    for piece in raw.strip().split(MARK)[:-1]:
        so_far += len(piece)
        ends.append(so_far)
    return text, starts_behind(text, ends)


def starts_behind(text: str, ends: list[int]) -> set[int]:
    starts = {end + len(text[end:]) - len(text[end:].lstrip()) for end in ends}
    return {start for start in starts if 0 < start < len(text)}


def counts(path: Path, splitter: Callable[[str], list[int]]) -> tuple[int, int, int]:
    """Return right, wrong and missed boundaries within lines; line ends are given away by the text itself."""
    text, gold = read_marked(path.read_text(encoding="utf-8"))

    def within_lines(starts: set[int]) -> set[int]:
        return {start for start in starts if "\n" not in text[len(text[:start].rstrip()) : start]}

    gold, found = within_lines(gold), within_lines(starts_behind(text, splitter(text)))
    return len(gold & found), len(found - gold), len(gold - found)


def f1(splitter: Callable[[str], list[int]]) -> float:
    right, wrong, missed = (sum(column) for column in zip(*(counts(path, splitter) for path in MARKED), strict=True))
    return 2 * right / (2 * right + wrong + missed)


def test_at_least_200_boundaries_are_marked_by_hand() -> None:
    assert sum(right + missed for right, _, missed in (counts(path, ours) for path in MARKED)) >= 200


def test_hand_marked_boundaries_are_found_and_far_better_than_by_naive_splitting() -> None:
    assert f1(ours) >= 0.97
    assert f1(ours) > f1(naive) + 0.08


@pytest.mark.parametrize(
    "marked",
    [
        "من أين جاء؟‖ لا أحد يعرف!‖ لكنه وصل.‖",
        "بلغت النسبة 3.14 في المئة.‖ وكانت ٣٫١٤ قبل عام، ثم ٣.٢ في مايو.‖",
        "صدر القرار في 12.5.2024 عند الساعة 10.30 صباحا.‖ ونشر في اليوم التالي.‖",
        "ارتفع السهم 4 .7% إلى 1 .250 درهم .‖وتراجعت البقية .‖",
        "حضر د. سالم وأ.د. ليلى وم. كريم ود. هند.‖ وغاب الآخرون.‖",
        "كتب A. B. Smith ومعه ن. ق. الحاج رسالة.‖ ولم تنشر.‖",
        "تبعد القرية 5 كم. من المدينة، ومساحتها 120 كم. مربع.‖ وعرض الطريق 30 كم.‖ يسكنها ألف.‖",
        "أعلنت شركة Rope Inc. عن أرباحها.‖ وبلغت 12.5 مليون د.ك.‖ وقال المدير إنها 50.25 ج.م. في السنة.‖",
        "ننصح بما يلي: 1. شرب الماء.‖ 2. النوم.‖",
        "انتهت المباراة والنتيجة: 3.‖ وقال المدرب إنها عادلة.‖",
        "راسلونا على ص.ب. 1122 أو عبر info@news.example.com وزوروا www.example.org/a?b=c.‖ نرد خلال يوم.‖",
        "نقلت وكالة د.ب.أ عن شركة إتش.تي.سي وعن «بي. بي» الخبر.‖ ولم تؤكده.‖",
        "بلغ الإنتاج ألف طن سنة 1445 هـ. الموافق 2023 م.‖ وتضاعف بعدها.‖",
        "1. العنوان الأول للفقرة‖\n2. العنوان الثاني للفقرة‖",
        "قال: «انتهينا. لن نعود إلى الوراء. هذا وعد».‖ ثم خرج.‖",
        'قال: "انتهينا. لن نعود إلى الوراء."‖ وخرج مسرعا.‖',
        "قال: “انتهينا. لن نعود”.‖ وخرج مسرعا.‖",
        "سأل: «من أنت؟ ومن أين جئت؟» فلم يجبه أحد.‖ ومضى.‖",
        "عقد اللقاء أمس (انظر الصفحة 3. الجدول الأول) في المقر.‖ وانتهى مساء.‖",
        "وأخيرا ظهر الحل».‖بدورها قالت الشركة إنها راضية.‖",
        "صدر القرار.‖وقال الوزير إنه نهائي؟‖نعم.‖",
        "تأجل السفر؛ لأن الطقس كان سيئا.‖ وعدنا إلى البيت.‖",
        "كان الشارع خاليا تماما؛‖ جلس الرجل وحده ينتظر.‖",
        "وصل الجميع قبل الموعد...‖ لقد كانوا متلهفين.‖ لا.. لم يتأخر أحد.‖",
        "اشترى أقلاما ودفاتر وكتبا... إلخ من المكتبة.‖ ثم عاد.‖",
        "انتهى الشوط الأول بالتعادل..‖ وبدأ الثاني بهدف.‖",
        "عنوان بلا نقطة‖\nالسطر الثاني‖\r\nالسطر الثالث.‖",
        "ولد سنة 1920.[3]‖ وتوفي سنة 1990.[4]‖",
        "ماذا تريد؟!‖ لا شيء!!‖ حسنا.‖",
        "تضم القائمة الكتب؛ والدفاتر؛ والأقلام.‖",
        # with spaces around all marks, as recipes leave them
        "راسلونا على info @ mathal . net / khabar وشكرا .‖ وأعلن المدير ذلك .‖",
        "اختار موقع DW . COM لغة أخرى .‖ ثم عاد .‖",
        "صنعته شركة IBM .‖ iPhone هاتف آخر .‖",
        "بلغ العدد 3500 سنة 2017 .‖ google تعلن ذلك .‖",
        "راسلونا على info @ 360 . net اليوم .‖ شكرا .‖",
        "ارتفعت الأسعار ) .‖ amazon تعلن ذلك .‖",
        'وقد عدنا إلى البيت . "‖\nوأضاف آخر ذلك .‖',
        'فهل عدتم إلى البيت ? " .‖\nلم يجب أحد .‖',
    ],
)
def test_rule(marked: str) -> None:
    text, starts = read_marked(marked)
    assert {sentence.start for sentence in split_sentences(text)} - {0} == starts


def test_closing_marks_stay_with_their_sentence() -> None:
    assert [s.text for s in split_sentences("قالوا: (لا شك في ذلك.) وقال: «نعم.» وانصرف «الجميع»! انتهى")] == [
        "قالوا: (لا شك في ذلك.)",
        "وقال: «نعم.»",
        "وانصرف «الجميع»!",
        "انتهى",
    ]


@pytest.mark.parametrize("mark", ["«", '"', "“", "("])
def test_a_mark_that_is_never_closed_does_not_swallow_the_text(mark: str) -> None:
    text = f"قال {mark}سنعود غدا. " + "وهذه جملة عادية من النص. " * 40
    assert len(split_sentences(text)) == 41


def test_a_very_long_quote_is_cut_inside() -> None:
    quote = "هذه جملة من خطاب طويل. " * (MAX_QUOTE // 20)
    assert len(split_sentences(f"قال: «{quote}».")) > 10


def test_a_quote_does_not_reach_over_a_line_end() -> None:
    assert len(split_sentences("قال: «نعم. لا\nوهذا سطر آخر. وانتهى» الكلام.")) == 4


@pytest.mark.parametrize("text", ["", " \n\t ", "\u00a0\u2003"])
def test_a_text_of_nothing_but_white_space_has_no_sentences(text: str) -> None:
    assert split_sentences(text) == []


@pytest.mark.parametrize("unit", ["ا", "«", '"', ".", "د. ", "[3]", "؟! ", "كلمة؛ لأن ", "\n"])
def test_a_very_long_text_of_one_thing_is_read(unit: str) -> None:
    text = unit * (50_000 // len(unit))
    assert sum(len(s.text.split()) for s in split_sentences(text)) == len(text.split())


def assert_cover(text: str) -> None:
    sentences = split_sentences(text)
    at = 0
    for sentence in sentences:
        assert sentence.text
        assert sentence.text == sentence.text.strip() == text[sentence.start : sentence.end]
        assert not text[at : sentence.start].strip()
        at = sentence.end
    assert not text[at:].strip()


TRICKY = st.text(alphabet="اب و.؟!?…؛;«»“”\"'()[]{}12٣ \n\r\u200f\u064eaZ@/:،-*", max_size=80)


@settings(max_examples=300, deadline=None)
@given(st.one_of(TRICKY, st.text(max_size=60)))
@example(".")
@example("؟»")
@example(".\u200f»[1]. ")
def test_sentences_cover_the_text_in_order_without_overlap(text: str) -> None:
    assert_cover(text)


def test_sentences_cover_real_news(shared_data: Path) -> None:
    rows = pq.read_table(shared_data / "topic" / "sanad" / "dev.parquet", columns=["text"]).slice(0, 200)
    for text in rows.column("text").to_pylist():
        assert_cover(text)
