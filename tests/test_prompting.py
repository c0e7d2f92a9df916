"""Templates: what they may hold, and that text of the data stays text in them."""

from __future__ import annotations

import pytest

from pwae_core import prompting
from pwae_core.errors import ConfigError
from pwae_core.human_eval.blinding.placement import Context

CONTEXT = Context(
    "c#0", "bo", ("ann", "bo", "cy"), (("have", "you", "eaten", "?"), ("not", "yet"), ("你好", "，", "哈哈"))
)


def test_people_are_letters_in_the_order_they_speak_and_tokens_read_well() -> None:
    values = prompting.values(CONTEXT, [("see", "you", "!")], 100)
    assert values == {
        "context": "A: have you eaten?\nB: not yet\nC: 你好，哈哈",
        "history": "- see you!",
        "responder": "B",
    }


def test_who_has_not_spoken_yet_is_the_next_letter_and_no_history_is_said() -> None:
    values = prompting.values(Context("c#0", "dee", ("ann",), (("hi",),)), [], 100)
    assert (values["responder"], values["history"]) == ("B", "(nothing)")


def test_a_template_with_a_line_of_dashes_has_a_system_message() -> None:
    template = prompting.parse("Be {responder}.\n---\n{context}\n---\n{history}\n", "mine.txt")
    filled = {"context": "A: hi", "history": "- yo", "responder": "B"}
    assert prompting.messages(template, filled) == [
        {"role": "system", "content": "Be B."},
        {"role": "user", "content": "A: hi\n---\n- yo"},
    ]
    assert prompting.prompt(template, filled) == "Be B.\n\nA: hi\n---\n- yo"


def test_a_template_without_one_is_the_users_message_alone() -> None:
    template = prompting.parse("{context}", "mine.txt")
    assert prompting.messages(template, {"context": "A: hi"}) == [{"role": "user", "content": "A: hi"}]


def test_placeholders_in_the_data_are_not_filled_and_other_braces_of_a_template_stay() -> None:
    template = prompting.parse('{"a": 1} {context}', "mine.txt")
    context = Context("c#0", "bo", ("ann",), (("{history}", "{responder}", "{0}"),))
    values = prompting.values(context, [("secret",)], 100)
    assert prompting.prompt(template, values) == '{"a": 1} A: {history} {responder} {0}'


def test_control_characters_and_long_texts_are_cut() -> None:
    values = prompting.values(Context("c", "b", ("a",), (("x\u202e\x00y" + "z" * 40_000,),)), [], 30)
    assert values["context"] == "A: xy" + "z" * 28 + " […]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{context} {persona}", ["mine.txt: there is no {persona}", "{context}, {history}, {responder}"]),
        ("Answer.", ["mine.txt: {context} is missing"]),
    ],
)
def test_templates_that_cannot_be_filled_are_refused(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        prompting.parse(text, "mine.txt")
    for word in words:
        assert word in str(error.value)


def test_the_default_template_uses_everything() -> None:
    template = prompting.parse(prompting.DEFAULT, "default")
    assert template.system
    assert all(f"{{{name}}}" in template.user for name in prompting.PLACEHOLDERS)
