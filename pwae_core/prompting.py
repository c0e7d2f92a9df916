"""Test contexts as prompts for a language model. The template is filled in one pass, so text of the data stays text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pwae_core.errors import ConfigError
from pwae_core.human_eval.blinding.placement import Context
from pwae_core.human_eval.sheets.readable_text import CUT, visible
from pwae_core.text.tokenize import detokenise

SEPARATOR = re.compile(r"^---[ \t]*\r?\n", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
PLACEHOLDERS = ("context", "history", "responder")
NOTHING = "(nothing)"
DEFAULT = """\
You write as one particular person in a conversation. Answer with that person's next message alone: in their voice,
language, tone and usual length, without a name, quotation marks or explanation.
---
Other messages of {responder}:
{history}

The conversation:
{context}

The next message of {responder}:
"""


@dataclass(frozen=True)
class Template:
    """``system`` is empty if a template has no line ``---``."""

    system: str
    user: str


def parse(text: str, name: object) -> Template:
    """Reads a template. Raises ConfigError for an unknown placeholder, or if {context} is missing."""
    parts = SEPARATOR.split(text, maxsplit=1)
    unknown = sorted({*PLACEHOLDER.findall(text)} - {*PLACEHOLDERS})
    known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
    if unknown:
        raise ConfigError(f"{name}: there is no {{{unknown[0]}}}. A template may hold {known}.")
    if "{context}" not in text:
        raise ConfigError(f"{name}: {{context}} is missing. A template may hold {known}.")
    return Template(parts[0].strip() if len(parts) == 2 else "", parts[-1].strip())


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its placeholders replaced, all at once: braces in the values mean nothing."""
    return PLACEHOLDER.sub(lambda found: values[found.group(1)], text)


def values(context: Context, history: Sequence[Sequence[str]], characters: int) -> dict[str, str]:
    """The values of the placeholders. People are called by letters: a user id would only tell a model who they are."""
    everybody = dict.fromkeys([*context.speakers, context.user_id])
    letters = {user: _letter(number) for number, user in enumerate(everybody)}
    lines = [
        f"{letters[speaker]}: {_line(utterance, characters)}"
        for speaker, utterance in zip(context.speakers, context.utterances, strict=True)
    ]
    said = [f"- {_line(utterance, characters)}" for utterance in history]
    return {
        "context": "\n".join(lines) or NOTHING,
        "history": "\n".join(said) or NOTHING,
        "responder": letters[context.user_id],
    }


def _letter(number: int) -> str:
    turn, letter = divmod(number, 26)
    return chr(ord("A") + letter) + (str(turn + 1) if turn else "")


def _line(tokens: Sequence[str], characters: int) -> str:
    """An utterance on one line, without invisible characters."""
    text = visible(detokenise(tokens))
    return text if len(text) <= characters else text[:characters].rstrip() + CUT


def messages(template: Template, filled: Mapping[str, str]) -> list[dict[str, str]]:
    """The chat: a system message if the template has one, then the user's."""
    system = [{"role": "system", "content": fill(template.system, filled)}] if template.system else []
    return [*system, {"role": "user", "content": fill(template.user, filled)}]


def prompt(template: Template, filled: Mapping[str, str]) -> str:
    """The same as one string."""
    return "\n\n".join(message["content"] for message in messages(template, filled))
