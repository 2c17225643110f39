"""Lines broken at a width, by the standard library's textwrap, become the paragraphs that it was given."""

from __future__ import annotations

import textwrap

import pytest

from mujaz.models.articles import clean_article, read_article
from mujaz.models.wrapping import unwrapped

FIRST = (
    "افتتحت بلدية الميناء صباح اليوم سوق السمك الجديد بعد أعمال بناء استمرت ثلاثة أعوام وكلفت أحد عشر مليون دينار. "
    "ويضم السوق ستين محلا ومخزنا للتبريد ومطعما يطل على البحر، ويعمل فيه مئتا بائع كانوا ينتظرون منذ زمن طويل مكانا "
    "يحميهم من الشمس والمطر."
)
SECOND = (
    "وقال رئيس البلدية إن الإيجارات لن ترتفع قبل خمسة أعوام، وإن الصيادين سيحصلون على عقود مكتوبة للمرة الأولى. وأضاف "
    "أن السوق القديم سيتحول إلى متحف صغير عن تاريخ الصيد في المدينة وعن السفن التي كانت تبنى على شاطئها."
)


@pytest.mark.parametrize("width", [45, 60, 80, 120])
@pytest.mark.parametrize("between", ["\n", "\n\n", "\n \n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_paragraphs_come_back_whole(width: int, between: str, newline: str) -> None:
    wrapped = between.join(textwrap.fill(part, width) for part in (FIRST, SECOND)).replace("\n", newline)
    found = unwrapped(wrapped)
    assert len(found) == len(wrapped)
    assert [" ".join(line.split()) for line in found.splitlines() if line.strip()] == [FIRST, SECOND]


def test_a_headline_above_stays_a_line() -> None:
    wrapped = "سوق جديد للسمك في الميناء\n" + textwrap.fill(FIRST, 60)
    assert unwrapped(wrapped).split("\n")[0] == "سوق جديد للسمك في الميناء"
    assert read_article(wrapped).title == "سوق جديد للسمك في الميناء"


def test_a_printed_page_whose_letters_differ_in_width() -> None:
    words, lines = f"{FIRST} {SECOND}".split(), [""]
    for number, word in enumerate(words):
        if len(lines[-1]) + 1 + len(word) > (60, 66, 57, 63)[len(lines) % 4]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip() if number else word
    assert " ".join(unwrapped("\n".join(lines)).split()) == f"{FIRST} {SECOND}"
    assert unwrapped("\n".join(lines)).count("\n") <= 1


VERSE = """يا دار ليلى على الساحل الشرقي هل سألت
عنا الرياح التي مرت على الوادي البعيد
كنا نعد نجوم الليل حول النار في سمر
ونكتب الأسماء فوق الرمل كي تبقى هنا
واليوم عدنا وقد غطى الغبار وجوهنا الآن
فلم نجد غير صمت البحر والطير الغريب"""


@pytest.mark.parametrize(
    "text",
    [
        VERSE,
        "\n".join(f"{number}. {FIRST[40 * number : 40 * number + 38]}" for number in range(1, 6)),
        "\n".join(f"- {SECOND[40 * number : 40 * number + 40]}" for number in range(5)),
        "\n".join(f"س: {SECOND[40 * number : 40 * number + 40]}" for number in range(5)),
        "الهلال يفوز على النصر بركلات الترجيح في الرياض\nالأهلي يخسر من الاتحاد في الوقت بدل الضائع\n"
        "الشباب يتعادل مع الفتح في الجولة الخامسة أمس\nالوحدة تهزم الرائد وتصعد إلى المركز الرابع",
        FIRST + "\n" + SECOND,  # a paragraph a line
        "\n".join(
            ["أسعار الخضار اليوم في السوق المركزي:"]
            + [
                f"{name}: {number} قرشا للكيلو"
                for number, name in enumerate(["طماطم", "خيار", "بصل", "بطاطا", "جزر"], 40)
            ]
        ),
        "\n".join(
            sentence + "." for sentence in (FIRST + " " + SECOND).replace("،", ".").split(".") if sentence.strip()
        ),
        "\n".join(["يا بحر كم حملت من سفن إلى الغياب", "وكم أعدت من رجال بعد طول عذاب"] * 3).replace("من ", ""),
        textwrap.fill(FIRST, 60).replace("\n", "\n\n"),  # blank lines divide
        "",
    ],
    ids=[
        "verse",
        "numbers",
        "dashes",
        "questions",
        "headlines",
        "paragraphs",
        "list",
        "sentences",
        "poem",
        "blank lines",
        "empty",
    ],
)
def test_other_line_ends_stay(text: str) -> None:
    assert unwrapped(text) == text


def test_an_article_is_cleaned_as_if_it_had_not_been_broken() -> None:
    head, tail = "الميناء - وكالات: ", "\nطباعة"
    wrapped = textwrap.fill(head + FIRST + " " + SECOND, 70) + tail
    assert " ".join(clean_article(wrapped).split()) == clean_article(head + FIRST + " " + SECOND + tail)
