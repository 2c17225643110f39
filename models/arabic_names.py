"""Words of Arabic text that look like names. Arabic has no capitals, so two tables stand in for them.

A word looks like a name that stands in a table of countries, cities and given names, or right behind a word that introduces
one (``الوزير``, ``مدينة``, ``شركة``). What neither covers is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from mujaz.models.arabic_words import table, words
from mujaz.models.headline_words import PRESENT
from mujaz.models.news_verbs import OPENERS
from mujaz.models.word_bases import FUNCTION_WORDS, bases

# All words here are as `mujaz.models.arabic_words` leaves them, without clitics.
_PLACES = """
    السعوديه الرياض جده مكه المدينه الدمام الطايف الطائف تبوك ابها جازان نجران حائل القصيم الاحساء القطيف ينبع
    الجبيل الامارات دبي ابوظبي الشارقه عجمان الفجيره الكويت قطر الدوحه البحرين المنامه عمان مسقط اليمن صنعاء عدن
    تعز الحديده مارب صعده العراق بغداد البصره الموصل اربيل كركوك النجف كربلاء الفلوجه الرمادي تكريت سوريا سوريه
    دمشق حلب حمص حماه ادلب الرقه درعا اللاذقيه لبنان بيروت طرابلس صيدا الاردن اربد فلسطين القدس غزه نابلس رفح جنين
    مصر القاهره الاسكندريه الجيزه اسوان الاقصر السويس بورسعيد سيناء السودان الخرطوم دارفور جوبا ليبيا بنغازي
    مصراته سرت تونس صفاقس سوسه القيروان قابس بنزرت القصرين المنستير نابل قفصه الجزائر وهران قسنطينه المغرب الرباط
    مراكش طنجه موريتانيا نواكشوط الصومال مقديشو جيبوتي تركيا انقره اسطنبول ايران طهران افغانستان كابول باكستان
    الهند نيودلهي بنغلاديش الصين بكين اليابان طوكيو كوريا ماليزيا اندونيسيا جاكرتا روسيا موسكو اوكرانيا كييف
    بريطانيا لندن فرنسا باريس المانيا برلين ايطاليا روما اسبانيا مدريد برشلونه هولندا بلجيكا بروكسل سويسرا جنيف
    النمسا فيينا اليونان اثينا السويد النرويج الدنمارك بولندا البرتغال قبرص اميركا امريكا واشنطن نيويورك كندا
    المكسيك البرازيل الارجنتين كوبا فنزويلا كولومبيا استراليا اثيوبيا كينيا نيجيريا مالي النيجر تشاد السنغال
    اسرائيل اوروبا افريقيا اسيا استانبول
"""
_GIVEN = """
    محمد احمد محمود علي حسن حسين عمر عثمان خالد سعد سعيد سعود فهد فيصل سلمان سلطان تركي بندر نايف ماجد نواف طلال
    عبدالله عبدالعزيز عبدالرحمن عبدالملك عبدالرزاق عبدالكريم عبداللطيف عبدالفتاح ابراهيم اسماعيل يوسف يعقوب موسي
    عيسي مصطفي مرتضي جمال كمال جلال صلاح طارق هشام وليد ياسر سامي سمير منير امير بشار بشير حامد حمد حمود راشد رشيد
    زياد زيد سليمان شاكر صالح عادل عامر عباس عصام عماد فارس فؤاد قاسم كريم لطفي ماهر مازن مراد مروان منصور ناصر
    نبيل نزار نوري هاني هيثم يحيي ياسين فاطمه عائشه خديجه مريم زينب ساره نوره هند هدي مني سعاد سميره نجلاء ليلي
    سلمي امينه حنان باراك دونالد جون جورج فلاديمير انجيلا ديفيد مايكل بوتين اوباما ترامب ترمب كيري ميركل هولاند اردوغان
    روحاني خامنئي السيسي الاسد القذافي العبادي الحوثي هادي السبسي المرزوقي الغنوشي النهضه ميسي رونالدو بايرن ريال
    تبون تميم تشارلز تشافيز تيريزا ترودو تسيبراس يونس يلتسين يانوكوفيتش ستارمر سيرغي ويليام فيدل فتحي تيلرسون يلدريم
    يوفنتوس تشيلسي ارسنال ليفربول الهلال النصر الاتحاد الاهلي الزمالك الترجي
"""
# Words of these tables that mean something else as often: names only behind an introducing word.
_ALSO_WORDS = """
    علي حسن سعد سعيد سلطان امير كريم راشد عادل عامر شاكر صالح ناصر منصور مراد هادي هند هدي مني حمد حامد هلال نصر
    اتحاد اهلي نهضه مدينه جلال كمال جمال صلاح ماهر فارس بشير مالي مارب سرت نوري زيد ريال مصطفي اسد عمان نابل حنان
    سامي منير رشيد قاسم لاهلي لاتحاد امينه
"""
_INTRODUCING = """
    الرئيس الوزير الملك الامير الاميره الشيخ الدكتور الدكتوره السيد السيده اللواء العميد العقيد الرائد القاضي
    النائب المدرب اللاعب الكاتب الفنان الفنانه المهندس السفير المخرج الناشط الصحفي الاعلامي الاستاذ المدعو المواطن
    الشهيد مدينه محافظه بلده قريه شركه نادي مطار جامعه
