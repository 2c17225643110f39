"""Read a news article as it comes from a page: title, dateline, byline, body, and what the page left around them.

Nothing here is learnt: the tables below are what stands around articles in Arabic news collections. Precision goes before
recall, for a line that stays costs a few tokens and a line that goes wrongly costs a fact. So a phrase is a leftover only

* where a **whole line** is nothing else (``طباعة``, a share bar, ``اقرأ أيضا: ...``, ``جميع الحقوق محفوظة ...``), or
* where it stands in the **last sentences** of the text, for pages that were flattened into one line;

and a dateline or byline only at the very beginning, with a place or a source of the tables in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mujaz.models.arabic_words import words
from mujaz.models.news_verbs import NO_NAMES, OPENERS
from mujaz.models.recipe_steps import without_markup
from mujaz.models.sentences import split_sentences

_MAX_LINE = 220  # characters: no leftover, dateline or byline is longer, so a longer line is not even compared
_MAX_TITLE = 160
_MIN_BODY = 20  # characters behind a dateline; less is no article, so nothing is taken off
_HEAD_LINES_READ = 6
_TAIL_READ = 1500  # characters at the end of a text in which a flattened page tail is looked for
_TAIL_STEPS = 12


def _any_of(table: str) -> str:
    """Build an alternation out of names separated by ``|``, the longest first."""
    names = sorted((" ".join(name.split()) for name in table.split("|")), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(name).replace(r"\ ", r"\s") for name in names) + ")"


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


_PLACE = _any_of(
    """الرياض|جدة|مكة المكرمة|مكة|المدينة المنورة|الدمام|الظهران|الأحساء|الطائف|تبوك|أبها|جازان|نجران|
    حائل|بريدة|عنيزة|الباحة|عرعر|سكاكا|ينبع|الجبيل|القطيف|الخرج|المجمعة|الدوادمي|بيشة|خميس مشيط|القصيم|
    الجوف|دبي|أبوظبي|أبو ظبي|الشارقة|عجمان|العين|رأس الخيمة|الفجيرة|أم القيوين|الكويت|الدوحة|المنامة|مسقط|
    صلالة|صنعاء|عدن|تعز|المكلا|مأرب|الحديدة|بغداد|البصرة|الموصل|أربيل|كركوك|النجف|كربلاء|دمشق|حلب|حمص|حماة|
    اللاذقية|إدلب|دير الزور|الرقة|بيروت|طرابلس|صيدا|عمان|عمّان|إربد|الزرقاء|القدس|القدس المحتلة|رام الله|
    غزة|نابلس|الخليل|جنين|القاهرة|الإسكندرية|الجيزة|أسوان|الأقصر|السويس|بورسعيد|المنصورة|طنطا|الخرطوم|
    أم درمان|بورتسودان|بنغازي|مصراتة|تونس|صفاقس|سوسة|القيروان|قابس|الجزائر|وهران|قسنطينة|الرباط|
    الدار البيضاء|مراكش|فاس|طنجة|أكادير|نواكشوط|مقديشو|جيبوتي|أنقرة|إسطنبول|اسطنبول|طهران|إسلام آباد|كابل|
    كابول|نيودلهي|دكا|بكين|طوكيو|سيول|سنغافورة|جاكرتا|كوالالمبور|موسكو|كييف|لندن|باريس|برلين|روما|مدريد|
    برشلونة|بروكسل|جنيف|فيينا|أثينا|لاهاي|زيورخ|ستوكهولم|وارسو|واشنطن|نيويورك|لوس أنجليس|أوتاوا|مكسيكو|
    برازيليا|ريو دي جانيرو|بوينس آيرس|سيدني|نيروبي|أديس أبابا|أبوجا|عواصم"""
)
# Letters that stand for an agency's name, apart: أ ف ب, د.ب.أ
_INITIALS = "|".join("[ .]{1,3}".join(letters) for letters in ("افب", "أفب", "دبأ", "دبا", "إبأ", "ابا", "أشأ", "اشا"))
# Agencies whose names are nothing else: no region, no town, no word.
_WIRE = rf"(?:{_INITIALS}|رويترز|واس|وام|كونا|بترا|سانا|سونا|شينخوا|AFP|AP|Reuters)(?!\w)\.?"
_AGENCY = (
    _any_of(
        """رويترز|فرانس برس|الفرنسية|الألمانية|أسوشيتد برس|واس|وام|كونا|قنا|بترا|وفا|وات|سانا|سونا|وأج|إفي|
        نوفوستي|سبوتنيك|شينخوا|الأناضول|بلومبيرغ|بلومبرغ|بلومبيرج|وكالات|متابعات|الخليج|الشرق الأوسط|عكاظ|سبق|
        عين اليوم|الجزيرة نت|العربية نت|العربية.نت|سكاي نيوز عربية|سي إن إن|بي بي سي|روسيا اليوم|الاقتصادية|
        السودان اليوم|الثورة نت|البوابة نيوز|اليوم السابع|المصري اليوم|الإمارات اليوم|AFP|Reuters|AP|CNN|BBC|RT|
        DW"""
    )[:-1]
    + rf"|{_INITIALS})(?!\w)"
)
_MONTH = _any_of(
    """يناير|كانون الثاني|فبراير|شباط|مارس|آذار|أبريل|إبريل|ابريل|نيسان|مايو|أيار|ماي|يونيو|حزيران|جوان|يوليو|
    تموز|جويلية|أغسطس|اغسطس|آب|أوت|سبتمبر|أيلول|أكتوبر|اكتوبر|تشرين الأول|نوفمبر|تشرين الثاني|ديسمبر|
    كانون الأول|جانفي|فيفري|أفريل|محرم|صفر|ربيع الأول|ربيع الآخر|جمادى الأولى|جمادى الآخرة|رجب|شعبان|رمضان|
    شوال|ذو القعدة|ذي القعدة|ذو الحجة|ذي الحجة"""
)
_QUOTED_AGENCY = rf"[«\"“(\[/]\s?{_AGENCY}(?:\s?[-،,+]\s?{_AGENCY})?\s?[»\"”)\]/]"
# In brackets an agency is no subject of a sentence, as in quotation marks it may be: «رويترز» تنقل عن
_BRACKETED_AGENCY = rf"[(\[]\s?{_AGENCY}(?:\s?[-،,+/]\s?{_AGENCY})?\s?[)\]]"
# In brackets and before a dash the name of an agency need not be known to tell a dateline: القاهرة (نور برس) -
_LIKE_AN_AGENCY = r"[(\[]\s?(?:وكالة\s)?[^\W\d_]{2,14}\s(?:برس|بريس|نيوز|نت|أونلاين|اونلاين)\s?[)\]]"
_SOMEWHERE = r"(?:(?!(?:قال|قالت|ذكر|ذكرت|نقل|نقلت|أفاد|أفادت|حسب|وفق|عن|وكالة|صحيفة|قناة)\s)[ء-ي]{2,14}\s){1,3}"
_SOURCE = rf"(?:{_QUOTED_AGENCY}|{_AGENCY})"
_DAY = r"(?:(?:الأحد|الاثنين|الإثنين|الثلاثاء|الأربعاء|الاربعاء|الخميس|الجمعة|السبت)[،,]?\s+)?"
_DATE = (
    rf"{_DAY}(?:\d{{1,2}}\s+{_MONTH}(?:\s?[/(]\s?{_MONTH}\)?)?(?:[،,]?\s+\d{{4}})?|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{2,4}})"
    r"(?:\s?(?:م|هـ|ه)(?!\w))?"
)
_NAME = re.compile(r"[ء-يّ]{2,14}")
_LONGEST_NAME = 4  # words
_LAND = r"(?:[،,]\s?[ء-ي]{2,14}(?:\s[ء-ي]{2,14}){0,3})?"  # the country behind a town
_TIME = r"\d{1,2}:\d{2}(?:\s?(?:صباحا|صباحًا|صباحاً|مساء|مساءً|ص|م|AM|PM|GMT))?(?!\w)"
_PERSON = r"(?:د\.\s?)?[ء-يّ]{2,14}(?:\s[ء-يّ]{2,14}){1,3}"
_DASH = r"\s{0,3}[-–—ـ−]{1,3}\s{0,3}"
_SEP = r"[\s\-–—ـ−:،,/|]{0,6}"  # all of these are bounded, so that no line of blanks makes them slow
_END = r"\s{0,3}[:/\-–—−]{1,3}\s*"  # between a dateline and the text behind it
_TEXT = r"(?=[\w«\"“(])"
_TALKED = r"[أا]جرت?ى?\s(?:الحوار|المقابلة|اللقاء)"
_WROTE = (
    rf"(?:{_TALKED}|كتبت?|بقلم|إعداد|أعدها?|تحرير|ترجمة|حوار|حاورته?|تقرير|تحقيق|متابعة|تغطية|تصوير|عدسة)\s*[:/\-–—]\s*"
)

# A line at the top that is nothing but one of these. Named groups say what is what.
_HEAD_LINES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?!\d+\s\D+$)(?P<dateline>(?:{_PLACE}{_SEP})?{_DATE}(?:{_SEP}(?:الموافق\s)?{_DATE})?{_SEP}(?:{_TIME}{_SEP})?{_SOURCE}?)",
        rf"(?P<dateline>{_PLACE}{_SEP}{_SOURCE})\s*[:\-–—.]*",
        rf"(?P<dateline>{_PLACE}{_LAND}[،,]\s{_DATE})\s*[:\-–—.]*",
        rf"(?P<dateline>{_SOURCE}{_DASH}(?:{_PLACE}|{_SOURCE}))\s*[:\-–—.]*",
        rf"(?P<dateline>{_AGENCY}{_DASH}[ء-يّ]{{2,14}}(?:\s[ء-يّ]{{2,14}})?)",
        rf"(?P<byline>{_PERSON}){_DASH}(?P<dateline>{_PLACE}|{_SOURCE}|{_SOURCE}{_DASH}{_PLACE})\s*[:\-–—.]*",
        rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>{_PERSON})\s*:",
        rf"(?P<byline>{_WROTE}{_PERSON}(?:\s*[-–—،,/]\s*(?:{_PERSON}|{_PLACE})){{0,2}})",
    )
)
# What may stand at the very beginning of the body, with the text right behind it.
_HEAD_PREFIXES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<dateline>{_PLACE}\s*:\s*{_QUOTED_AGENCY})\s*[:،\-–—]*\s*",
        rf"(?P<dateline>{_PLACE}(?:[،,]?\s+(?:في\s)?|\s?/\s?){_DATE}{_SEP}{_SOURCE}){_END}",
        rf"(?P<dateline>{_PLACE}{_LAND}[،,]\s{_DATE}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACE}{_SEP}{_SOURCE}){_END}",
        rf"(?P<dateline>{_AGENCY}{_DASH}(?:{_PLACE}|{_AGENCY}))\s*:\s*",
        rf"(?P<byline>{_PERSON}){_DASH}(?P<dateline>{_AGENCY}(?:{_DASH}{_PLACE})?)\s*:\s*",
        rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>{_PERSON})\s*:\s*",
        rf"(?P<dateline>{_QUOTED_AGENCY}|السودان\sاليوم|سبق|رويترز|وكالات)\s*:\s*",
        rf"(?P<dateline>{_BRACKETED_AGENCY})(?:{_END}|\s+){_TEXT}",
        rf"(?P<dateline>(?:{_SOMEWHERE})?{_BRACKETED_AGENCY}|(?:{_PLACE}\s)?{_LIKE_AN_AGENCY})\s{{0,3}}[-–—]{{1,3}}\s*{_TEXT}",
        rf"(?P<dateline>{_WIRE}(?:\s?[/\-–—]\s?{_PLACE}(?!\w))?)(?:\s?/|\s{{0,3}}[-–—])\s*{_TEXT}",
        rf"(?P<dateline>{_PLACE})(?:\s*:\s*|\s*[-–—]\s+)(?!{_PLACE}(?!\w))(?=[^\W\d_])",
    )
)

# A share bar is a line of nothing but these words, with at least one of the signs among them.
_SHARE_SIGNS = _words(
    """شارك شاركها شاركه شاركوا مشاركة فيسبوك تويتر واتساب تيليجرام تليجرام تلغرام طباعة اطبع للطباعة نسخ انسخ
    تكبير تصغير حجم facebook twitter whatsapp telegram print share tweet"""
)
_SHARE_WORDS = _SHARE_SIGNS | _words(
    """المشاركة انشر غرد فيس بوك وتويتر إكس واتس آب لينكدإن لينكد إن إنستغرام ماسنجر بريد البريد إلكتروني الإلكتروني
    الالكتروني الرابط رابط الخط الخبر المقال الموضوع الصفحة هذا هذه مع أصدقائك أرسل إرسال إلى لصديق صديق حفظ عبر على استمع
    linkedin email pinterest messenger instagram copy link x"""
)
_SHARE_ALONE = _words("طباعة للطباعة اطبع شارك مشاركة print share")  # a line "تويتر" may be a heading
_RIGHTS = (
    r"(?:جميع|كافة|كل|بعض)\s(?:ال)?حقوق(?:\s(?:النشر|الطبع|الملكية|الطبع\sوالنشر))?\sمحفوظة|حقوق\s(?:النشر|الطبع)\sمحفوظة|"
    r"حقوق\s(?:الطبع|التأليف)\sوالنشر\s(?:©|\d|محفوظة)|©\s?(?:\d|[^\W\d_])|Copyright\s|All\srights\sreserved"
)
_RELATED = (
    r"(?:[أا]خبار|مواضيع|موضوعات|مقالات|مواد|روابط|عناوين)\s(?:أخرى\s)?(?:ذات\s(?:صلة|الصلة|علاقة)|متعلقة|مرتبطة|قد\sتهمك)|"
    r"قد\sيعجبك\sأيضا?ً?ا?|(?:المقالات\s|الأخبار\s)?الأكثر\s(?:قراءة|مشاهدة|تعليقا)"
)
_READ_ALSO = r"(?:[اإأ]قر[أا](?:ي|وا)?|شاهدوا|شاهد|طالعوا|طالع|انظر)\s(?:[أا]يضا?ً?ا?|المزيد|كذلك)"
_TAGS = r"(?:ال)?كلمات\s(?:ال)?(?:مفتاحية|دلالية)|(?:ال)?وسوم"
_NETWORK = r"(?:تويتر|فيس\s?بوك|واتس\s?[اآ]ب|تي?لي?[غج]رام|يوتيوب|[إا]نستغرام|النشرة|نشرتنا|قناتنا|صفحتنا|أخبار\sجوجل)"
_EMAIL = r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,24}){1,4}"
_CREDIT = rf"\(\s?{_AGENCY}(?:\s?[-،,+/]\s?{_AGENCY}){{0,2}}\s?\.?\)"
_WORDS = r"[^\W_]+(?:[ .][^\W_]+){0,3}"

# A line that is nothing but one of these, once bullets and bars around it are taken off, is a leftover of that name.
_LEFTOVER_LINES = {
    "read also": rf"{_READ_ALSO}(?:\s*[:|…«\"“](?:[^.]|\.\.){{0,120}}|\s*\.*)",  # a headline, so no full stop
    "related": rf"(?:{_RELATED})\s*:?",
    "rights": rf"(?:\d{{4}}\s)?(?:{_RIGHTS}).*",
    "tags": rf"(?:{_TAGS})(?:\s*[:#].*)?",
    "follow": rf"(?:تابعونا|تابعنا|تابعوا|اشترك|اشتركوا|انضم|انضموا)\s(?:.{{0,60}}\s)?\w{{0,2}}{_NETWORK}(?:\s.{{0,60}})?",
    "source": rf"(?:المصدر|المصادر)\s*:\s*[(«\"]?{_WORDS}[)»\"]?(?:\s*[+،,/\-–—]\s*{_WORDS}){{0,3}}",
    "contact": rf"(?:(?:تويتر|البريد\sالإلكتروني|بريد|[إا]يميل)\s*:?\s*)?(?:{_EMAIL}|@\w{{2,30}})",
    "link": r"(?:الرابط\s*:?\s*)?(?:https?://|www\.)\S+",
    "agency mark": r"//\s?[اإ]نتهى\s?//|\d{1,2}\s?:\s?\d{2}\s?ت\s?م",
    "credit": rf"{_CREDIT}|-\s?{_AGENCY}\s?-|\*?\s?خدمة\s«[^»]{{3,30}}»",
    "comments": r"(?:\(?\d{1,5}\)?\s)?(?:ال)?تعليق(?:ات)?\s?(?:\(\d{0,5}\))?|لا\s(?:توجد|يوجد)\sتعليقات|[أا]ضف\sتعليقا?ً?ك?",
    "more": r"[.…]{2,}\s*المزيد|(?:اقرأ|قراءة|شاهد)\sالمزيد\s*[.…]*|للمزيد\s*[.…:]*",
    "advert": r"[إا]علان(?:ات)?|مساحة\sإعلانية|Advertisement",
    "date stamp": rf"(?:نُ?شرت?\sفي|(?:تم|تاريخ)\sالنشر|[آا]خر\sتحديث|تم\sالتحديث)\s*:?\s*{_DAY}\d[\w\s/:،\-–.|]{{3,60}}",
}
_LEFTOVER_LINE = re.compile(
    "|".join(f"(?P<{name.replace(' ', '_')}>{pattern})" for name, pattern in _LEFTOVER_LINES.items())
)
_AROUND = re.compile(r"^[\s|•●▪*>+\u200e\u200f-]+|[\s|•●▪*<+\u200e\u200f]+$")
# In the last sentence of a text the tail of a page begins with one of these, or a text ends with one of those.
_TAIL_BEGINS = re.compile(rf"(?:(?<!\d)\d{{4}}\s)?(?:{_RIGHTS})|{_READ_ALSO}\s*[:|]|(?<!\w)(?:{_TAGS})\s*:")
_TAIL_HEADING = re.compile(rf"(?:{_RELATED})(?=\s|$)(?!\s(?:ب|لـ?|في|من|بين|على|عن)\w*)")  # not "مواضيع متعلقة بالقصر"
_TEXT_ENDS = re.compile(rf"(?:{_CREDIT}|(?<!\w)المصدر\s*:\s*{_SOURCE}|{_EMAIL}|//\s?[اإ]نتهى\s?//)[\s.]*$")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an article that is not its body.

    Attributes:
        kind: ``title``, ``dateline``, ``byline``, or the name of the kind of leftover: ``share bar``, ``rights``, ...
        text: What it says, without the marks that set it off.
        start: Offset of what is set apart, in code points.
        end: Offset behind it.
    """

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Article:
    """A news article, taken apart.

    Attributes:
        title: The first line, where it looks like a headline.
        dateline: Place, date or source in front of the body (``دبي - «الخليج»``).
        byline: Who wrote it (``كتب: سالم حسن``).
        body: The text that remains, its lines in order.
        leftovers: What the page left around the article, in order.
    """

    title: str | None
    dateline: str | None
    byline: str | None
    body: str
    leftovers: tuple[str, ...]


