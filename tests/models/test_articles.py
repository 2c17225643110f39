"""The article reader: what it takes off, what it must leave alone, and what must hold for any input."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models.articles import clean_article, find_parts, read_article

ROOT = Path(__file__).resolve().parents[2]
BODY = "افتتحت البلدية أمس حديقة جديدة في الحي الشرقي بعد عامين من العمل. وتضم الحديقة ملاعب ومسارات للمشي."
HEADLINE = "حديقة جديدة في الحي الشرقي من المدينة"


def test_the_example_article_is_taken_apart() -> None:
    article = read_article((ROOT / "examples" / "article.txt").read_text(encoding="utf-8"))
    assert article.title == "أسهم البنوك تقود بورصة الساحل إلى أعلى مستوى منذ ثلاث سنوات"
    assert article.dateline == "دبي - «وكالات»"
    assert article.byline == "كتب: سامر الحداد"
    assert article.body.startswith("أغلقت بورصة الساحل")
    assert article.body.endswith("قبل نهاية العام.")
    assert len(article.leftovers) == 4


@pytest.mark.parametrize(
    "line",
    [
        "طباعة",
        "  طباعة  ",
        "شارك | فيسبوك | تويتر | واتساب",
        "نسخة للطباعة أرسل إلى صديق".removeprefix("نسخة "),
        "Facebook Twitter WhatsApp",
        "حجم الخط + -",
        "اقرأ أيضا: البلدية تعلن موعد الافتتاح",
        "إقرأ أيضاً",
        "مواضيع ذات صلة:",
        "الأكثر قراءة",
        "قد يعجبك أيضا",
        "جميع الحقوق محفوظة لصحيفة المدينة 2021",
        "© 2020 صحيفة المدينة",
        "Copyright 2020 Example News",
        "الكلمات المفتاحية: حديقة، بلدية",
        "تابعونا على تويتر",
        "اشترك في نشرتنا البريدية",
        "المصدر: وكالات",
        "reporter@news.example.com",
        "تويتر: @reporter",
        "https://news.example.com/a/1",
        "// انتهى //",
        "16:37 ت م",
        "(رويترز)",
        "* خدمة «الصحيفة الأجنبية»",
        "لا توجد تعليقات",
        "...المزيد",
        "إعلان",
        "آخر تحديث: 12/05/2021 10:30",
        "منذ 3 ساعات",
        "10:35 | 3 مارس 2024",
        "نستخدم ملفات تعريف الارتباط لتحسين تجربتك",
        "هذا الموقع يستخدم ملفات تعريف الارتباط (الكوكيز). موافق",
        "الرئيسية > أخبار > اقتصاد",
        "الصفحة الرئيسية » محليات",
        "صورة أرشيفية",
        "(صورة: رويترز)",
        "A+ A-",
        "(إعداد سالم حسن للنشرة - تحرير هند منصور)",
        "تم النشر في: 12 مايو 2021",
        "الرابط المختصر: https://news.example/abc",
        "عدد المشاهدات: 345",
        "التعليقات مغلقة",
    ],
)
def test_a_line_that_is_nothing_but_a_leftover_goes(line: str) -> None:
    assert clean_article(f"{BODY}\n{line}\n{BODY}") == f"{BODY}\n{BODY}"
    assert read_article(f"{BODY}\n{line}").leftovers == (line.strip().strip("* "),)


@pytest.mark.parametrize(
    "line",
    [
        "قال مدير المطبعة إن طباعة الكتاب تأخرت أسبوعا.",
        "شارك في الندوة عشرون باحثا من تسع دول.",
        "وأكد المحامي أن جميع الحقوق محفوظة للورثة بموجب العقد.",
        "وكان كتابه الأكثر قراءة في المكتبات العامة خلال الصيف.",
        "اقرأ أيضا : وقد نقلت الصحف عن الوزير قوله إن الأمر انتهى.",
        "وناقش المشاركون مواضيع متعلقة بالبيئة والمياه.",
        "نشرت الوزارة بيانا من 12 صفحة.",
        "تويتر",
        "إعلان الاستقلال وثيقة تاريخية",
        "المصدر: يعني النهر الذي تستقي منه القرى الواقعة شرقي السد وشماله كله",
    ],
)
def test_a_line_that_only_looks_like_a_leftover_stays(line: str) -> None:
    text = f"{BODY}\n{line}\n{BODY}"
    assert clean_article(text) == text
    assert find_parts(f"{BODY} {line}") == []


@pytest.mark.parametrize(
    ("head", "dateline", "byline"),
    [
        ("دبي - «الخليج»: ", "دبي - «الخليج»", None),
        ("دبي:«الخليج» ", "دبي:«الخليج»", None),
        ("القاهرة (رويترز) - ", "القاهرة (رويترز)", None),
        ("الكويت – (كونا) -- ", "الكويت – (كونا)", None),
        ("تونس 11 ديسمبر 2016 (وات) - ", "تونس 11 ديسمبر 2016 (وات)", None),
        ("عمّان: ", "عمّان", None),
        ("بيروت - ", "بيروت", None),
        ("واس- الرياض: ", "واس- الرياض", None),
        ("(وام) ", "(وام)", None),
        ("(د ب أ) – ", "(د ب أ)", None),
        ("[رويترز] ", "[رويترز]", None),
        ("د ب أ/ ", "د ب أ", None),
        ("أ.ف.ب. - ", "أ.ف.ب.", None),
        ("أ ف ب/ باريس/ ", "أ ف ب/ باريس", None),
        ("باريس/ أ ف ب/ ", "باريس/ أ ف ب", None),
        ("عمان/ 5 مايو/ بترا/ ", "عمان/ 5 مايو/ بترا", None),
        ("سونا - ", "سونا", None),
        ("أبوظبي: مهند الرملي ", "أبوظبي", "مهند الرملي"),
        ("الشارقة: هدى عبد الله سالم ", "الشارقة", "هدى عبد الله سالم"),
        ("دبي: لمى الخطيب: ", "دبي", "لمى الخطيب"),
        ("دبي، الإمارات العربية المتحدة، 18 نوفمبر 2025\n", "دبي، الإمارات العربية المتحدة، 18 نوفمبر 2025", None),
        ("دبي، الإمارات العربية المتحدة، 18 نوفمبر 2025 – ", "دبي، الإمارات العربية المتحدة، 18 نوفمبر 2025", None),
        ("أجرى الحوار: كريم منصور\n", None, "أجرى الحوار: كريم منصور"),
        ("القاهرة (نور برس) – ", "القاهرة (نور برس)", None),
        ("وادي الصفا (رويترز) - ", "وادي الصفا (رويترز)", None),
        ("(وكالة أمواج نيوز) - ", "(وكالة أمواج نيوز)", None),
        ("الشارقة - سالم النجار: ", "الشارقة", "سالم النجار"),
        ("ناصر الجابري- سبق- الطائف: ", "سبق- الطائف", "ناصر الجابري"),
        (
            "الرياض 25 شوال 1436 هـ الموافق 10 أغسطس 2015 م واس\n",
            "الرياض 25 شوال 1436 هـ الموافق 10 أغسطس 2015 م واس",
            None,
        ),
        ("مها الزين – جدة\n", "جدة", "مها الزين"),
        ("بقلم: هادي الرملي\n", None, "بقلم: هادي الرملي"),
        ("الأحد 12 مايو 2019 - 10:30 مساء\n", "الأحد 12 مايو 2019 - 10:30 مساء", None),
        ("باريس - أ ف ب\nكتبت: لمى الخطيب\n", "باريس - أ ف ب", "كتبت: لمى الخطيب"),
    ],
)
def test_dateline_and_byline_are_read_and_taken_off(head: str, dateline: str | None, byline: str | None) -> None:
    article = read_article(head + BODY)
    assert (article.dateline, article.byline, article.title, article.body) == (dateline, byline, None, BODY)
    assert clean_article(head + BODY) == BODY


@pytest.mark.parametrize(
    "text",
    [
        "قال مصدر في القاهرة: لن نقبل بالاتفاق. وأضاف أن المفاوضات مستمرة.",
        "دبي تستضيف المعرض الدولي في مارس المقبل. ويستمر أسبوعا.",
        "الرياض - جدة رحلة تستغرق ساعة ونصف الساعة بالطائرة. وتكلف القليل.",
        "وصل الوفد إلى بيروت - العاصمة اللبنانية - مساء أمس. واستقبله الوزير.",
        "«رويترز» تنقل عن مصدر في الوزارة أن الاجتماع تأجل أسبوعا. ولم يحدد موعد آخر.",
        "الخليج - كما يراه البحارة - واسع وهادئ في هذا الفصل. ويعود إليه الصيادون كل عام.",
        "قنا - مدينة في صعيد مصر - تستقبل الزوار في الشتاء. ويأتيها كثيرون من القاهرة.",
        "رويترز وكالة قديمة / حديثة في الوقت نفسه كما يقول مديرها. ويعمل فيها كثيرون.",
        "نقلت صحيفة (المدى برس) - وهي محلية - أن الجسر أغلق. ولم تذكر السبب.",
        "أطلقت شركة (زين نت) - وهي من أكبر الشركات - خدمة جديدة للمشتركين. وتبدأ غدا.",
        "لاعب الوسط (نجم الفريق) - كما قال مدربه - سيغيب شهرا. وعاد آخرون.",
        "10 مايو\nهو اليوم الثلاثون بعد المئة من السنة البسيطة. وفيه أحداث كثيرة.",
        BODY,
        f"{BODY}\n\n{BODY}",
    ],
)
def test_an_article_in_which_nothing_is_recognised_comes_back_as_it_was(text: str) -> None:
    assert clean_article(f"\n{text} \n") == text
    assert read_article(text).body == text


def test_a_page_is_taken_apart_by_its_blocks() -> None:
    page = (
        f"<h1>{HEADLINE}</h1><div class='d'>عمان - (بترا)</div><script>if (a < b) location = 1</script>"
        f"<p>{BODY} &laquo;نعم&raquo; &amp; 3 < 5.<br/></p>طباعة"
    )
    article = read_article(page)
    assert (article.title, article.dateline, article.leftovers) == (HEADLINE, "عمان - (بترا)", ("طباعة",))
    assert article.body == f"{BODY} «نعم» & 3 < 5."
    assert clean_article(page).split("\n") == [HEADLINE, "", f"{BODY} «نعم» & 3 < 5."]


def test_a_title_is_recognised_and_stays_in_the_cleaned_text() -> None:
    text = f"{HEADLINE}\nعمان - (بترا)\n\n{BODY}\nطباعة"
    article = read_article(text)
    assert (article.title, article.dateline, article.body) == (HEADLINE, "عمان - (بترا)", BODY)
    assert clean_article(text) == f"{HEADLINE}\n{BODY}"


@pytest.mark.parametrize("first", ["وزير البيئة", "وصل الوزير إلى المدينة صباح اليوم.", "كلمة " * 60])
def test_a_caption_a_sentence_and_a_long_line_are_no_title(first: str) -> None:
    assert read_article(f"{first}\n{BODY}").title is None


def test_the_tail_of_a_page_flattened_into_one_line_goes() -> None:
    tail = " أخبار ذات صلة الأكثر قراءة جميع الحقوق محفوظة لموقع المدينة 2018"
    assert clean_article(BODY + tail) == BODY
    assert clean_article(BODY + " (أ.ف.ب)") == BODY
    assert clean_article(BODY + " المصدر: رويترز") == BODY
    assert clean_article(BODY + " سالم النجارsalem@news.example") == BODY + " سالم النجار"
    assert clean_article(BODY + " (أ.ف.ب) جميع الحقوق محفوظة 2019") == BODY


@pytest.mark.parametrize("text", ["طباعة", "شارك\nفيسبوك تويتر\nجميع الحقوق محفوظة 2020\n", ""])
def test_only_an_article_of_nothing_but_leftovers_becomes_empty(text: str) -> None:
    assert clean_article(text) == ""
    assert read_article(text).body == ""


@pytest.mark.parametrize("text", ["القاهرة - رويترز", "كتب: سامي الحسن", "دبي:", HEADLINE, "القاهرة - رويترز\nطباعة"])
def test_a_head_without_a_body_is_the_body(text: str) -> None:
    assert read_article(text).body == text.removesuffix("\nطباعة")


LINES = st.lists(
    st.sampled_from(
        [BODY, HEADLINE, "دبي - «الخليج»:", "دبي: ", "كتب: سامي الحسن", "طباعة", "شارك | تويتر", "(وام)", "", " ", "\u200f",
         "جميع الحقوق محفوظة", "اقرأ أيضا:", "المصدر: وام", "12 مايو 2020", "نص", "أخبار ذات صلة", "x@y.example"]
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(LINES.map("\n".join), LINES.map(" ".join), st.text(max_size=60)))
def test_parts_stand_in_order_and_cleaning_only_takes_away(text: str) -> None:
    parts = find_parts(text)
    at = 0
    for part in parts:
        assert at <= part.start < part.end <= len(text)
        assert part.text in text[part.start : part.end]
        at = part.end
    left = iter(text)
    assert all(char in left for char in clean_article(text))  # a subsequence of the text
    if all(part.kind in ("title", "dateline", "byline") for part in parts):
        assert bool(clean_article(text)) == bool(text.strip())


@pytest.mark.parametrize("unit", ["ا", "دبي ", "كلمة\n", "(وام). ", "a.", "شارك\n"])
def test_a_very_long_text_of_one_thing_is_read(unit: str) -> None:
    assert isinstance(clean_article(unit * (50_000 // len(unit))), str)


def test_real_news_loses_next_to_nothing(shared_data: Path) -> None:
    texts = (
        pq.read_table(shared_data / "topic" / "sanad" / "dev.parquet", columns=["text"])
        .column("text")
        .to_pylist()[:500]
    )
    kept = sum(len(clean_article(text)) for text in texts)
    assert 0.99 < kept / sum(map(len, texts)) < 1


@pytest.mark.parametrize(
    "text",
    [
        "دبي: افتتح الوزير معرضا للكتاب أمس.",
        "دبي: مساء أمس الأحد: أعلنت اللجنة.",
        "دبي: الأسواق المحلية تراجعت أمس.",
        "دبي: في الصباح الباكر أعلنت اللجنة نتائجها.",
        "دبي: أظهرت دراسة أعلنت أمس أن القراء كثيرون.",
        "دبي: بمبادرة من البلدية انطلقت حملة للتشجير.",
    ],
)
def test_a_sentence_behind_a_dateline_is_no_name(text: str) -> None:
    article = read_article(text + " " + BODY)
    assert (article.dateline, article.byline) == ("دبي", None)


@pytest.mark.parametrize(
    ("head", "dateline", "byline"),
    [
        (
            "الرياض 12 شعبان 1445 هـ الموافق 22 فبراير 2024 م واس ",
            "الرياض 12 شعبان 1445 هـ الموافق 22 فبراير 2024 م واس",
            None,
        ),
        ("المنامة في 4 مايو/ بنا/ ", "المنامة في 4 مايو/ بنا/", None),
        ("الريــــاض - واس:\n", "الرياض - واس", None),
        ("القاهـــرة – رويترز: ", "القاهرة – رويترز", None),
        ("القاهرة ـ رويترز: ", "القاهرة ـ رويترز", None),  # a dash, here
        ("القاهرة - محمد سالم\n", "القاهرة", "محمد سالم"),
        ("دبي - منى سعيد - ", "دبي", "منى سعيد"),
        ("عمان- الغد- ", "عمان- الغد", None),
        ("لندن - العربي الجديد\n", "لندن - العربي الجديد", None),
        ("شفق برس\n", "شفق برس", None),
        ("كتب - أحمد علي:\n", None, "كتب - أحمد علي"),
        ("متابعة - ", "متابعة", None),
    ],
)
def test_heads_of_agencies_and_papers(head: str, dateline: str | None, byline: str | None) -> None:
    article = read_article(f"{head}{BODY}\n{BODY}")
    assert (article.title, article.dateline, article.byline) == (None, dateline, byline)
    assert article.body == f"{BODY}\n{BODY}"


@pytest.mark.parametrize("line", ["دبي - وصول أول رحلة", "القاهرة - الهلال الأحمر", "بيروت - سعر الصرف اليوم"])
def test_a_place_and_what_is_no_name(line: str) -> None:
    assert read_article(f"{line}\n{BODY}\n{BODY}").byline is None


def test_cookies_in_the_news_stay() -> None:
    said = "قال الخبير إن ملفات تعريف الارتباط تتيح للشركات أن تتبع الناس."
    assert said in clean_article(f"{BODY}\n{said}\n{BODY}")


@pytest.mark.parametrize(
    "text",
    [
        "القاهرة - محمد سالم: لن أرحل عن النادي هذا العام، وسأبقى مع زملائي حتى نهاية الموسم المقبل.",
        "دبي: سعيد منصور: سأعود إلى الملاعب بعد شهرين من الآن كما قال لي الطبيب.",
        "العين - شرطة المدينة: القبض على عصابة سرقت عشرين سيارة في شهر واحد.",
        f"{BODY} ويمكن القراء أن يكتبوا إلى رئيس التحرير على poet@mail.example",
        f"{BODY} وقالت إن كل الحقوق محفوظة للمؤلف منذ 2014.",
        f"{BODY} الأكثر قراءة هم سكان المدن الساحلية.",
    ],
)
def test_who_speaks_and_what_a_sentence_needs_stay(text: str) -> None:
    cleaned = clean_article(text)
    assert cleaned in (text, text.removeprefix("القاهرة - "), text.removeprefix("دبي: "), text.removeprefix("العين - "))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("بغداد: سنرد على أي هجوم على حدودنا، قال المتحدث باسم الحكومة.", ""),
        ("بغداد - على الجميع وقف القتال فورا، قال المتحدث باسم الحكومة.", ""),
        ("الجزائر - مصر 2-1: فوز ثمين لأصحاب الأرض في الدقائق الأخيرة.", ""),
        ("بغداد - أعلنت الحكومة أن السدود امتلأت في الأسابيع الأخيرة.", "بغداد - "),
        (f"{BODY} للتواصل مع الكاتب: poet@mail.example", " للتواصل مع الكاتب: poet@mail.example"),
        (f"{BODY} ويمكن التسجيل عبر البريد الإلكتروني info@mail.example.", ""),
        (f"{BODY} وللناس بريد. info@mail.example", " info@mail.example"),
    ],
)
def test_a_place_that_speaks_and_addresses(text: str, left: str) -> None:
    assert clean_article(text) == text.replace(left, "")


@pytest.mark.parametrize("name", ["أحمد علي", "علي حسن", "أحمد علي حسن"])
def test_ali_is_a_name(name: str) -> None:
    article = read_article(f"القاهرة: {name} أعلنت {BODY}")
    assert (article.dateline, article.byline) == ("القاهرة", name)
    assert read_article(f"القاهرة - أحمد علي\n{BODY} {BODY}").byline == "أحمد علي"


def test_lists_under_a_heading_behind_an_article() -> None:
    listed = "بلدية الساحل تزيل ألواحا قديمة\nوفاة صياد في البحر"
    article = read_article(f"{BODY} {BODY}\nمواضيع ذات صلة\n{listed}")
    assert article.body == f"{BODY} {BODY}"
    assert article.leftovers == ("مواضيع ذات صلة", *listed.split("\n"))
    goes_on = f"{listed}\nوقال المتحدث إن العمل يستمر حتى المساء."
    assert read_article(f"{BODY} {BODY}\nمواضيع ذات صلة\n{goes_on}").body == f"{BODY} {BODY}\n{goes_on}"
    assert read_article(f"عنوان\nالوسوم\n{listed}").body == f"عنوان\n{listed}"  # no article in front of it


@pytest.mark.parametrize("line", ["مكة المكرمة في", "قرية البحر"])
def test_a_double_date_with_its_agency_is_a_dateline(line: str) -> None:
    head = f"{line} 25 رمضان 1445 هـ الموافق 04 أبريل 2024 م واس"
    assert read_article(f"{head}\n{BODY}").dateline == head


@pytest.mark.parametrize("head", ["الكويت - 12 - 3 (كونا) -- ", "تونس/ 14 جانفي 2024/ ", "وأج - "])
def test_more_heads(head: str) -> None:
    assert read_article(f"{head}{BODY}").body == BODY
