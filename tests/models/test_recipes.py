from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mujaz.errors import DataError, MissingExtraError, RecipeMismatchError, UsageError
from mujaz.models import recipe_steps
from mujaz.models.recipes import RECIPES, Recipe, Tally, get_recipe, recipe_from_json

FARASA = {"arabert-v1", "arabert-v2"}
NAMES = [name for name in RECIPES if name not in FARASA]

# Outputs of arabert 1.0.1 for bert-base-arabertv02.
GOLDEN = [
    ("السَّلامُ عليكُم ورحمةُ اللهِ", "السلام عليكم ورحمة الله"),
    ("مرحبـــــاً بكم", "مرحبا بكم"),
    ("عام ١٩٩٥ و2020م", "عام 1995 و 2020 م"),
    ("هههههههه رااااائع!!!!", "هه راائع ! !"),
    ("5/6 و 3.14", "5 - 6 و 3 . 14"),
    ("<b>خبر</b> عاجل<br />جديد", "خبر عاجل جديد"),
    ("#هاشتاق_اليوم جديد", "# هاشتاق _ اليوم جديد"),
    ("«اقتباس» — “نص”", "« اقتباس » — “ نص ”"),
    ("أإآا ى ي ة ه", "أإآا ى ي ة ه"),
    ("قال 😂😂 جميل", "قال جميل"),
    ("وم5م6م a5م ab3D", "وم 5 م 6 م a 5 م ab3D"),
]
# Where arabert 1.0.1 loses text: what stands there instead.
LOSSES = [
    ("ahmed@example.com … http://t.co/abc @u", "[بريد] … [رابط] [مستخدم]"),
    ("ﻣﺮﺣﺒﺎ ﺑﻜﻢ", "مرحبا بكم"),
    ("کتاب فارسی گچ پژ", "كتاب فارسي كج بز"),
    ("هٰذا خبر", "هذا خبر"),
    ("5 < 6 و 7 > 3", "5 < 6 و 7 > 3"),
    ("ذكر:الكاتب@user أمس", "ذكر : الكاتب [مستخدم] أمس"),
    ("مر\u200bحبا \u202bبكم\u202c", "مرحبا بكم"),
    ("ا\u0654حمد", "أحمد"),
]


@pytest.mark.parametrize(("raw", "expected"), GOLDEN + LOSSES)
def test_arabert(raw: str, expected: str) -> None:
    assert get_recipe("arabert")(raw) == expected


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("arabert-twitter", "قال 😂😂 جميل", "قال 😂 😂 جميل"),
        ("arabert-v01", "«نص» قال!!! انظر http://a.b/c …", '" نص " قال ! انظر [رابط] \\ .'),
        ("news", "قالت@user: «رااائع» 😂 ١٢ ahmed@example.com", "قالت [مستخدم] : «رااائع» 😂 12 [بريد]"),
        ("news-folded", "إلى المدرسةِ رااااائعة", "الي المدرسه راائعه"),
        ("camelbert", "السَّلامُ علـــيكم ١٢ http://a.b/c", "السلام عليكم ١٢ http://a.b/c"),
        ("marbert", "شوف http://a.b/c يا @user #وسم", "شوف URL يا USER #وسم"),
        ("arat5", "<p>شوف</p> http://a.b/c يا @user راااائع", "شوف <URL> يا <USER> راائع"),
        ("arabart", "السَّلامُ  ﻋﻠﻴﻜﻢ", "السَّلامُ عليكم"),
        ("mt5", "کتاب ﻣﺮﺣﺒﺎ &amp; ١٢", "کتاب مرحبا & ١٢"),
        ("none", " نص\tكما  هو ", " نص\tكما  هو "),
    ],
)
def test_other_recipes(name: str, raw: str, expected: str) -> None:
    assert get_recipe(name)(raw) == expected


FRAGMENTS = [
    *"اأةىۀکپ١۵5atwhx.@#_/\\<>&;[]!؟…«»(-+=😂👨❤ﻣﷲ﷽﷼ﹰé中ۚ \n\u00a0\x00\x1f",
    *"\u0654\u0653\u064e\u0640\u0670\u200d\ufe0f\u200b\u202a\ufeff\ud800\ude02\ud83d\ufffd",
    *("http", "www", "://", ".com", "..", "</", "<b>", "<URL>", "<!--", "-->", "URL", "com", "رابط", "[رابط]"),
    *("&amp;", "&lt;", "amp;", "lt;", "&#60;", "&#x26;", "&gg", "ggg;", "&zwnj;"),
]
any_text = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join) | st.text(st.characters(), max_size=60)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(any_text)
@example("htttpx &ggg; &am\u200cp;lt;b&gt;")
@example("&" + "amp;" * 50 + "lt;")
@example("[" * 3 + "]" * 3)
def test_twice_is_once_and_nothing_raises(name: str, text: str) -> None:
    recipe = get_recipe(name)
    once = recipe(text)
    assert recipe(once) == once
    assert recipe.prepare(text).text == once
    once.encode()  # no surrogate is left: tokenizers take the text


@settings(max_examples=100, deadline=None)
@given(any_text, st.integers(0, 10))
def test_deeply_escaped_text_settles(text: str, depth: int) -> None:
    for _ in range(depth):
        text = text.replace("&", "&#38;")
    recipe = get_recipe("news")
    assert recipe(recipe(text)) == recipe(text)


@pytest.mark.parametrize("missing", [None, float("nan"), 3, b"x"])
@pytest.mark.parametrize("name", ["none", "arabert"])
def test_a_missing_text_never_becomes_text(name: str, missing: Any) -> None:
    for function in (get_recipe(name), get_recipe(name).prepare):
        with pytest.raises(DataError, match="expected a text, found"):
            function(missing)


