"""The models inside the package: there, small, documented, and better than chance by far."""

from __future__ import annotations

import json
import re
import runpy
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from sklearn.metrics import f1_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mujaz import Summarizer, TextClassifier, evaluate
from mujaz.cli import cli
from mujaz.errors import CheckpointError, UsageError
from mujaz.models.checkpoint import EMBEDDED, embedded_models, read_info
from mujaz.models.selecting import SelectingSummarizer
from mujaz.models.summary_checks import check_summary
from mujaz.models.windows import LongText
from mujaz.training.data import Example

ROOT = Path(__file__).resolve().parents[2]
ROWS = 200

HEADLINES = {
    "sports": "المنتخب يفوز على ضيفه بهدفين في تصفيات كأس العالم لكرة القدم ويتصدر مجموعته",
    "finance": "أسهم البنوك ترفع مؤشر البورصة وأرباح الشركات تتجاوز مليار درهم في الربع الثالث",
    "medical": "أطباء: لقاح جديد يحمي مرضى السكري من مضاعفات الفيروس وينصح بالعلاج المبكر",
    "religion": "الشيخ يشرح في خطبة الجمعة آيات من القرآن الكريم عن الصبر والصلاة والزكاة",
}


@pytest.fixture(scope="module")
def topic() -> TextClassifier:
    return TextClassifier.from_pretrained(device="cpu", precision="float32")


@pytest.fixture(scope="module")
def summarizer() -> Summarizer:
    return Summarizer.from_pretrained(device="cpu")


def _rows(file: Path) -> list[dict[str, Any]]:
    """Rows drawn evenly from a whole file, since files are often sorted by label."""
    table = pq.read_table(file)
    rows: list[dict[str, Any]] = table.take(np.linspace(0, len(table) - 1, ROWS).astype(int)).to_pylist()
    return rows


NAMES = ["stance", "summary", "topic"]


def test_all_are_there_and_small() -> None:
    assert set(NAMES) <= set(embedded_models())
    assert sum(file.stat().st_size for file in EMBEDDED.rglob("*")) <= 60e6


@pytest.mark.parametrize("name", NAMES)
def test_small_and_documented(name: str) -> None:
    folder = EMBEDDED / name
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 25e6
    card = (folder / "README.md").read_text(encoding="utf-8")
    for heading in ("## Data", "## Scores", "## Not good for", "licence"):
        assert heading in card
    info = read_info(folder)
    assert info is not None
    assert info.licence is not None
    assert info.data is not None


def test_no_folder_of_its_name_takes_the_place_of_the_default(
    topic: TextClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "topic").mkdir()
    (tmp_path / "summary").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="topic is not a checkpoint"):
        TextClassifier.from_pretrained("topic")  # who gives a name may mean the folder
    assert TextClassifier.from_pretrained(device="cpu", precision="float32").identity == topic.identity
    assert Summarizer.from_pretrained().folder == EMBEDDED / "summary"
    with pytest.raises(UsageError, match="; summary chooses"):
        Summarizer.from_pretrained(engine="ctranslate2")


def test_topics_of_plain_headlines(topic: TextClassifier) -> None:
    assert [r.label for r in topic.predict(list(HEADLINES.values()))] == list(HEADLINES)


def test_real_articles(topic: TextClassifier, shared_data: Path) -> None:
    rows = _rows(shared_data / "topic" / "sanad" / "test.parquet")[::2]
    examples = [Example(r["text"], r["label"], None, None, "sanad", i) for i, r in enumerate(rows)]
    assert evaluate(topic, examples).metrics["accuracy"] > 0.9


def test_the_stance_model_reads_both_texts() -> None:
    stance = TextClassifier.from_pretrained("stance", task="stance", device="cpu", precision="float32")
    headline = "ارتفاع أسعار النفط في الأسواق العالمية بعد قرار خفض الإنتاج"
    targets = ["أسعار النفط ترتفع في الأسواق العالمية", "انخفاض أسعار النفط في الأسواق العالمية"]
    agrees, contradicts = stance.predict([headline] * 2, targets)
    assert agrees.probabilities["favor"] > contradicts.probabilities["favor"]
    assert contradicts.probabilities["against"] > agrees.probabilities["against"]


