"""The key as scoring needs it: what each item id is, and what its row showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pwae_core.artifacts import Artifact
from pwae_core.human_eval.blinding.key import EXPORT
from pwae_core.human_eval.ratings.cells import item_letters
from pwae_core.human_eval.ratings.shown_texts import ShownTexts

TEXT_COLUMNS = {"conversation": "conversation", "history": "history", "response": "response_text"}


@dataclass(frozen=True)
class KeyItem:
    """A row of the key. ``showing`` is 1, or 2 where the annotator sees the item for the second time."""

    annotator: int
    item_id: str
    system: str
    session_id: str
    showing: int


@dataclass(frozen=True)
class Key:
    """``known`` finds an item by the letters of its id; ``texts`` has what each item shows, by column."""

    export: str
    items: Sequence[KeyItem]
    known: Mapping[str, KeyItem]
    texts: Mapping[str, ShownTexts]


def read_key(key: Artifact) -> Key:
    """The key in its artifact. Raises ArtifactError where the table was altered."""
    table = key.table("items.parquet").to_pydict()
    items = key_items(table)
    texts = {
        name: ShownTexts(dict(zip(table["item_id"], table[column], strict=True)))
        for name, column in TEXT_COLUMNS.items()
    }
    return Key(key.facts[EXPORT], items, {item_letters(one.item_id): one for one in items}, texts)


def key_items(table: Mapping[str, Sequence[object]]) -> list[KeyItem]:
    """The key's items from columns of ``schemas.ITEMS``, in the order of the sheets."""
    made: list[KeyItem] = []
    shown: dict[tuple[object, ...], int] = {}
    names = ("annotator", "position", "item_id", "system", "session_id")
    for annotator, _, item_id, system, session_id in sorted(zip(*(table[name] for name in names), strict=True)):
        again = shown[annotator, system, session_id] = shown.get((annotator, system, session_id), 0) + 1
        made.append(KeyItem(int(annotator), str(item_id), str(system), str(session_id), again))
    return made
