from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models.marking import as_written, marked
from mujaz.models.summary_checks import check_summary
from mujaz.models.summary_record import findings_of

ARTICLE = "قرر نادي الوَحدة الطعن في العقوبة.\nوتعادل الفريق مع ضيفه النجم بهدفين، يوم 4 مايو."


def test_stretches_are_numbered_alike_and_boundaries_and_findings_stand_in_place() -> None:
    summary = "قرر نادي الوحدة مع ضيفه النجم بهدفين"
    said, known = marked(summary, ARTICLE, findings_of(check_summary(summary, ARTICLE)))
    assert [(piece.text, piece.run, piece.joined) for piece in said] == [
        ("قرر نادي الوحدة ", 1, True),
        ("مع ضيفه النجم بهدفين", 2, False),
    ]
    assert [(piece.text, piece.run) for piece in known if piece.run] == [
        ("قرر نادي الوَحدة ", 1),
        ("مع ضيفه النجم بهدفين، ", 2),
    ]


def test_what_the_article_does_not_say_is_marked_where_it_stands() -> None:
    summary = "تعادل الفريق مع Barcelona يوم 5.25 مايو"
    said, _ = marked(summary, ARTICLE, findings_of(check_summary(summary, ARTICLE)))
    assert [(piece.text.strip(), piece.kind) for piece in said if piece.kind] == [
        ("Barcelona", "latin"),
        ("5.25 مايو", "date"),
    ]


TEXTS = st.text(st.sampled_from("ابتج 4.25\n،a "), max_size=60)


@given(TEXTS, TEXTS)
@settings(max_examples=200, deadline=None)
def test_the_pieces_are_the_texts(summary: str, article: str) -> None:
    said, known = marked(summary, article, findings_of(check_summary(summary, article)))
    assert "".join(piece.text for piece in said) == summary
    assert "".join(piece.text for piece in known) == article
    assert {piece.run for piece in said} - {0} == {piece.run for piece in known} - {0}


def test_findings_are_shown_in_the_words_of_the_summary() -> None:
    summary = "أطلقت «شركةُ نبضة»، صناديق استثمار: في عام ٢٠٢٤."
    assert as_written(summary, "شركه نبضه | صناديق استثمار") == "شركةُ نبضة | صناديق استثمار"
    assert as_written(summary, "عام 2024") == "عام ٢٠٢٤"
    assert as_written(summary, "كلمه اخري") == "كلمه اخري"
    assert as_written(summary, "") == ""
