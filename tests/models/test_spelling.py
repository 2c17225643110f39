from __future__ import annotations

from pathlib import Path

import pytest

from mujaz.errors import CheckpointError, OutputError
from mujaz.models.recipes import get_recipe
from mujaz.models.spelling import SPELLINGS_FILE, Spelling, closed_up, folds, most_frequent

ARTICLE = "أعلنت وزارة الصحة أن إلى الحديقة لقاحاً، وقالت الوزارة إن «الصحة» أولى."


def test_a_word_gets_the_spelling_of_its_article() -> None:
    folded = get_recipe("news-folded")(ARTICLE)
    assert "الصحه" in folded
    assert Spelling()("وزاره الصحه الي الحديقه", ARTICLE) == "وزارة الصحة إلى الحديقة"


def test_the_recipe_and_back_gives_the_same_words() -> None:
    """Of an article whose words are each spelled one way."""
    words = ARTICLE.replace("اً", "ا").replace("«", "").replace("»", "").replace(" أن ", " ").split()
    said = " ".join(words)
    assert Spelling()(get_recipe("news-folded")(said), said) == closed_up(said)


def test_the_most_frequent_spelling_wins_and_marks_do_not_count() -> None:
    assert most_frequent(["على عَلى علي", "عـلى"])["علي"] == "على"
    assert most_frequent(["مرة مرة نادرة"], at_least=2) == {"مره": "مرة"}


def test_the_training_data_speaks_where_the_article_does_not() -> None:
    known = Spelling({"مدرسه": "مدرسة"})
    assert known("مدرسه ومدرسه فمدرسه", "لا شيء") == "مدرسة ومدرسة فمدرسة"
    assert known("مدرسه", "رأى مدرسه في الفصل مع مدرسه") == "مدرسه"  # "his teacher": the article's own
    assert known("كلمه", "لا شيء") == "كلمه"


@pytest.mark.parametrize(
    ("apart", "closed"),
    [
        ('الوزير : " العمل مستمر " ، نعم', 'الوزير: "العمل مستمر"، نعم'),
        ("نسبه 3 . 5 % ( تقريبا )", "نسبه 3.5% (تقريبا)"),
        ("الساعه 10 : 30 !", "الساعه 10:30!"),
        ("« نص »", "«نص»"),
        ('" وحده', '" وحده'),
    ],
)
def test_punctuation_is_closed_up(apart: str, closed: str) -> None:
    assert closed_up(apart) == closed


@pytest.mark.parametrize(("name", "folded"), [("news-folded", True), ("news", False), ("arabert", False)])
def test_which_recipes_fold(name: str, folded: bool) -> None:
    assert folds(get_recipe(name)) == folded
    assert (Spelling.of(None, get_recipe(name)) is not None) == folded


def test_spellings_are_kept_beside_a_checkpoint(tmp_path: Path) -> None:
    recipe = get_recipe("news-folded")
    learnt = Spelling.learnt(["مدينة كبيرة"] * 10 + ["نادرة"])
    assert learnt.usual == {"مدينه": "مدينة", "كبيره": "كبيرة"}
    learnt.save(tmp_path)
    assert Spelling.of(tmp_path, recipe) == learnt
    (tmp_path / SPELLINGS_FILE).write_text("[1]", encoding="utf-8")
    with pytest.raises(CheckpointError, match="expected spellings by folded word"):
        Spelling.of(tmp_path, recipe)
    with pytest.raises(OutputError, match="cannot be written"):
        learnt.save(tmp_path / "not there")
