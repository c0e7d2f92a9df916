"""What is said of Tables 5 and 6 is true of what is shown below it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pwae_core.config.report import ReportConfig
from pwae_core.report.page.case_chapters import table_5, table_6
from pwae_core.report.tables.cases import Answers, Case, Turn

CASE = Case("s#0", "ann", (Turn("A", "hello", own=False),), ("good day",), (Answers("Ours", ("a", "b", "c", "a")),))
PERSON = "what this person says elsewhere"


def five(*found: Case, samples: int = 3) -> str:
    (section,) = table_5(found, ReportConfig(samples=samples))
    return section.body.html


def six(*answers: Answers) -> str:
    (section,) = table_6("Ours", [replace(CASE, answers=answers)], ReportConfig())
    return section.body.html


def test_of_a_person_whose_words_nobody_looked_for_nothing_is_said() -> None:
    page = five(CASE, CASE)
    assert page.startswith(
        "<p>2 test contexts, drawn at random (seed 7) and not chosen. ground-truth: the real response.</p>"
    )
    assert not any(words in page for words in ("really says", "training split", "circle"))


def test_of_a_person_who_said_nothing_else_that_is_said() -> None:
    page = five(replace(CASE, history=()))
    assert page.startswith("<p>1 test context, drawn")
    assert PERSON in page
    assert "What this person really says" in page
    assert "Nothing else in the training split." in page


def test_what_a_person_said_is_shown_and_the_responder_s_turns_are_marked() -> None:
    page = five(replace(CASE, history=("so it is",), context=(Turn("A", "hello", own=True),)), CASE)
    assert "A filled circle marks the person who responds." in page
    assert "so it is" in page
    assert page.count("<aside ") == 1
    assert "Nothing else" not in page


@pytest.mark.parametrize(("samples", "count"), [(3, "3 different of 4"), (2, "3 different of 4, 2 shown")])
def test_how_many_answers_are_shown_is_said_where_some_are_not(samples: int, count: str) -> None:
    assert f"<summary>{count}</summary>" in five(CASE, samples=samples)


def test_one_user_or_several() -> None:
    several = six(Answers("ann", ("x",), ("hm",)), Answers("bob", ("y",), ()))
    assert several.startswith(
        "<p>Ours answers each context as the 2 users with the most responses in the training split. Only the user "
        "changes; the noise is the same. What they really say is shown below, so that you can judge the difference.</p>"
    )
    assert several.count("really says") == 2
    alone = six(Answers("ann", ("x",)))
    assert alone.startswith(
        "<p>Ours answers each context as the user with the most responses in the training split.</p>"
    )
    assert "really say" not in alone


def test_without_cases_there_is_no_chapter() -> None:
    assert table_5([], ReportConfig()) == table_6("Ours", [], ReportConfig()) == []