def test_stance_of_real_headlines(shared_data: Path) -> None:
    """Above the 40 macro-F1 of a bag of words on the official test headlines."""
    stance = TextClassifier.from_pretrained("stance", task="stance", device="cpu", precision="float32")
    names = {"agree": "favor", "disagree": "against", "other": "none"}
    rows = pq.read_table(shared_data / "stance" / "ans" / "test.parquet").to_pylist()
    found = [r.label for r in stance.predict([r["text"] for r in rows], [r["target"] for r in rows])]
    assert f1_score([names[r["label"]] for r in rows], found, average="macro") > 0.4


def test_plain_transformers_gives_the_same_logits_on_real_articles(shared_data: Path) -> None:
    cut = LongText(policy="truncate")
    topic = TextClassifier.from_pretrained(device="cpu", precision="float32", long=cut)
    texts = [row["text"] for row in _rows(shared_data / "topic" / "sanad" / "test.parquet")[::4]]
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED / "topic")
    model = AutoModelForSequenceClassification.from_pretrained(EMBEDDED / "topic", dtype=torch.float32).eval()
    with torch.no_grad():
        plain = [model(**tokenizer(t, truncation=True, return_tensors="pt")).logits[0].numpy() for t in texts]
    np.testing.assert_allclose(topic.logits(texts), np.array(plain), atol=1e-4)


