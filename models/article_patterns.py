"""What stands around the text of an article on a news page: tables of places, agencies and phrases, and patterns of them.

See `mujaz.models.articles`, which reads with them.
"""

from __future__ import annotations

import re

from mujaz.models.arabic_words import table


def _any_of(table: str) -> str:
    """Build an alternation out of names separated by ``|``, the longest first."""
    names = sorted((" ".join(name.split()) for name in table.split("|")), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(name).replace(r"\ ", r"\s") for name in names) + ")"


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
_WIRE = rf"(?:{_INITIALS}|رويترز|واس|وام|كونا|بترا|سانا|سونا|شينخوا|وأج|AFP|AP|Reuters)(?!\w)\.?"
_AGENCY = (
    _any_of(
        """رويترز|فرانس برس|الفرنسية|الألمانية|أسوشيتد برس|واس|وام|كونا|قنا|بترا|وفا|وات|سانا|سونا|وأج|إفي|
        نوفوستي|سبوتنيك|شينخوا|الأناضول|بلومبيرغ|بلومبرغ|بلومبيرج|وكالات|متابعات|الخليج|الشرق الأوسط|عكاظ|سبق|
        عين اليوم|الجزيرة نت|العربية نت|العربية.نت|سكاي نيوز عربية|سي إن إن|بي بي سي|روسيا اليوم|الاقتصادية|
        السودان اليوم|الثورة نت|البوابة نيوز|اليوم السابع|المصري اليوم|الإمارات اليوم|AFP|Reuters|AP|CNN|BBC|RT|
        DW|العربي الجديد|القدس العربي|دنيا الوطن|قدس نيوز|الأهرام|هسبريس|شفق نيوز|السومرية نيوز|مصراوي|صدى البلد"""
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
# Newspapers whose names are words, too: only behind a place they are meant.
_PAPER = _any_of(
    "الغد|الرأي|الدستور|الوطن|البيان|الاتحاد|الحياة|النهار|الأيام|الجريدة|الراي|القبس|الشروق|الجمهورية|المدن"
)
_SOURCE = rf"(?:{_QUOTED_AGENCY}|{_AGENCY})"
_DAY = r"(?:(?:الأحد|الاثنين|الإثنين|الثلاثاء|الأربعاء|الاربعاء|الخميس|الجمعة|السبت)[،,]?\s+)?"
_DATE = (
    rf"{_DAY}(?:\d{{1,2}}\s+{_MONTH}(?:\s?[/(]\s?{_MONTH}\)?)?(?:[،,]?\s+\d{{4}})?|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{2,4}})"
    r"(?:\s?(?:م|هـ|ه)(?!\w))?"
)
NAME = re.compile(r"[ء-يّ]{2,14}")
_LAND = r"(?:[،,]\s?[ء-ي]{2,14}(?:\s[ء-ي]{2,14}){0,3})?"  # the country behind a town
_TIME = r"\d{1,2}:\d{2}(?:\s?(?:صباحا|صباحًا|صباحاً|مساء|مساءً|ص|م|AM|PM|GMT))?(?!\w)"
# No names, though they stand where names do.
_NO_PERSON = r"(?!(?:شرطة|وزارة|هيئة|بلدية|جامعة|نادي|اتحاد|مجلس|محكمة|حكومة)\s)"
_PERSON = _NO_PERSON + r"(?:د\.\s?)?[ء-يّ]{2,14}(?:\s[ء-يّ]{2,14}){1,3}"
DASHES = ("-", "–", "—")
_DASH = r"\s{0,3}[-–—ـ−]{1,3}\s{0,3}"
_SEP = r"[\s\-–—ـ−:،,/|]{0,6}"  # all of these are bounded, so that no line of blanks makes them slow
_END = r"\s{0,3}[:/\-–—−]{1,3}\s*"  # between a dateline and the text behind it
_TEXT = r"(?=[\w«\"“(])"
_TALKED = r"[أا]جرت?ى?\s(?:الحوار|المقابلة|اللقاء)"
_WROTE = (
    rf"(?:{_TALKED}|كتبت?|بقلم|إعداد|أعدها?|تحرير|ترجمة|حوار|حاورته?|تقرير|تحقيق|متابعة|تغطية|تصوير|عدسة)\s*[:/\-–—]\s*"
)

# A line at the top that is nothing but one of these. Named groups say what is what.
HEAD_LINES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?!\d+\s\D+$)(?P<dateline>(?:{_PLACE}{_SEP})?{_DATE}(?:{_SEP}(?:الموافق\s)?{_DATE})?{_SEP}(?:{_TIME}{_SEP})?{_SOURCE}?)",
        rf"(?P<dateline>{_PLACE}{_SEP}{_SOURCE}|{_PLACE}{_DASH}{_PAPER})\s*[:\-–—.]*",
        r"(?P<dateline>[^\W\d_]{2,14}\s(?:برس|بريس|نيوز|أونلاين|اونلاين))\s*[:\-–—.]*",
        rf"(?P<dateline>{_PLACE}{_LAND}[،,]\s{_DATE})\s*[:\-–—.]*",
        rf"(?P<dateline>{_SOURCE}{_DASH}(?:{_PLACE}|{_SOURCE}))\s*[:\-–—.]*",
        rf"(?P<dateline>{_AGENCY}{_DASH}[ء-يّ]{{2,14}}(?:\s[ء-يّ]{{2,14}})?)",
        rf"(?P<byline>{_PERSON}){_DASH}(?P<dateline>{_PLACE}|{_SOURCE}|{_SOURCE}{_DASH}{_PLACE})\s*[:\-–—.]*",
        rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>{_PERSON})\s*:",
        rf"(?P<byline>{_WROTE}{_PERSON}(?:\s*[-–—،,/]\s*(?:{_PERSON}|{_PLACE})){{0,2}})\s?:?",
    )
)
# A line that is nothing but a place and a name of two words; of more it may be a headline.
PLACE_AND_NAME = re.compile(rf"(?P<dateline>{_PLACE}){_DASH}(?P<byline>[ء-يّ]{{2,14}}\s[ء-يّ]{{2,14}})")
# What may stand at the very beginning of the body, with the text right behind it.
HEAD_PREFIXES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<dateline>{_PLACE}\s*:\s*{_QUOTED_AGENCY})\s*[:،\-–—]*\s*",
        rf"(?P<dateline>{_PLACE}(?:[،,]?\s+(?:في\s)?|\s?/\s?){_DATE}{_SEP}{_SOURCE}){_END}",
        rf"(?P<dateline>{_PLACE}\s(?:في\s)?{_DATE}\sالموافق\s{_DATE}{_SEP}{_SOURCE}){_SEP}{_TEXT}",
        rf"(?P<dateline>{_PLACE}\s(?:في\s)?{_DATE}\s?/\s?[^\W\d_]{{2,14}}(?:\s[^\W\d_]{{1,14}}){{0,3}}\s?/){_SEP}{_TEXT}",
        rf"(?P<dateline>{_PLACE}\s?[–-]\s?\d{{1,2}}\s?[–-]\s?\d{{1,2}}\s?\(\s?كونا\s?\)){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACE}\s?/\s?{_DATE}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACE}{_LAND}[،,]\s{_DATE}){_END}{_TEXT}",
        rf"(?P<dateline>{_PLACE}{_SEP}{_SOURCE}|{_PLACE}{_DASH}{_PAPER}){_END}",
        rf"(?P<dateline>خاص|متابع(?:ة|ات)|(?:غرفة|قسم)\sالأخبار){_DASH}{_TEXT}",
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
SHARE_SIGNS = table(
    """شارك شاركها شاركه شاركوا مشاركة فيسبوك تويتر واتساب تيليجرام تليجرام تلغرام طباعة اطبع للطباعة نسخ انسخ
    تكبير تصغير حجم facebook twitter whatsapp telegram print share tweet"""
)
SHARE_WORDS = SHARE_SIGNS | table(
    """المشاركة انشر غرد فيس بوك وتويتر إكس واتس آب لينكدإن لينكد إن إنستغرام ماسنجر بريد البريد إلكتروني الإلكتروني
    الالكتروني الرابط رابط الخط الخبر المقال الموضوع الصفحة هذا هذه مع أصدقائك أرسل إرسال إلى لصديق صديق حفظ عبر على استمع
    linkedin email pinterest messenger instagram copy link x"""
)
SHARE_ALONE = table("طباعة للطباعة اطبع شارك مشاركة print share")  # a line "تويتر" may be a heading
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
    "cookies": r"(?:(?:نحن\s)?نستخدم|يستخدم\s(?:هذا\s)?الموقع|هذا\sالموقع\sيستخدم)\s.{0,40}"
    r"(?:تعريف\sالارتباط|[Cc]ookies|كوكيز).{0,120}",
    "breadcrumbs": r"(?:الصفحة\s)?الرئيسية\s*[>»›/|←].{1,120}",
    "photo": r"\(?(?:ال)?صورة\s(?:[أا]رشيفية|تعبيرية|توضيحية|من\sالأرشيف)\)?|\((?:ال)?صورة\s?:[^()]{1,60}\)|"
    r"\(?[أا]رشيفية\)?",
    "text size": r"[Aa]\s?[+-](?:\s?[|/]?\s?[Aa]\s?[+-])*",
    "advert": r"[إا]علان(?:ات)?|مساحة\sإعلانية|Advertisement",
    "date stamp": rf"(?:نُ?شرت?\sفي|(?:تم|تاريخ)\sالنشر|[آا]خر\sتحديث|تم\sالتحديث)\s*:?\s*{_DAY}\d[\w\s/:،\-–.|]{{3,60}}|"
    rf"(?:قبل|منذ)\s(?:\d{{1,2}}\s)?(?:دقيقة|دقائق|ساعة|ساعات|ساعتين|يوم|يومين|أيام)|{_TIME}\s?[|\-–]\s?{_DATE}",
}
LEFTOVER_LINE = re.compile(
    "|".join(f"(?P<{name.replace(' ', '_')}>{pattern})" for name, pattern in _LEFTOVER_LINES.items())
)
AROUND = re.compile(r"^[\s|•●▪*>+\u200e\u200f-]+|[\s|•●▪*<+\u200e\u200f]+$")
# In the last sentence of a text the tail of a page begins with one of these, or a text ends with one of those.
TAIL_BEGINS = re.compile(rf"(?:(?<!\d)\d{{4}}\s)?(?:{_RIGHTS})|{_READ_ALSO}\s*[:|]|(?<!\w)(?:{_TAGS})\s*:")
TAIL_HEADING = re.compile(  # not "مواضيع متعلقة بالقصر"
    rf"(?:{_RELATED})(?=\s|$)(?!\s(?:ب|لـ?|في|من|بين|على|عن)\w*|\s(?:هم|هي|هو)\s)"
)
TEXT_ENDS = re.compile(rf"(?:{_CREDIT}|(?<!\w)المصدر\s*:\s*{_SOURCE}|{_EMAIL}|//\s?[اإ]نتهى\s?//)[\s.]*$")
