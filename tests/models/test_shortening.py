"""What is left out of the middle of a stretch, each case marked in the text by hand: [ and ] stand around it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mujaz.models.clauses import NEVER, boundaries, own_words
from mujaz.models.selection_info import LIKELY
from mujaz.models.shortening import removable, shortened

LEFT_OUT = [
    "قال وزير المياه [في مؤتمر صحافي عقده مساء أمس] إن السد امتلأ",
    "أعلنت الشركة [اليوم الأحد، في بيان لها،] أنها ستوقف الخدمة",
    "وأكدت المديرة سلمى فلاح [في تصريح لصحيفة الساحل] أن الدراسة تبدأ غدا",
    "شدد رئيس النادي [خلال لقائه باللاعبين] على أن الفوز ممكن",
    "دعت الجمعية [في بيان أصدرته] إلى فتح تحقيق",
    "دعت رئيسة الاتحاد، [اليوم الأربعاء،] الحكومة إلى اتخاذ إجراءات",
    "كشفت الوزارة [في بلاغ لها] عما تم حجزه",
    "انطلقت [مساء أمس الأول] فعاليات المعرض في المدينة",
    "وصلت البعثة [يوم الجمعة الماضي] إلى العاصمة",
    "أقيم السباق [صباح السبت] في الميناء",
    "تبدأ [اليوم الخميس 01 أكتوبر 2015] دورة جديدة",
    "يزور [صاحب السمو الملكي] الأمير سالم المدينة",
    "افتتح [الدكتور] سعيد الجسر",
    "فاز الممثل سامي نور [(46 عاما)] بجائزة كبيرة",
    "استعرض المجلس، [الذي انعقد مساء،] خطة المياه",
    "استعرض المجلس, [الذي انعقد مساء,] خطة المياه",
    "فاز الممثل سامي نور [(46 عاما)،] بجائزة كبيرة",
    "وصل الوفد [يوم أمس الأول] إلى الميناء",
    "اندلع الحريق [يوم الأحد الفارط] في المصنع",
    "أجرى الفريق [عشية أمس] حصته التدريبية",
    "زار [معالي] الشيخ سعيد الجسر",
    "وقال [السيد] سعيد بعد ذلك كلمة",
    "أعلنت الشركة [اليوم الأحد, في بيان لها,] أنها ستوقف الخدمة",
    "قال المدير [في بيان] إنه سيستقيل غدا",
    "قالت المديرة [في بيان] إنها ستستقيل غدا",
    "قال المدير [في بيان] إنهم سيستقيلون غدا",
    "قال المدير [في بيان] إنهما سيستقيلان غدا",
    "أكد الوزير [في بيان] على أن السد امتلأ",
    "قال المدرب [في مقابلة تلفزيونية] إن الفريق تعب",
    "قال الرئيس [في خطاب متلفز] إن السد امتلأ",
    "قال الرئيس [في برامج كثيرة] إن السد امتلأ",
    "قال الرئيس [في بريطانيا] إن السد امتلأ",
    "لفت المدير [في بيان] إلى أن السد امتلأ",
    "وصل الوفد [ظهر الجمعة] إلى الميناء",
    "وصل الوفد [بعد ظهر الجمعة] إلى الميناء",
    "وصل الوفد [ليلة الجمعة] إلى الميناء",
    "زار [معالي] [الدكتور] سامي الجسر",
    "حضر ومعه [السيد] وزير النقل الحفل",
    "زار الرئيس [السيد] سعيد المدينة",
    "التقى الوفد مع [السيد] سعيد نور",
    "زار المدير الجديد، [السيد] سعيد، المدينة",
    "يزور [صاحب السمو] الأمير سالم المدينة",
    "تزور [صاحبة السمو الملكي] الأميرة سلمى المدينة",
    "تزور [صاحبة السمو] الأميرة سلمى المدينة",
    "قال المدير [في بيان (رسمي)] إن السد امتلأ",
    "فقال المدير [في بيان] إن السد امتلأ",
    "قال المدير في بيان وأكد النائب [في الحفل] أن السد امتلأ",
    "دعت الجمعية [في بيان عما جرى] إلى فتح تحقيق",
    "هزم المنتخب ضيفه [(3 أهداف)] في الملعب",
    "وصل سامي [(المدير)] وسعيد [(النائب)] إلى الميناء",
    "كان المدير، [الذي زار الساحل،] أكد للنائب، [وهو صديقه،] الخبر",
    "استقبل المدير، [الذي زار الساحل،] [في المكتب،] نائب المدينة",
    "أكد المدير، [وهو مهندس،] أن السد، رغم قدمه، متين",
    "ذكرت الصحيفة السبت أن الفرقة تمكنت [ظهر اليوم] من إنقاذ الغواص",
    "قال سامي نور الذي استقبل [أمس] نائب الساحل إن السد امتلأ",
    "أفادت البلدية [في بلاغ لها] بأن الشارع مغلق",
    "وبين مدير الميناء [في بيان] أن السد امتلأ",
    "كان المدير، [وهو مهندس،] يزور السد، رغم قدمه، يوميا",
    "سافر الوفد بعد الحفل [يوم الجمعة] إلى الساحل",
    "كرم النادي [(واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة)] المدرب",
]
NOTHING = [
    "قال الوزير إن السد امتلأ",
    "يكون طقس اليوم مشمسا في الجبال",
    "ارتفع السعر خلال جلسة أمس كثيرا",
    "منذ مساء أمس تهطل الأمطار",
    "في اليوم الأول من المعرض حضر كثيرون",
    "يحتفل الناس بذكرى اليوم الوطني معا",
    "نشرت صحيفة المصري اليوم خبرا",
    "أرسلت ست طائرات من طراز (إف 16) ونحو مئة جندي",
    "نقل إلى مستشفى الدكتور سليمان ليلا",
    "قال الوزير في حال عدم الاتفاق إن العمل يتوقف",
    "قال النائب خلال جلسة لم تنته إن العمل يتوقف",
    "أكد المدير، ولم يحضر، أن العمل مستمر",
    "قال المدرب في «مقابلة إن الفريق» تعب",
    "زار الوفد المدينة. اليوم الأحد يعود",
    "فشل المنتخب في التأهل إلى الكأس رغم أن مدربه جدد الثقة في لاعبيه",
    "نقلت السيارات في المدينة المصابين بعد أن انهار الجسر",
    "توقع الصندوق في العام المقبل نموا إلا أن الأسعار ارتفعت",
    "أعلنت المحكمة أن يوم الاثنين هو أول الشهر",
    "قررت الحكومة أن يكون يوم الاثنين المقبل عطلة رسمية",
    "حددت اللجنة يوم الأحد 12 أكتوبر موعدا للاقتراع",
    "شهد يوم أمس بداية التداول على السهم",
    "تعلق الدراسة يوم الأربعاء والخميس في المدينة",
    "نظمت الوزارة يوم الخميس 27 جويلية 2017 والأيام الموالية حملة",
    "يلتقي النصر والهلال اليوم والأهلي والاتحاد غدا في الملعب",
    "سقطت الطائرة أول أمس على الطريق",
    "ستغلق المحال أبوابها يوم الجمعة فقط بسبب الجرد",
    "الخبز لن يباع يوم الجمعة في المدينة",
    "بلغ عدد المصابين اليوم 12 حالة مقابل 30 حالة أمس في البلاد",
    "تقام المباراة النهائية يوم الجمعة المقبل في الملعب",
    "تفتح مراكز الاقتراع أبوابها يوم السبت في الثامنة",
    "اعترفت الممثلة، التي طلقت من زوجها المخرج، سالم سعيد، بأنها تزوجت",
    "يتعاون البلدان في الطب، في الهندسة، في التعليم، وفي النقل",
    "احتضنت القاعة، ضمن المعرض ندوة بعنوان الشعر، شارك فيها كتاب",
    "تعاني الطفلة من مرض (التوحد) منذ ولادتها",
    "خطف المنتخب السعودي لكرة الطاولة (18 عاما) لقب البطولة",
    "قتل عنصران من حركة (النور) وثلاثة مدنيين",
    "أودعت فروع من بنك وبنك (الساحل) أموالا",
    "قال زعيم الحركة، الذي تتهمه السلطات بالإرهاب، إن جماعته سلمية",
    "تسلم الرجل، الذي برأته المحكمة، جواز سفره",
    "حكم على الدكتور بالسجن ثلاث سنوات",
    "ليست سعادة الإنسان في المال",
    "قال محمد السيد سعيد إن العمل تم",
    "أضرب الأستاذ الجامعي عن الطعام",
    "نشرت قناة روسيا اليوم صورا للفندق",
    "تنظر المحكمة، يوم الجمعة المقبل، في القضية",
    "أعلن المدير المقيم في الساحل أن المصنع سيغلق",
    "أقامت الوزارة يوم الخميس 27 جويلية 2017 والأيام الموالية حملة",
    "ستغلق المحال أبوابها يوم الجمعة بسبب الجرد",
    "تصل السفينة يوم الجمعة إلى الميناء",
    "فاز المنتخب (تحت 20 سنة) بالكأس الأولى",
    "زار مدير النادي (سابقا) الملعب الجديد",
    "تزيد سعادة أطفال المدينة كل عام",
    "وصل إلى المدينة الدكتور",
    "افتتح الدكتور 3 جسور في المدينة",
    "أكد الدكتور أنه متفائل بالنتائج",
    "سافر الدكتور إلى المدينة معنا",
    "في الحفل الدكتور قال كلمة",
    "زارت مريم السيدة سعاد في البيت",
    "زار صاحب الأمير سالم المدينة",
    "زارت صاحبة الأمير سالم المدينة",
    "(صور) وصل الوفد إلى الميناء",
    "وصل الوفد إلى الميناء (صور)",
    'قال المدرب في "لقاء إن الفريق" تعب',
    "قال المدرب في “لقاء إن الفريق” تعب",
    "قال المدرب في «لقاء إن الفريق» تعب",
    "كان يقال دائما في المدينة إن السد امتلأ",
    "فاز نادي الساحل (سيدات) بالكأس",
    "قال مدير صحيفة اليوم إن السد امتلأ",
    "تمكن المدرب خلال أيام ثم علم أن الفريق تعب",
    "قال المدرب في بيان ورغم أن الفريق تعب إنه سعيد",
    "وصل الوفد (من الساحل إلى الميناء",
    "ضم الوفد (3) نواب من المدينة",
    "نظر القضاة في (1500) قضية مرورية",
    "بلغ السعر نسبة (40%) في السوق",
    "سجل اللاعب الهدف الأول، وفي الشوط الثاني، عزز زميله النتيجة",
    "زار الوزير بالمستشفى (النور) المرضى",
    "زار الوزير بمستشفى (النور) المرضى",
    "زار الوزير والمستشفى (النور) مغلق",
    "يقع البيت في حي (النور) قرب الميناء",
    "يسكن في حي الدكتور سليمان قرب البحر",
    "حضر الوزير، الذي زار المدينة، والنائب الحفل",
    "يتعاون البلدان في الطب، في الهندسة، في التعليم معا",
    "يتعاون البلدان في الطب، في الهندسة، ثم التعليم",
    "يتعاون البلدان طبيا، في الهندسة، في التعليم معا",
    "وقع يوم الجمعة - ليلا حادث كبير",
    "المباراة النهائية يوم الجمعة المقبل في الملعب",
    "كرم النادي (واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة أحد) المدرب",
    # "that" is another's: expected, made clear, who says it stands in between
    "وقعت عقود بين الموانئ المشاركة في المعرض وشركات من المتوقع أن تزيد",
    "أعلنت البلدية نتائج المسح في الأحياء ومن المنتظر أن تنشر",
    "أكد الباحث سامي نور بأن السد امتلأ مشيرا إلى أن الخزان فارغ",
    "أكد سامي نور باحث في شؤون المياه أن السد امتلأ",
    "قالت المديرة إنها راضية عن العمل في الميناء، مضيفة أن السد امتلأ",
    "ألغى المجلس الرسوم، في وقت اعتبر النائب سامي نور، أن القرار متأخر",
    "قال المحامي في رد على اتهام، سعاد نور، له بأنه تأخر",
    # whom a name behind the comma belongs to
    "التقى المدير مندوب الشركة، وذلك بحضور داليا نور، رئيسة المكتب، لبحث الخطة",
    "رفض الاقتراح، حسب ما قاله سامي نور، عضو المجلس عن الساحل",
    # what is named in brackets alone
    "تستمر المرحلة التي تشمل (التسجيل والقيد) أسبوعين",
    "العسل وهو (عسل السدر) من الجبال",
]


def _marked(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    for word in text.split():
        if word.startswith("[") and not word.startswith("(["):
            spans.append((len(words), 0))
        words.append(word.removeprefix("[").removesuffix("]") if not word.startswith("[(") else word[1:])
        if word.endswith("]"):
            words[-1] = words[-1].removesuffix("]")
            spans[-1] = (spans[-1][0], len(words))
    return words, spans


def _removable(words: list[str]) -> list[tuple[int, int]]:
    ends = [word.endswith(".") for word in words]
    sentences = np.cumsum([0, *ends[:-1]]).astype(np.int64)
    own = own_words(words)
    found = removable(own, words, sentences, boundaries(words, sentences, own).needs)
    return [(one.first, one.end) for one in found]


@pytest.mark.parametrize("text", LEFT_OUT)
def test_what_can_be_left_out(text: str) -> None:
    words, spans = _marked(text)
    assert _removable(words) == spans


@pytest.mark.parametrize("text", NOTHING)
def test_what_cannot(text: str) -> None:
    assert _removable(text.split()) == []


@pytest.mark.parametrize(
    "tells",
    """برأوه بريء تبرئتها اتهموه يتهم متهم المتهمون المدانون أدين أدان مزعوم المزعوم سابق السابق الإكراه التعذيب شروط بشروط
    بدلا مقابل خطأ سحبوه حذفوه ساخرون كذبوه وسحبوه""".split(),  # noqa: SIM905  # as a table is written
)
def test_what_tells_of_guilt_and_doubt_stays(tells: str) -> None:
    assert _removable(f"زار الرجل، الذي كان {tells} هنا، المدينة".split()) == []


def test_a_clause_between_commas_goes() -> None:
    assert _removable(["زار", "الرجل،", "الذي", "كان", "هنا،", "المدينة"]) == [(2, 5)]


@pytest.mark.parametrize(("inside", "spans"), [(14, [(2, 16)]), (15, [])])
def test_a_long_clause_between_commas_stays(inside: int, spans: list[tuple[int, int]]) -> None:
    words = ["زار", "الرجل،", "الذي", *["نام"] * (inside - 2), "هنا،", "المدينة"]
    assert _removable(words) == spans


def test_square_brackets() -> None:
    assert _removable(["فاز", "الممثل", "[سامي", "نور]", "بجائزة", "كبيرة"]) == [(2, 4)]


def test_only_what_a_summary_hardly_has_is_left_out() -> None:
    words, ((first, end),) = _marked("أعلنت الوزارة [اليوم الأحد] أن السد امتلأ")
    sentences, own = np.zeros(len(words), dtype=np.int64), own_words(words)
    costs = boundaries(words, sentences, own)
    unlikely, likely = np.full(len(words), LIKELY / 2), np.full(len(words), LIKELY * 2)
    places, _ = shortened(own, words, sentences, costs, unlikely, LIKELY)
    assert places.tolist() == [place for place in range(len(words)) if not first <= place < end]
    places, same = shortened(own, words, sentences, costs, likely, LIKELY)
    assert places.tolist() == list(range(len(words)))
    assert same is costs


def test_what_was_said_is_shortened_only_behind_its_verb() -> None:
    words, ((_, end),) = _marked("قال وزير المياه [في بيان له] إن السد امتلأ أمس")
    sentences, own = np.zeros(len(words), dtype=np.int64), own_words(words)
    places, costs = shortened(own, words, sentences, boundaries(words, sentences, own), np.zeros(len(words)), LIKELY)
    start = dict(zip(places.tolist(), costs.start, strict=True))
    assert start[0] < NEVER
    assert start[1] == start[2] == NEVER  # "the minister … that the dam is full"
    assert start[end + 1] == 0  # behind "that" a stretch starts as ever


def test_a_verb_needs_fewer_words_up_to_its_object() -> None:
    words, ((first, end),) = _marked("دعت الجمعية [في بيان أصدرته] إلى فتح تحقيق")
    sentences, own = np.zeros(len(words), dtype=np.int64), own_words(words)
    costs = boundaries(words, sentences, own)
    _, shorter = shortened(own, words, sentences, costs, np.zeros(len(words)), LIKELY)
    assert shorter.needs[0] == costs.needs[0] - (end - first)
    assert (shorter.needs[1:] == 0).all()


VOCABULARY = sorted({word for text in (*LEFT_OUT, *NOTHING) for word in _marked(text)[0]} | {"-", "،", "(", ")", "."})


@given(st.lists(st.sampled_from(VOCABULARY), max_size=30), st.data())
def test_any_words_in_any_order(words: list[str], data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.integers(0, 1), min_size=len(words), max_size=len(words)))
    sentences, own = np.cumsum(steps).astype(np.int64), own_words(words)
    costs = boundaries(words, sentences, own)
    spans = removable(own, words, sentences, costs.needs)
    for one in spans:
        assert 0 < one.first < one.end < len(words)
        assert sentences[one.first - 1] == sentences[one.end]
    assert all(one.end <= other.first for one, other in pairwise(spans))
    places, shorter = shortened(own, words, sentences, costs, np.zeros(len(words)), LIKELY)
    left_out = {place for one in spans for place in range(one.first, one.end)}
    assert places.tolist() == [place for place in range(len(words)) if place not in left_out]
    assert (shorter.needs <= costs.needs[places]).all()
