"""Double blinding: what is judged, in which order and under which id, so that nothing tells the systems apart.

Every choice is a keyed hash (HMAC-SHA256) of the thing chosen. Choices of what to show are keyed with the seed. Choices
of order and id are keyed with a random salt that only the key holds, and with the whole plan of the export: rerunning
the same commands gives another order, and no two exports share an id. No choice depends on the order of files, rows or
systems, or on the version of a random generator.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pwae_core.errors import ConfigError
from pwae_core.files import hash_strings

GROUND_TRUTH = "ground-truth"
CHECK = "attention-check"
ALPHABET = "bcdfghjkmnpqrstvwxyz"  # no vowels, so no words; no digits, so nothing that a spreadsheet takes for a number
EXPORT_LETTERS, ITEM_LETTERS = 4, 12

Tokens = tuple[str, ...]
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Context:
    """The utterances to answer, and the user who answers. ``session_id`` is unique in an evaluation."""

    session_id: str
    user_id: str
    speakers: tuple[str, ...]  # the user id of each utterance's speaker; "" if unknown
    utterances: tuple[Tokens, ...]  # oldest first

    @property
    def conversation_id(self) -> str:
        return self.session_id.rpartition("#")[0] or self.session_id


@dataclass(frozen=True)
class Item:
    """One thing to judge: the response of ``system`` to ``context``, in a pair beside that of the ``other`` system.

    ``expected``: the known answers of an attention check, by criterion; empty for any other item.
    """

    context: Context
    system: str
    response: Tokens
    other: str = ""
    other_response: Tokens = ()
    expected: tuple[tuple[str, int], ...] = ()

    @property
    def name(self) -> tuple[str, ...]:
        """What identifies the item: session, system, other system."""
        return self.context.session_id, self.system, self.other


@dataclass(frozen=True)
class Placed:
    """An item's place in an annotator's sheet. An item that occurs twice has two ids."""

    annotator: int  # from 1
    position: int  # from 1
    item_id: str
    item: Item


def new_salt() -> str:
    """A new random source for the order and the ids: neither published nor reproducible."""
    return secrets.token_hex(32)


def fingerprint(secret: str) -> str:
    """The four letters that begin every item id of an export."""
    return letters(keyed(secret, "export"), EXPORT_LETTERS)


def keyed(secret: str, *parts: object) -> int:
    """A uniform 256-bit number for ``parts`` that only a holder of ``secret`` can compute."""
    message = hash_strings(str(part) for part in parts)
    return int.from_bytes(hmac.digest(secret.encode(), message.encode(), "sha256"))


def shuffled(
    choices: Iterable[Choice], name: Callable[[Choice], Sequence[str]], secret: str, *purpose: object
) -> list[Choice]:
    """``choices`` in an order that depends only on their ``name``s, the secret and the purpose."""
    return sorted(choices, key=lambda choice: keyed(secret, *purpose, *name(choice)))


def pick(responses: Sequence[Choice], mode: str, secret: str, *name: str) -> Choice:
    """The first of a system's responses to a context (``mode`` is ``first``), or one drawn uniformly."""
    return responses[0 if mode == "first" else keyed(secret, "sample", *name) % len(responses)]


def place(shares: Sequence[Sequence[Item]], repeats: int, secret: str) -> list[Placed]:
    """Every annotator's sheet, one after another. Each has its share of the items, in an order of its own.

    ``repeats`` of them appear twice: in the first third of the sheet (or soon after, if checks are there) and again in
    the last third. Raises ConfigError if a share has too few items for that.
    """
    for share in shares:
        most = sum(not item.expected for item in share) // 3
        if repeats > most:
            raise ConfigError(f"repeats: {repeats} are too many for {len(share)} items; at most {most}.")
    ids = iter(_opaque_ids(sum(map(len, shares)) + len(shares) * repeats, secret))
    placed: list[Placed] = []
    for annotator, share in enumerate(shares, start=1):
        order = _order(share, repeats, secret, annotator)
        placed += [Placed(annotator, position, next(ids), item) for position, item in enumerate(order, start=1)]
    return placed


def _order(items: Sequence[Item], repeats: int, secret: str, annotator: int) -> list[Item]:
    order = shuffled(items, lambda item: item.name, secret, "order", annotator)
    if not repeats:
        return order
    third = len(order) // 3
    results = [item for item in order if not item.expected]
    results = results[: max(repeats, sum(not item.expected for item in order[:third]))]
    again = shuffled(results, lambda item: item.name, secret, "repeat", annotator)[:repeats]
    tail = [(item, "first") for item in order[-third:]] + [(item, "again") for item in again]
    mixed = shuffled(tail, lambda entry: (*entry[0].name, entry[1]), secret, "mix", annotator)
    return order[:-third] + [item for item, _ in mixed]


def _opaque_ids(count: int, secret: str) -> list[str]:
    export = fingerprint(secret)
    ids: dict[str, None] = {}
    number = 0
    while len(ids) < count:
        ids[f"{export}-{letters(keyed(secret, 'id', number), ITEM_LETTERS)}"] = None
        number += 1
    return list(ids)


def letters(number: int, count: int) -> str:
    """``count`` letters that encode ``number``, in groups of four: ``bcdf-ghjk``."""
    made = ""
    for _ in range(count):
        number, digit = divmod(number, len(ALPHABET))
        made += ALPHABET[digit]
    return "-".join(made[start : start + 4] for start in range(0, count, 4))