"""
TABLE = frozenset(_PLACES.split()) | frozenset(_GIVEN.split())
ALSO_WORDS = frozenset(_ALSO_WORDS.split())
INTRODUCING = frozenset(_INTRODUCING.split())
# "The minister announces"; three of the verbs are names as well.
_VERBS = frozenset(word for form in PRESENT.values() for word in words(form)) | OPENERS - table("حافظ صادق كرم")
# Behind a title, what has the letters of a verb of today or tomorrow (or of a past with ت) is one more often than a name:
# الملك يقضي, الرئيس سيواصل. Few letters, and ا only in some places among them: تشافيز and يانوكوفيتش are none.
_STEMS = (
    "[تن]?[^ا]{2,3}",  # يقضي يضم يتقدم تنكسر
    "[تن]?[^ا]ا[^ا]{1,2}",  # يواجه ينام يتواصل تنهار
    "[^ا]{4}|[^ا][تطد]ا[^ا]",  # يسيطر يحتفل يحتاج
    "ست(?:[^ا]{2,3}|[^ا]?ا[^ا]{1,2})",  # يستقبل يستفيد يستانف
    "[تن]?[^ا]{2}ا",  # يبدا يتوضا
    "ا(?:تي|خذ|مر|مل|سف|كل|ذن|وي|بي)",  # ياتي
    "[^ا]{2}ي[^ا](?:ا|ات)",  # nouns of verbs: تقريبا, تصريحات
)
_ENDINGS_OF_VERBS = "(?:ان|ون|وا|ين|ت|ها|هم|ه|نا)?"
_LIKE_A_VERB = re.compile(
    rf"فيما|تماما|وس?ت\w{{2,}}|[وف]?(?:س(?=\w{{3}}))?[يت](?:{'|'.join(_STEMS)}){_ENDINGS_OF_VERBS}"
)
# Names that have its letters, too, besides those of the table.
NO_VERBS = table(
    """توفيق تامر تحسين تيسير تمام تيم توم توني تيري تيلور تود تروس توسك تيفيز تشرشل تشيني تشانغ تشين تيتو تيموثي تورنس
    ترنتون تسيبي تسفانجيراي يسار يزن يوهان يورغن يونكر يوسي يوري ينس يلماز يون يانغ ياسمين سيف سيد سيدي سيمون سيرين سيريل
    سيلين سيرجي سيرجيو سيلفا سيلفيو ستيف ستيفن ستيفان ستالين ويلسون ويلز ويليامز
    فيدل فيليب فيليبي فيدان فيحان فيتو"""
)
PREFIXES = ("", "و", "ف", "ب", "ل", "ك", "ال")
# Endings that a country has and its adjective has not: روسيا and الروسي.
_ENDINGS = ("يا", "يه", "ا", "ه", "ان", "ات")
_ADJECTIVE = re.compile(r"(?:[وفبلك]?ال)?(\w{3,}?)يه?")
# Ways to write one name.
_WRITTEN = (
    frozenset(("اميركا", "امريكا", "اميركي", "امريكي")),
    frozenset(("سوريا", "سوريه")),
    frozenset(("ترامب", "ترمب")),
    frozenset(("اسطنبول", "استانبول")),
    frozenset(("بنغلاديش", "بنغلادش")),
)
_FIRST_HALVES = ("عبد", "ابو")  # of names that are written in one word or in two


def new_names(said: Sequence[str], known: AbstractSet[str]) -> tuple[str, ...]:
    """The words of a text that look like names and that its source does not have.

    Args:
        said: Words of the text, see `mujaz.models.arabic_words`.
        known: The bases of all words of the source, see `mujaz.models.word_bases`.
    """
    found = []
    for place, word in enumerate(said):
        if not bases(word) or not known.isdisjoint(bases(word)) or _otherwise(word, known):
            continue
        introduced = place > 0 and _introduces(said[place - 1], word)
        if introduced or (_bare(word) & TABLE and not _bare(word) & ALSO_WORDS):
            found.append(word)
    return tuple(dict.fromkeys(found))


def _introduces(before: str, word: str) -> bool:
    """Whether a title or a kind of place stands before a word, and the word is no verb."""
    if word in _VERBS or not _bare(before) & INTRODUCING:
        return False
    title = before.startswith(("ال", "وال"))
    return not (title and _LIKE_A_VERB.fullmatch(word) and word not in TABLE and word not in NO_VERBS)


def _otherwise(word: str, known: AbstractSet[str]) -> bool:
    """Whether a source has a name in another form: the adjective of a country or its country, another spelling."""
    adjective = _ADJECTIVE.fullmatch(word)
    if adjective:
        countries = {adjective[1] + end for end in ("", *_ENDINGS)}
        countries = {name for name in countries if name in TABLE or "ال" + name in TABLE}
        if not known.isdisjoint(base for name in countries for base in bases(name)):
            return True
    for name in _bare(word) & TABLE:
        bare = name.removeprefix("ال")
        stems = {name, bare} | {
            name[: -len(end)] for end in _ENDINGS if name.endswith(end) and len(name) - len(end) >= 3
        }
        ways = {base for names in _WRITTEN if name in names for way in names for base in bases(way)}
        halves = [(half, name.removeprefix(half)) for half in _FIRST_HALVES if name.startswith(half)]
        if not known.isdisjoint(stems | ways):
            return True
        if any({half} | bases(rest) <= known | FUNCTION_WORDS for half, rest in halves):
            return True
    return False


def _bare(word: str) -> set[str]:
    """What a word may be without one prefix: ``بالقاهره`` is ``القاهره``."""
    return {word[len(prefix) :] for prefix in PREFIXES if word.startswith(prefix) and len(word) - len(prefix) >= 3}