def test_classify_and_evaluate_agree(topic: TextClassifier, shared_data: Path, tmp_path: Path) -> None:
    rows = _rows(shared_data / "topic" / "sanad" / "test.parquet")[::3]
    corpus, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = CliRunner().invoke(cli, ["classify", str(corpus), "--out", str(out), "--keep", "label", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    right = sum(line["label"] == row["label"] for line, row in zip(lines, rows, strict=True))
    assert right / len(rows) == evaluate(TextClassifier.from_pretrained(device="cpu"), str(corpus)).metrics["accuracy"]


def test_summaries_of_real_articles_say_what_the_articles_say(shared_data: Path) -> None:
    rows = _rows(shared_data / "summary" / "saudinewsnet" / "test.parquet")[:40]
    examples = [Example(r["text"], None, None, r["summary"], "news", i) for i, r in enumerate(rows)]
    exact = Summarizer.from_pretrained(device="cpu", precision="float32")
    metrics = evaluate(exact, examples).metrics
    shuffled = [
        Example(e.text, None, None, o.summary, "", 0)
        for e, o in zip(examples, examples[1:] + examples[:1], strict=True)
    ]
    chance = evaluate(exact, shuffled).metrics
    assert metrics["rougeL"] > 3 * chance["rougeL"]
    assert metrics["quality"]["empty_share"] < 0.05


@pytest.mark.parametrize("name", ["saudinewsnet", "ant", "wikilead"])
def test_summaries_of_real_articles_have_no_faults(summarizer: Summarizer, shared_data: Path, name: str) -> None:
    """The checks look at the text alone: they do not know that it was chosen, and call it joined where it was shortened."""
    texts = [row["text"] for row in _rows(shared_data / "summary" / name / "test.parquet")[::2]]
    for text, summary in zip(texts, summarizer.summarize(texts), strict=True):
        assert set(check_summary(summary.text, text).problems) <= {"joined"}, summary.text


BUSES = (
    "قررت وزارة النقل اليمنية تخفيض أجور الحافلات بين المدن بنسبة عشرة في المئة ابتداء من مطلع الشهر المقبل. وأوضحت "
    "الوزارة أن القرار جاء بعد تراجع أسعار الوقود، وأن لجانا ستراقب تطبيقه في المحطات. ورحب المسافرون بالقرار "
    "في حين طالب أصحاب الحافلات بتعويضات."
)
BRIDGE = (
    "{} مدير عام الطرق في المحافظة {} الجسر القديم سيغلق أمام الشاحنات الثقيلة حتى نهاية أعمال الصيانة. وأضاف أن الأعمال "
    "تستغرق شهرين، وأن السيارات الصغيرة ستمر عبر طريق بديل يجري تمهيده حاليا قرب السوق المركزي للمدينة."
)


def test_summaries_read_like_headlines(summarizer: Summarizer) -> None:
    buses, said, denied = summarizer.summarize([BUSES, BRIDGE.format("قال", "إن"), BRIDGE.format("نفى", "أن")])
    assert buses.text.startswith("وزارة النقل اليمنية تقرر تخفيض أجور الحافلات بين المدن")
    assert buses.words == len(buses.text.split())
    assert buses.copied == (buses.words - 1) / buses.words  # "decides" is not in the article
    assert re.match("مدير عام الطرق(?: في المحافظة)?: الجسر القديم سيغلق أمام الشاحنات", said.text)
    assert said.copied == 1.0
    assert re.match("(?:مدير عام الطرق ينفي|نفى مدير عام الطرق في المحافظة) أن الجسر القديم سيغلق", denied.text)
    assert not buses.findings + said.findings + denied.findings


def test_what_is_denied_is_said_as_it_stands(summarizer: Summarizer) -> None:
    article = "لم " + BRIDGE.format("تؤكد مصلحة الطرق أن", "في المحافظة")
    for one in summarizer.summarize([article], candidates=6)[0].candidates:
        assert ":" not in one.text or not one.findings


def test_a_speaker_is_of_the_same_sentence(summarizer: Summarizer) -> None:
    article = BRIDGE.format("قال", "إن") + " وذلك أن الأمطار الغزيرة جرفت جزءا من الرصيف القريب من السوق."
    for one in summarizer.summarize([article], candidates=9)[0].candidates:
        who = bool(re.match("مدير عام الطرق(?: في المحافظة)?:", one.text))
        told = "الجسر القديم" in one.text and "سيغلق" in one.text
        assert who == (told and not one.findings)  # what may not be whole is said as it stands


def test_half_a_surrogate_pair_in_an_article_can_be_written(summarizer: Summarizer) -> None:
    (whole,), (broken,) = (summarizer.summarize([BUSES.replace(" ", f" {mark} ", 2)]) for mark in ("\ufffd", "\ud83d"))
    assert broken == whole
    assert "\ufffd" in broken.text
    broken.text.encode("utf-8")


def test_summaries_in_the_words_of_their_article_and_of_a_length(summarizer: Summarizer) -> None:
    (found,) = summarizer.summarize([BUSES], article_words=True)
    assert found.text.startswith("قررت وزارة النقل اليمنية تخفيض")
    assert found.copied == 1.0
    articles = [BUSES, BRIDGE.format("قال", "إن")]
    for low, high in ((5, 6), (8, 9), (15, 16)):
        for one in summarizer.summarize(articles, length=f"{low}-{high}"):
            assert low <= one.words == len(one.text.split()) <= high


def test_the_stretch_itself_where_the_checkpoint_says_so() -> None:
    summarizer = Summarizer.from_pretrained(device="cpu")
    assert isinstance(summarizer, SelectingSummarizer)
    summarizer._selection = summarizer._selection.model_copy(update={"rephrase": False})
    articles = [BUSES, BRIDGE.format("قال", "إن")]
    buses, bridge = summarizer.summarize(articles)
    assert buses.text.split()[0] == "قررت"
    assert bridge.text.split()[0] == "قال"  # and nobody is put in front of it
    rest = iter(articles[1].replace(".", "").split())
    assert all(word in rest for word in bridge.text.split())  # its own words, in their order


def test_the_demo_runs(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "examples" / "demo.py"))["demo"](tmp_path)
    printed = capfd.readouterr().out
    assert "finance" in printed
    answers = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(answers) == 10
    for answer in answers:
        said = f"{answer['id']}: {answer['topic']}\n{answer['summary']}\n{answer['stance']} ("
        assert said in printed
    assert str((tmp_path / "answers.jsonl").resolve()) in printed


def test_arabic_in_presentation_forms_is_arabic(summarizer: Summarizer) -> None:
    """As old pages and PDF have it: the summarizer does not take it for a foreign language."""
    article = (
        "أعلنت وزارة النقل اليوم افتتاح طريق جديد يربط المدينة بالميناء، ويختصر الرحلة إلى نصف ساعة. "
        "وقال الوزير إن العمل استمر عامين كاملين."
    )
    shapes = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFE80, 0xFEFD)}
    forms = "".join(shapes.get(char, char) for char in article)
    assert not set(forms) & set("أعلنتوزارةالقيم")
    plain, shown = summarizer.summarize([article, forms])
    assert plain.findings == shown.findings == ()
    assert unicodedata.normalize("NFKC", shown.text) == plain.text