def read_article(text: str) -> Article:
    """Take an article apart.

    A dateline or byline is only taken from an article of which something remains, so ``body`` is empty only where the text
    is empty, or all of it is leftovers.

    Args:
        text: The article as it came from the page, its lines separated by line ends, or all in one line. HTML is made text
            of first, a line for each block.

    Returns:
        The parts; nothing of the text is lost but the marks and white space between the parts.
    """
    text = without_markup(text)
    parts = find_parts(text)
    head: dict[str, str] = {}
    for part in parts:
        head.setdefault(part.kind, part.text)
    return Article(
        title=head.get("title"),
        dateline=head.get("dateline"),
        byline=head.get("byline"),
        body=_without(text, parts),
        leftovers=tuple(part.text for part in parts if part.kind not in ("title", "dateline", "byline")),
    )


def clean_article(text: str) -> str:
    """Return an article without its dateline, byline and leftovers; the title, if there is one, stays as the first line.

    The result is empty only where the text is empty or every line of it is a leftover. A text in which nothing is recognised
    comes back as it was, but for white space at its ends and HTML, of which text is made first.
    """
    text = without_markup(text)
    return _without(text, [part for part in find_parts(text) if part.kind != "title"])


def find_parts(text: str) -> list[Part]:
    """Find all that is not body, in order and without overlap, with offsets into the text."""
    lines = list(_lines(text))
    leftovers = [part for start, end in lines if (part := _leftover_line(text, start, end))]
    taken = {part.start for part in leftovers}
    lines = [line for line in lines if line[0] not in taken]
    tail = list(_tail(text, lines))
    if tail:
        cut = tail[-1].start
        lines = [(start, min(end, cut)) for start, end in lines if text[start : min(end, cut)].strip()]
    return sorted([*_head(text, lines), *leftovers, *tail], key=lambda part: part.start)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the lines that hold something."""
    start = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            yield start, start + len(line.rstrip())
        start += len(line)


def _leftover_line(text: str, start: int, end: int) -> Part | None:
    if end - start > _MAX_LINE:
        return None
    line = _AROUND.sub("", text[start:end])
    words = re.findall(r"[^\W\d_]+", line.lower())
    shares = not _SHARE_SIGNS.isdisjoint(words) and _SHARE_WORDS.issuperset(words)
    if shares and (len(words) > 1 or words[0] in _SHARE_ALONE):
        return Part("share bar", line, start, end)
    match = _LEFTOVER_LINE.fullmatch(line)
    return Part(str(match.lastgroup).replace("_", " "), line, start, end) if match else None


def _tail(text: str, lines: list[tuple[int, int]]) -> Iterator[Part]:
    """Yield what a flattened page left behind the article, from the end of the text backward."""
    if not lines:
        return
    start, end = lines[-1]
    first = lines[0][0]
    for _ in range(_TAIL_STEPS):
        floor = max(start, end - _TAIL_READ)
        sentences = split_sentences(text[floor:end])
        if not sentences:
            return
        last = floor + sentences[-1].start
        begins = _tail_begins(text, last, end) if end - last <= 2 * _MAX_LINE else None
        found = begins or _TEXT_ENDS.search(text, max(last, end - _MAX_LINE), end)
        if not found or found.start() == first:
            return
        cut = found.start()
        yield Part("page tail" if begins else "text end", text[cut:end].strip(), cut, end)
        end = cut


def _tail_begins(text: str, start: int, end: int) -> re.Match[str] | None:
    heading = _TAIL_HEADING.match(text, start, end)
    if heading:
        return heading
    found = _TAIL_BEGINS.search(text, start, end)
    if not found:
        return None
    # "وأكد أن جميع الحقوق محفوظة للورثة." is a sentence: a page tail has a year in it, or no full stop.
    said = text[found.start() : end].rstrip()
    return found if said[-1] not in ".؟!" or re.search(r"\d{4}", said) else None


def _head(text: str, lines: list[tuple[int, int]]) -> Iterator[Part]:
    """Yield title, dateline and byline, as far as they stand in front of a body."""
    seen: set[str] = set()
    for at, (start, end) in enumerate(lines[:_HEAD_LINES_READ]):
        rest = lines[at + 1 :]
        parts = _whole_line(text, start, end) if rest else []
        if not parts and rest and "title" not in seen and _looks_like_title(text, (start, end), rest):
            parts = [Part("title", text[start:end].strip(), start, end)]
        if not parts:
            yield from (part for part in _prefix(text, start, end) if part.kind not in seen)
            return
        if seen & {part.kind for part in parts}:
            return
        seen |= {part.kind for part in parts}
        yield from parts


def _whole_line(text: str, start: int, end: int) -> list[Part]:
    if end - start > _MAX_LINE:
        return []
    line = text[start:end].strip()
    for pattern in _HEAD_LINES:
        match = pattern.fullmatch(line)
        if match:
            return _named(match, text.index(line, start), start, end)
    return []


def _prefix(text: str, start: int, end: int) -> list[Part]:
    first = start + len(text[start:end]) - len(text[start:end].lstrip())
    for pattern in _HEAD_PREFIXES:
        match = pattern.match(text[first : min(end, first + _MAX_LINE)])
        if match and end - first - match.end() >= _MIN_BODY:
            parts = _named(match, first, start, first + match.end())
            return parts if "byline" in match.groupdict() else [*parts, *_byline_behind(text, first + match.end(), end)]
    return []


def _byline_behind(text: str, start: int, end: int) -> list[Part]:
    """A name behind a dateline in one line with the text, told by the verb or the colon behind it: دبي: منى سعيد أعلنت"""
    names = list(islice(re.finditer(r"\S+", text[start : min(end, start + _MAX_LINE)]), _LONGEST_NAME + 1))
    own = [words(name.group()) or [""] for name in names]
    if not own or own[0][0].startswith("ال"):
        return []
    for number in range(2, len(names)):
        before, last = names[:number], names[number - 1].group()
        if any(word in NO_NAMES for this in own[:number] for word in this):
            return []
        if not all(_NAME.fullmatch(name.group().rstrip(":")) for name in before):
            return []
        verb = not OPENERS.isdisjoint(own[number])
        if (verb or last.endswith(":")) and end - start - names[number].start() >= _MIN_BODY:
            said = text[start : start + names[number - 1].end()]
            return [Part("byline", said.rstrip(": "), start, start + names[number].start())]
    return []


def _named(match: re.Match[str], offset: int, start: int, end: int) -> list[Part]:
    """Make a part of each named group; together they cover everything from ``start`` to ``end``."""
    found = sorted((match.start(kind), kind, said) for kind, said in match.groupdict().items() if said)
    starts = [start, *(offset + at for at, _, _ in found[1:]), end]
    return [Part(kind, said.strip(), starts[i], starts[i + 1]) for i, (_, kind, said) in enumerate(found)]


def _looks_like_title(text: str, line: tuple[int, int], rest: list[tuple[int, int]]) -> bool:
    """A headline is short, has no full stop, and stands before something clearly longer that has one."""
    said = text[slice(*line)].strip()
    if len(said) > _MAX_TITLE or len(said.split()) < 4 or said[-1] in ".،,؛;:…-":
        return False
    longest = max(end - start for start, end in rest[:4])
    return longest > 1.5 * len(said) and any(text[end - 1] in '.؟!»"”' for _, end in rest)


def _without(text: str, parts: list[Part]) -> str:
    kept: list[str] = []
    at = 0
    for part in parts:
        kept.append(text[at : part.start])
        at = part.end
        if part.start == 0 or text[part.start - 1] in "\n\r":
            while at < len(text) and text[at].isspace():
                at += 1  # the rest of an emptied line, and the blank lines behind it
    return "".join([*kept, text[at:]]).strip()
