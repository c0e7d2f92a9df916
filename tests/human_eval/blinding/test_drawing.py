"""Which contexts are drawn: by the seed, never two of which one shows what the other answers."""

from __future__ import annotations

import itertools
import random

import pytest

from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.errors import EmptyResultError
from pwae_core.human_eval.blinding.candidates import Candidate
from pwae_core.human_eval.blinding.drawing import Drawn, draw, wording
from pwae_core.human_eval.blinding.placement import Context

ALL = HumanEvalConfig(contexts=1)


def candidate(
    number: int,
    user: str = "bob",
    context: tuple[str, ...] = (),
    real: str | None = "",
    conversation: str = "",
    **samples: str,
) -> Candidate:
    """Answered by one and two with words of their own, if nothing else is said."""
    shown = tuple(tuple(text.split()) for text in context or (f"hi {number}",))
    session = f"{conversation or f'c{number}'}#{number}"
    answers = {"one": f"one {number}", "two": f"two {number}"} | samples
    references = () if real is None else (tuple((real or f"yes {number}").split()),)
    return Candidate(
        Context(session, user, ("ann",) * len(shown), shown), references, {k: [v.split()] for k, v in answers.items()}
    )


def names(drawn: Drawn) -> list[str]:
    return [one.context.session_id for one in drawn.chosen]


def drawn_of(found: list[Candidate], contexts: int = 1, secret: str = "s", **settings: object) -> Drawn:
    return draw(found, ["bob"], HumanEvalConfig.make({"contexts": contexts, **settings}), secret)


def test_contexts_are_drawn_by_the_secret_and_fewer_are_among_more() -> None:
    found = [candidate(number) for number in range(50)]
    ten, twenty = (drawn_of(found, n) for n in (10, 20))
    assert names(ten) == names(twenty)[:10]
    assert names(ten) != names(drawn_of(found, 10, "t"))
    assert drawn_of(found[::-1], 10) == ten


def test_what_cannot_be_judged_is_left_out_and_counted() -> None:
    found = [candidate(0), candidate(1, user="mute"), candidate(2, real=None), candidate(3)]
    drawn = drawn_of(found, 2)
    assert sorted(names(drawn)) == ["c0#0", "c3#3"]
    assert (drawn.common, drawn.without_history, drawn.without_reference, drawn.overlapping) == (4, 1, 1, 0)
    assert len(drawn_of(found, 4, history=0, ground_truth=False).chosen) == 4


def test_too_few_contexts() -> None:
    found = [candidate(0), candidate(1, user="mute"), candidate(2, real=None), candidate(3, context=("yes 0",))]
    with pytest.raises(EmptyResultError) as caught:
        drawn_of(found, 3)
    assert str(caught.value) == (
        "Only 1 context can be judged, 3 were asked for: all systems answer 4, 1 have a responder without history, "
        "1 have no real response, 1 would show a judged response, or are answered with what another shows. "
        "Lower --contexts, or use --no-ground-truth."
    )
    assert len(drawn_of(found, 3, ground_truth=False).chosen) == 3, "no real response is judged, so none is given away"


def test_windows_of_one_conversation_do_not_show_each_other() -> None:
    """Window k shows utterances k and k + 1, its response is k + 2: neighbours give each other away."""
    found = [candidate(k, context=(f"u {k}", f"u {k + 1}"), real=f"u {k + 2}", conversation="c") for k in range(30)]
    for seed in range(20):
        drawn = drawn_of(found, 1, str(seed))
        numbers = sorted(
            int(one.context.session_id[2:]) for one in drawn_of(found, 30 - drawn.overlapping, str(seed)).chosen
        )
        assert min(b - a for a, b in itertools.pairwise(numbers)) >= 3
        assert len(numbers) >= 6, "at most four others are kept out by each"


@pytest.mark.parametrize(
    "other",
    [
        candidate(1, context=("Yes , it is !",)),
        candidate(1, context=("well", "ＹＥＳ it is")),
        candidate(1, real="yes it is", context=("yes it is",)),
        candidate(1, one="fine", context=("fine",)),
    ],
)
def test_no_context_shows_a_judged_response(other: Candidate) -> None:
    assert drawn_of([candidate(0, real="yes it is"), other]).overlapping == 1


def test_a_system_is_not_judged_by_its_better_answers() -> None:
    """It says "haha" to half of the contexts; the few that show "haha" are left out, not those that it answers."""
    dull = [candidate(n, one="haha") for n in range(20)]
    found = [*dull, *(candidate(n) for n in range(20, 40)), *(candidate(n, context=("haha",)) for n in range(40, 44))]
    random.Random(0).shuffle(found)
    for seed in range(20):
        drawn = drawn_of(found, 40, str(seed))
        assert {one.context.session_id for one in dull} <= set(names(drawn))
        assert drawn.overlapping == 4


def test_conversations_come_first_once_each() -> None:
    found = [candidate(n, conversation=f"c{n % 5}") for n in range(25)]
    for seed in range(10):
        assert len({name.partition("#")[0] for name in names(drawn_of(found, 5, str(seed)))}) == 5


def test_wording() -> None:
    assert {wording(text.split()) for text in ("It 's FINE !", "it's fine", "ｉｔｓ　ｆｉｎｅ…")} == {"itsfine"}
    assert wording(["你好", "！"]) == wording(["你", "好"]) == "你好"
    assert wording(["!", "\u200b!"]) == "!!"
    assert wording(["\u2764\ufe0f"]) == wording(["\u2764"]) != wording(["\u2600\ufe0f"]), "emoji, coloured or not"
    assert wording(["हिन्दी"]) == "हिन्दी", "vowel signs are not dropped"
    assert wording([]) == ""