def test_shorten_runs_equals_the_pattern() -> None:
    for text in ["", "اا", "هههه", "1111", "١١١١", "ab" * 3, "....،،،،!!!!؟؟؟؟----", "    ", "😂😂😂😂", "²²²²"]:
        assert recipe_steps.shorten_runs(text) == recipe_steps._RUN.sub(r"\1\1", text)


def test_accounting() -> None:
    prepared = get_recipe("arabert").prepare("ﻣﺮﺣﺒﺎ کتاب &amp; ﷲ 中😂 http://a.b/c")
    changes = prepared.changes
    assert changes.steps["presentation_forms"] == 6
    assert changes.steps["keyboard_letters"] == 1
    assert changes.steps["not_in_vocabulary"] == 3  # &, 中, 😂
    assert changes.steps["urls"] == 1
    assert changes.repaired == 6 + 1 + changes.steps["html_entities"]
    assert changes.dropped == 3
    assert not changes.became_empty
    assert changes.mojibake == ""


def test_accounting_of_an_untouched_text() -> None:
    changes = get_recipe("news").prepare("خبر جديد من المدينة").changes
    assert (changes.repaired, changes.dropped, changes.rewritten, changes.steps) == (0, 0, 0, {})


def test_tally_adds_up() -> None:
    recipe, tally = get_recipe("arabert"), Tally()
    texts = ["ﻣﺮﺣﺒﺎ", "中文", "", "نص"]
    for text in texts:
        tally.add(recipe.prepare(text).changes)
    assert (tally.texts, tally.repaired, tally.dropped, tally.became_empty, tally.mojibake) == (4, 5, 2, 1, 0)
    assert "4 texts: 5 characters repaired, 2 dropped" in str(tally)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("The port received its first ship on Monday", True),
        ("Порт принял первое судно", True),
        ("أعلنت شركة Google إطلاق Gemini في المدينة", False),
        ("ﻣﺮﺣﺒﺎ", False),
        ("ایران و پاکستان", False),  # Arabic letters, and more is not told from them
        ("2024 - 10:35 😂", False),  # no letters, no language
        ("", False),
    ],
)
def test_texts_in_other_letters_are_counted(text: str, foreign: bool) -> None:
    changes = get_recipe("news").prepare(text).changes
    assert changes.foreign is foreign
    tally = Tally()
    tally.add(changes)
    assert ("1 mostly not in Arabic letters" in tally.line()) is foreign


def test_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Unknown recipe 'arabret'\. Did you mean 'arabert'\?"):
        get_recipe("arabret")


def test_options_leave_steps_out() -> None:
    assert get_recipe("news", tashkeel=False)("نصٌّ ١") == "نصٌّ 1"
    assert get_recipe("news", tashkeel=True) == get_recipe("news")
    with pytest.raises(UsageError, match=r"no step 'tashkel'\. Did you mean 'tashkeel'\?"):
        get_recipe("news", tashkel=False)
    with pytest.raises(UsageError, match="expected true or false, found 'no'"):
        get_recipe("news", tashkeel="no")


def test_recipe_travels_as_json() -> None:
    for name in NAMES:
        recipe = get_recipe(name)
        assert recipe_from_json(recipe.to_json()) == recipe
    spared = get_recipe("arabert", tashkeel=False)
    assert recipe_from_json(spared.to_json())("نصٌّ") == spared("نصٌّ")


def test_fingerprint_tells_recipes_apart() -> None:
    prints = {name: get_recipe(name).fingerprint for name in NAMES}
    assert prints["marbert"] == prints["arbert"]  # the same steps
    assert len(set(prints.values())) == len(NAMES) - 1


@pytest.mark.parametrize("name", NAMES)
def test_every_step_shows_in_the_fingerprint(name: str) -> None:
    whole = get_recipe(name).fingerprint
    for step in {step.name for step in RECIPES[name].steps} - {"placeholders", "wiki_dates"}:
        assert get_recipe(name, **{step: False}).fingerprint != whole, step


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 7}, "version: the checkpoint has 7, this version 1"),
        ({"fingerprint": "0" * 16}, "fingerprint: the checkpoint has '0000000000000000', this version"),
        ({"name": "gone"}, "Unknown recipe 'gone'"),
        ({"options": {"gone": False}}, "no step 'gone'"),
    ],
)
def test_a_mismatch_is_refused_and_says_what_differs(change: dict[str, Any], said: str) -> None:
    data = get_recipe("news").to_json() | change
    with pytest.raises(RecipeMismatchError, match="checkpoint") as error:
        recipe_from_json(data)
    assert said in str(error.value)


def test_a_mismatch_can_be_overridden() -> None:
    data = get_recipe("news").to_json() | {"fingerprint": "0" * 16}
    assert recipe_from_json(data, allow_mismatch=True) == get_recipe("news")


def test_farasa_names_the_extra_and_the_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "farasa.segmenter", None)
    for name in FARASA:
        with pytest.raises(MissingExtraError, match=r"mujaz\[farasa\].*research only"):
            get_recipe(name)("نص")


def test_recipe_is_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_recipe("news").name = "x"  # type: ignore[misc]
    assert isinstance(get_recipe("news"), Recipe)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("piece", ["ا", "م5", "!؟", "a.", "<a", "&amp;", "x@", "😂", "[رابط]"])
def test_a_long_run_without_spaces_comes_through(name: str, piece: str) -> None:
    text = piece * 20_000  # a pattern that took quadratic time would need minutes here
    assert isinstance(get_recipe(name)(text), str)
