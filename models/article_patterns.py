"""What a news page leaves around the text of an article: share bars, related articles, rights, credits; patterns of them.

See `mujaz.models.articles`, which reads with them; what stands in front of an article is in `mujaz.models.datelines`.
"""

from __future__ import annotations

import re

from mujaz.models.arabic_words import table
from mujaz.models.datelines import AGENCY, DATE, DAY, SOURCE, TIME

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
_WRITE = r"(?:(?<!\w)(?:للتواصل(?:\sمع\s\w{1,20})?|لمراسلة\s\w{1,20})\s?:?\s?)?"
_CREDIT = rf"\(\s?{AGENCY}(?:\s?[-،,+/]\s?{AGENCY}){{0,2}}\s?\.?\)"
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
    "link": r"(?:الرابط(?:\sالمختصر)?\s*:?\s*)?(?:https?://|www\.)\S+",
    "agency mark": r"//\s?[اإ]نتهى\s?//|\d{1,2}\s?:\s?\d{2}\s?ت\s?م",
    "credit": rf"{_CREDIT}|-\s?{AGENCY}\s?-|\*?\s?خدمة\s«[^»]{{3,30}}»|"
    r"\(\s?(?:[إا]عداد|تحرير|تغطية|كتابة)\s[^()]{3,120}\)",
    "comments": r"(?:\(?\d{1,5}\)?\s)?(?:ال)?تعليق(?:ات)?\s?(?:\(\d{0,5}\))?|لا\s(?:توجد|يوجد)\sتعليقات|[أا]ضف\sتعليقا?ً?ك?|"
    r"(?:ال)?تعليقات\sمغلقة",
    "views": r"(?:عدد\s)?(?:ال)?(?:مشاهدات|قراءات|زيارات)\s*:?\s*\d[\d,.]*",
    "more": r"[.…]{2,}\s*المزيد|(?:اقرأ|قراءة|شاهد)\sالمزيد\s*[.…]*|للمزيد\s*[.…:]*",
    "cookies": r"(?:(?:نحن\s)?نستخدم|يستخدم\s(?:هذا\s)?الموقع|هذا\sالموقع\sيستخدم)\s.{0,40}"
    r"(?:تعريف\sالارتباط|[Cc]ookies|كوكيز).{0,120}",
    "breadcrumbs": r"(?:الصفحة\s)?الرئيسية\s*[>»›/|←].{1,120}",
    "photo": r"\(?(?:ال)?صورة\s(?:[أا]رشيفية|تعبيرية|توضيحية|من\sالأرشيف)\)?|\((?:ال)?صورة\s?:[^()]{1,60}\)|"
    r"\(?[أا]رشيفية\)?",
    "text size": r"[Aa]\s?[+-](?:\s?[|/]?\s?[Aa]\s?[+-])*",
    "advert": r"[إا]علان(?:ات)?|مساحة\sإعلانية|Advertisement",
    "date stamp": rf"(?:نُ?شرت?\sفي|(?:تم|تاريخ)\sالنشر(?:\sفي)?|[آا]خر\sتحديث|تم\sالتحديث)"
    rf"\s*:?\s*{DAY}\d[\w\s/:،\-–.|]{{3,60}}|"
    rf"(?:قبل|منذ)\s(?:\d{{1,2}}\s)?(?:دقيقة|دقائق|ساعة|ساعات|ساعتين|يوم|يومين|أيام)|{TIME}\s?[|\-–]\s?{DATE}",
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
TEXT_ENDS = re.compile(rf"(?:{_CREDIT}|(?<!\w)المصدر\s*:\s*{SOURCE}|{_WRITE}{_EMAIL}|//\s?[اإ]نتهى\s?//)[\s.]*$")
