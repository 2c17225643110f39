"""What stands in front of the text of an article: place, date, agency, author; tables of their names, and patterns of them.

See `mujaz.models.articles`, which reads with them. The forms are those that agencies and papers have been seen to use:
``تونس 11 ديسمبر 2016 (وات) -``, ``من NAME القاهرة (رويترز) -``, ``غزة - معا -``, ``إسطنبول/ NAME/ الأناضول``, ``دبي: NAME``.
"""

from __future__ import annotations

import re
from functools import cached_property


class Later:
    """A pattern that is compiled when it is first used: all of these take a second, and most processes read no article."""

    def __init__(self, pattern: str) -> None:
        """Keep a pattern as a text."""
        self.pattern = pattern

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def match(self, text: str) -> re.Match[str] | None:
        """As of a compiled pattern."""
        return self._compiled.match(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """As of a compiled pattern."""
        return self._compiled.fullmatch(text)


def _any_of(table: str) -> str:
    """Build an alternation out of names separated by ``|``, the longest first."""
    names = sorted((" ".join(name.split()) for name in table.split("|")), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(name).replace(r"\ ", r"\s") for name in names) + ")"


# Without places whose names are words as well: الليث, الوجه, بدر, تربة.
_PLACE = _any_of(
    """الرياض|جدة|مكة المكرمة|مكة المكرّمة|مكة|المدينة المنورة|الدمام|الظهران|الأحساء|الطائف|تبوك|أبها|جازان|نجران|
    حائل|بريدة|عنيزة|الباحة|عرعر|سكاكا|ينبع|الجبيل|القطيف|الخرج|المجمعة|الدوادمي|بيشة|خميس مشيط|القصيم|عسير|
    الجوف|القنفذة|الخفجي|حفر الباطن|المخواة|الزلفي|شقراء|وادي الدواسر|محايل عسير|محايل|النماص|بلجرشي|صبيا|أبو عريش|
    صامطة|شرورة|القريات|رفحاء|طبرجل|دومة الجندل|أملج|ضباء|تيماء|رابغ|العلا|الدرعية|الخرمة|رنية|القويعية|حوطة بني تميم|
    الأفلاج|البكيرية|الرس|المذنب|رأس تنورة|بقيق|النعيرية|الدلم|عفيف|المزاحمية|
    دبي|أبوظبي|أبو ظبي|الشارقة|عجمان|العين|رأس الخيمة|الفجيرة|أم القيوين|دبا الفجيرة|دبا الحصن|خورفكان|كلباء|حتا|
    الذيد|المنطقة الغربية|الكويت|الدوحة|المنامة|مسقط|
    صلالة|صحار|نزوى|صنعاء|عدن|تعز|المكلا|مأرب|الحديدة|حضرموت|سيئون|بغداد|البصرة|الموصل|أربيل|كركوك|النجف|كربلاء|
    السليمانية|دهوك|ديالى|الأنبار|الفلوجة|دمشق|حلب|حمص|حماة|اللاذقية|طرطوس|درعا|السويداء|القامشلي|الحسكة|
    إدلب|دير الزور|الرقة|بيروت|طرابلس|صيدا|عمان|عمّان|إربد|الزرقاء|العقبة|القدس|القدس المحتلة|رام الله|بيت لحم|
    غزة|نابلس|الخليل|جنين|طولكرم|قلقيلية|أريحا|رفح|خانيونس|خان يونس|الناصرة|حيفا|تل أبيب|
    القاهرة|الإسكندرية|الجيزة|أسوان|الأقصر|السويس|بورسعيد|المنصورة|طنطا|الإسماعيلية|أسيوط|الخرطوم|
    أم درمان|بورتسودان|ود مدني|جوبا|بنغازي|مصراتة|سبها|تونس|صفاقس|سوسة|القيروان|قابس|الجزائر|الجزائر العاصمة|وهران|
    قسنطينة|عنابة|الرباط|الدار البيضاء|مراكش|فاس|طنجة|أكادير|وجدة|العيون|نواكشوط|مقديشو|جيبوتي|أنقرة|إسطنبول|اسطنبول|
    طهران|إسلام آباد|كراتشي|كابل|كابول|نيودلهي|مومباي|دكا|بكين|شنغهاي|هونج كونج|هونغ كونغ|طوكيو|سيول|سنغافورة|جاكرتا|
    كوالالمبور|بانكوك|مانيلا|موسكو|كييف|لندن|باريس|برلين|روما|ميلانو|مدريد|برشلونة|بروكسل|جنيف|فيينا|أثينا|لاهاي|زيورخ|
    دافوس|ستوكهولم|أوسلو|كوبنهاغن|وارسو|بودابست|لشبونة|فرانكفورت|ميونيخ|واشنطن|نيويورك|لوس أنجليس|سان فرانسيسكو|هيوستن|
    أوتاوا|تورونتو|مكسيكو|برازيليا|ريو دي جانيرو|بوينس آيرس|كراكاس|سيدني|كانبيرا|نيروبي|أديس أبابا|أبوجا|لاجوس|داكار|
    جوهانسبرغ|عواصم"""
)
_PLACES = rf"{_PLACE}(?:\s?[/،,\-–—و]\s?{_PLACE}){{0,2}}(?!\w)"
# Letters that stand for an agency's name, apart: أ ف ب, د.ب.أ, و م ع
_LETTERS = ("افب", "أفب", "دبأ", "دبا", "إبأ", "ابا", "أشأ", "اشا", "ومع", "واج", "وأج", "وال")
_INITIALS = "|".join("[ .]{1,3}".join(letters) for letters in _LETTERS)
# Agencies whose names are nothing else: no region, no town, no word.
_WIRE = rf"(?:{_INITIALS}|رويترز|واس|وام|كونا|بترا|سانا|سونا|شينخوا|وأج|AFP|AP|Reuters)(?!\w)\.?"
AGENCY = (
    _any_of(
        """رويترز|فرانس برس|الفرنسية|الألمانية|أسوشيتد برس|واس|وام|كونا|قنا|بترا|وفا|وات|سانا|سونا|وأج|إفي|
        نوفوستي|سبوتنيك|شينخوا|الأناضول|بلومبيرغ|بلومبرغ|بلومبيرج|وكالات|متابعات|الخليج|الشرق الأوسط|عكاظ|سبق|
        عين اليوم|الجزيرة نت|العربية نت|العربية.نت|سكاي نيوز عربية|سي إن إن|بي بي سي|روسيا اليوم|الاقتصادية|
        السودان اليوم|الثورة نت|البوابة نيوز|اليوم السابع|المصري اليوم|الإمارات اليوم|AFP|Reuters|AP|CNN|BBC|RT|
        DW|العربي الجديد|القدس العربي|دنيا الوطن|قدس نيوز|الأهرام|هسبريس|شفق نيوز|السومرية نيوز|مصراوي|صدى البلد"""
    )[:-1]
    + rf"|{_INITIALS})(?!\w)"
)
# Sites whose names are nothing else, and where الخليج behind a town is the paper, not a club.
_SITE = "(?:عين\\sاليوم|العربية[ .]نت|الجزيرة\\sنت|سكاي\\sنيوز\\sعربية)"
_EMIRATE = _any_of("دبي|أبوظبي|أبو ظبي|الشارقة|عجمان|العين|رأس الخيمة|الفجيرة|أم القيوين|خورفكان")
_MONTH = _any_of(
    """يناير|كانون الثاني|فبراير|شباط|مارس|آذار|أبريل|إبريل|ابريل|نيسان|مايو|أيار|ماي|يونيو|حزيران|جوان|يوليو|
    تموز|جويلية|أغسطس|اغسطس|آب|أوت|سبتمبر|أيلول|أكتوبر|اكتوبر|تشرين الأول|نوفمبر|تشرين الثاني|ديسمبر|
    كانون الأول|يوليوز|غشت|شتنبر|نونبر|دجنبر|تشرين أول|تشرين ثاني|كانون أول|
    كانون ثاني|جانفي|فيفري|أفريل|محرم|صفر|ربيع الأول|ربيع الآخر|ربيع الثاني|جمادى الأولى|
    جمادى الآخرة|جمادى الثانية|رجب|شعبان|رمضان|
    شوال|ذو القعدة|ذي القعدة|ذو الحجة|ذي الحجة"""
)
_AND = r"(?:\s?[-،,+/]\s?و?|\sو)"  # between two sources
_QUOTED_AGENCY = rf"[«\"“(\[/]\s?{AGENCY}(?:{_AND}{AGENCY})?\s?[»\"”)\]/]"
# In brackets an agency is no subject of a sentence, as in quotation marks it may be: «رويترز» تنقل عن
_BRACKETED_AGENCY = rf"[(\[]\s?{AGENCY}(?:\s?[-،,+/]\s?{AGENCY})?\s?[)\]]"
# In brackets and before a dash the name of an agency need not be known to tell a dateline: القاهرة (نور برس) -
_LIKE_AN_AGENCY = r"[(\[]\s?(?:وكالة\s)?[^\W\d_]{2,14}\s(?:برس|بريس|نيوز|نت|أونلاين|اونلاين)\s?[)\]]"
_SOMEWHERE = r"(?:(?!(?:قال|قالت|ذكر|ذكرت|نقل|نقلت|أفاد|أفادت|حسب|وفق|عن|وكالة|صحيفة|قناة)\s)[ء-ي]{2,14}\s){1,3}"
# Newspapers and agencies whose names are words, too: only behind a place they are meant.
_PAPER = (
    _any_of(
        """الغد|الرأي|الدستور|الوطن|البيان|الاتحاد|الحياة|النهار|الأيام|الجريدة|الراي|القبس|الشروق|الجمهورية|المدن|
        ومع|واج|وال|واع|واف|بنا|معا|سوا|صفا|سبأ|سبأ نت|نينا|المسلة|العمانية|الوطنية|وطنية|مباشر|زمان التركية|بوابة الوسط|
        قدس برس|قدس الإخبارية|شهاب|الرسالة نت|فلسطين اليوم|السومرية|رووداو|باسنيوز|إرنا|تسنيم|PNN|QNA|SPA|WAM|KUNA"""
    )
    + r"(?!\w)"
)
_BRACKETED_PAPER = rf"[«\"“(\[/]\s?{_PAPER}\s?[»\"”)\]/]"
SOURCE = rf"(?:{_QUOTED_AGENCY}|{AGENCY})"
_SOURCES = rf"{SOURCE}(?:{_AND}{SOURCE})?"
DAY = r"(?:(?:الأحد|الاثنين|الإثنين|الثلاثاء|الأربعاء|الاربعاء|الخميس|الجمعة|السبت)[،,]?\s+)?"
DATE = (
    rf"{DAY}(?:\d{{1,2}}\s+{_MONTH}(?:\s?[/(]?\s?{_MONTH}\)?)?(?:[،,]?\s+\d{{4}})?|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{2,4}})"
    r"(?:\s?(?:م|هـ|ه)(?!\w))?"
)
_SHORT_DATE = r"(?:[–-]\s?)?\d{1,2}\s?[–/-]\s?\d{1,2}"  # of a day and a month, which is a score as well
NAME = re.compile(r"[ء-يّ]{2,14}")
_LAND = r"(?:[،,]\s?[ء-ي]{2,14}(?:\s[ء-ي]{2,14}){0,3})?"  # the country behind a town
TIME = r"\d{1,2}:\d{2}(?:\s?(?:صباحا|صباحًا|صباحاً|مساء|مساءً|ص|م|AM|PM|GMT))?(?!\w)"
# No names, though they stand where names do.
_NO_PERSON = r"(?!(?:شرطة|وزارة|هيئة|بلدية|جامعة|نادي|اتحاد|مجلس|محكمة|حكومة)\s)"
_PERSON = _NO_PERSON + r"(?:د\.\s?)?[ء-يً-ْ]{2,16}(?:\s[ء-يً-ْ]{2,16}){1,3}"
_PERSONS = rf"{_PERSON}(?:\s?[،,–-]\s?{_PERSON})?"
DASHES = ("-", "–", "—")
_DASH = r"\s{0,3}[-–—ـ−]{1,3}\s{0,3}"
_MARK = r"\s{0,3}[-–—ـ−/]{1,3}\s{0,3}"
_SEP = r"[\s\-–—ـ−:،,/|]{0,6}"  # all of these are bounded, so that no line of blanks makes them slow
_END = r"\s{0,3}(?:[:/\-–—−]{1,3}|/\s?\.{2,3})\s*"  # between a dateline and the text behind it
_TEXT = r"(?=[\w«\"“(])"
_TALKED = r"[أا]جرت?ى?\s(?:الحوار|المقابلة|اللقاء)"
_WROTE_OF = (
    rf"(?:{_TALKED}|كتبت?|بقلم|إعداد|أعدها?|تحرير|ترجمة|حوار|حاورته?|تقرير|تحقيق|استطلاع|متابعة|تغطية|تصوير|عدسة)"
)
_WROTE = rf"{_WROTE_OF}\s*[:/\-–—]\s*"

# A line at the top that is nothing but one of these. Named groups say what is what.
HEAD_LINES = tuple(
    Later(pattern)
    for pattern in (
        rf"(?!\d+\s\D+$)(?P<dateline>(?:{_PLACE}{_SEP})?(?:في\s)?{DATE}(?:{_SEP}(?:الموافق\s)?{DATE})?{_SEP}(?:{TIME}{_SEP})?{SOURCE}?)",
        rf"(?P<dateline>{_SOMEWHERE}(?:في\s)?{DATE}{_SEP}الموافق\s{DATE}{_SEP}{SOURCE})",
        rf"(?P<dateline>{_PLACES}{_SEP}{_SOURCES}|{_PLACES}{_MARK}{_PAPER}|{_PLACES}\s?{_BRACKETED_PAPER})\s*[:\-–—./]*",
        r"(?P<dateline>[^\W\d_]{2,14}\s(?:برس|بريس|نيوز|أونلاين|اونلاين))\s*[:\-–—.]*",
        rf"(?P<dateline>{_PLACE}{_LAND}[،,]\s{DATE})\s*[:\-–—.]*",
        rf"(?P<dateline>{SOURCE}{_DASH}(?:{_PLACES}|{SOURCE}))\s*[:\-–—.]*",
        rf"(?P<dateline>{AGENCY}{_DASH}[ء-يّ]{{2,14}}(?:\s[ء-يّ]{{2,14}})?(?:[،,]\s?[ء-ي]{{2,14}}|\s?\([ء-ي]{{2,14}}\))?)",
        rf"(?P<byline>{_PERSONS}){_DASH}(?P<dateline>{_PLACE}|{SOURCE}|{SOURCE}{_DASH}{_PLACE})\s*[:\-–—.]*",
        rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>{_PERSON})\s*:",
        rf"(?P<dateline>{_PLACE})\s?/\s?(?P<byline>{_PERSON})\s?/\s?{SOURCE}\s*[:\-–—./]*",
        rf"(?P<byline>{_WROTE}{_PERSON}(?:\s*[-–—،,/]\s*(?:{_PERSON}|{_PLACE})){{0,2}})\s?:?",
    )
)
# A line that is nothing but a place and a name of two words; of more it may be a headline.
PLACE_AND_NAME = Later(rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>[ء-يّ]{{2,14}}\s[ء-يّ]{{2,14}})")
# What may stand at the very beginning of the body, with the text right behind it.
HEAD_PREFIXES = tuple(
    Later(pattern)
    for pattern in (
        rf"(?P<dateline>{_PLACE}\s*:\s*{_QUOTED_AGENCY})\s*[:،\-–—]*\s*",
        rf"(?P<dateline>\[\s?\d{{1,2}}\s?/\s?{_MONTH}\s?/\s?\d{{4}}\s?\]\s?{_PLACE}{_MARK}(?:{SOURCE}|{_PAPER})){_END}",
        rf"(?P<dateline>{_PLACES}(?:[،,]?\s+(?:في\s)?|\s?/\s?){DATE}{_SEP}(?:{SOURCE}|{_BRACKETED_PAPER})){_END}",
        rf"(?P<dateline>{_PLACE}\s(?:في\s)?{DATE}\sالموافق\s{DATE}{_SEP}{SOURCE}){_SEP}{_TEXT}",
        rf"(?P<dateline>{_PLACE}\s(?:في\s)?{DATE}\s?/\s?[^\W\d_]{{2,14}}(?:\s[^\W\d_]{{1,14}}){{0,3}}\s?/){_SEP}{_TEXT}",
        rf"(?P<dateline>{_PLACE}\s?{_SHORT_DATE}\s?{_BRACKETED_AGENCY}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACE}\s?/\s?{DATE}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACE}{_LAND}[،,]\s{DATE}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACES}{_SEP}{_SOURCES}){_DASH}من\s(?P<byline>{_PERSON}){_DASH}{_TEXT}",
        rf"(?P<dateline>{_PLACE}{_LAND}\s?{_BRACKETED_AGENCY}){_END}{_TEXT}",
        rf"من\s(?P<byline>{_PERSON})\s(?P<dateline>{_PLACES}\s?{_BRACKETED_AGENCY}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>من\s{_PERSON}){_DASH}{_BRACKETED_AGENCY}{_END}{_TEXT}",
        rf"(?P<byline>من\s{_PERSON}){_DASH}(?P<dateline>{_BRACKETED_AGENCY}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACES}{_SEP}{_SOURCES}|{_PLACES}{_MARK}{_PAPER}|{_PLACES}{_SEP}{_BRACKETED_PAPER}){_END}",
        rf"(?P<dateline>خاص|متابع(?:ة|ات)|(?:غرفة|قسم)\sالأخبار){_DASH}{_TEXT}",
        rf"(?P<dateline>{AGENCY}{_DASH}(?:{_PLACE}(?:\s?\([ء-ي]{{2,14}}\))?|{AGENCY}))\s*:\s*",
        rf"(?P<byline>{_PERSONS}){_DASH}(?P<dateline>{AGENCY}(?:{_DASH}[ء-يّ]{{2,14}}(?:\s[ء-يّ]{{2,14}})?)?)\s*:\s*",
        rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>{_PERSON})\s*:\s*",
        rf"(?P<dateline>{_QUOTED_AGENCY}|السودان\sاليوم|سبق|رويترز|وكالات)\s*:\s*",
        rf"(?P<dateline>سبق{_DASH}[ء-ي]{{2,14}})\s*:\s*",
        rf"(?P<dateline>(?:{_WIRE}|{_SITE}){_DASH}(?:متابعات|وكالات|{_PLACE})(?!\w))\s+(?=[\w«\"“])",
        rf"(?P<dateline>{AGENCY})\s?/\s?\.{{2,3}}\s*",
        rf"(?P<dateline>{_BRACKETED_AGENCY})(?:{_END}|\s+){_TEXT}",
        rf"(?P<dateline>(?:{_SOMEWHERE})?{_BRACKETED_AGENCY}|(?:{_PLACE}\s)?{_LIKE_AN_AGENCY})\s{{0,3}}[-–—]{{1,3}}\s*{_TEXT}",
        rf"(?P<dateline>{_WIRE}(?:\s?[/\-–—]\s?{_PLACE}(?!\w))?)(?:\s?/|\s{{0,3}}[-–—])\s*{_TEXT}",
        rf"(?P<dateline>{_PLACE})(?:\s*:\s*|\s*[-–—]\s+)(?!{_PLACE}(?!\w))(?=[^\W\d_])",
    )
)
PLACE_ALONE = HEAD_PREFIXES[-1]
SCORE_BEHIND = re.compile(r"[^\W\d_]+(?:\s[^\W\d_]+){0,2}\s*\d{1,2}\s?[-–:]\s?\d{1,2}(?!\d)")
# The same where no mark ends it: only before a verb that opens a sentence.
BEFORE_A_VERB = tuple(
    Later(pattern)
    for pattern in (
        rf"(?P<dateline>{_PLACES}{_SEP}(?!/){_QUOTED_AGENCY})[:،]?\s*{_TEXT}",
        rf"(?P<dateline>{_PLACE})\s?/\s?(?P<byline>{_PERSON})\s?/\s?{SOURCE}\s+{_TEXT}",
        rf"(?P<dateline>{_PLACES}{_MARK}(?:{_WIRE}|الأناضول))\s+{_TEXT}",
        rf"(?P<dateline>{AGENCY}{_DASH}(?:{AGENCY}|{_PLACE}))\s+{_TEXT}",
        rf"(?P<dateline>{_PLACES}\s?[:–-]\s?(?:وكالات|متابعات)|{_EMIRATE}\s?[:–-]\s?الخليج)\s+{_TEXT}",
        rf"(?P<byline>{_PERSON}){_DASH}(?P<dateline>{_PLACE})\s+{_TEXT}",
    )
)
# What looks like a verb (تواجه, رفضت) or begins the name of a club behind a town is no given name, but for these.
NO_GIVEN_NAME = re.compile(
    r"(?!(?:يوسف|ياسر|ياسين|ياسمين|يحيى|يعقوب|يونس|يزن|يارا|تركي|توفيق|تامر|تيسير|تحسين|تغريد|تهاني|تماضر|ميرفت|عصمت|"
    r"رفعت|طلعت|مدحت|حكمت|بهجت|نشأت|جودت|شوكت|صفوت|عفت|زينات|آيات|نعمات)$)(?:[يت]\w+|\w+ت|سان|ريال|نادي)"
)
# In front of a name: a place, where a colon and a verb end the name, or what one does who writes, where a verb ends it.
BEFORE_A_NAME = re.compile(rf"(?:(?P<dateline>{_PLACE})\s|(?P<byline>{_WROTE}))(?=[^\W\d_])")
