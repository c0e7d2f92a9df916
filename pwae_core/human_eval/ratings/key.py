"""The key as scoring needs it: what each item id is, what its row showed, and what the sheets asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pwae_core.artifacts import Artifact
from pwae_core.errors import ArtifactError
from pwae_core.human_eval.blinding.key import CODES, EXPORT, SALT, WORDS
from pwae_core.human_eval.ratings.cells import item_letters
from pwae_core.human_eval.ratings.shown_texts import ShownTexts
from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.words import Words

TEXT_COLUMNS = {
    "conversation": "conversation",
    "history": "history",
    "response": "response_text",
    "other": "other_text",
}


@dataclass(frozen=True)
class KeyItem:
    """A row of the key. ``showing`` is 1, or 2 if the annotator sees the item for the second time.

    ``system`` is the system rated. In a pair it is the one shown first, and ``other`` the one shown second.
    ``expected``: the known answers of an attention check.
    """

    annotator: int
    item_id: str
    system: str
    session_id: str
    showing: int
    other: str = ""
    expected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """``known`` finds an item by the letters of its id; ``texts`` holds the texts that items show, by column.

    ``salt`` is the salt of the completion codes, "" if there are none.
    """

    export: str
    items: Sequence[KeyItem]
    known: Mapping[str, KeyItem]
    texts: Mapping[str, ShownTexts]
    form: Form
    salt: str = ""


def read_key(key: Artifact) -> Key:
    """Reads the key from its artifact. Raises ArtifactError if an earlier pwae wrote it, or its table was altered."""
    if WORDS not in key.facts:
        raise ArtifactError(
            f"{key.folder} is a key of an earlier pwae ({key.manifest['pwae']}), which does not say what its "
            "sheets ask. Score them with that version."
        )
    table = key.table("items.parquet").to_pydict()
    items = key_items(table)
    texts = {
        name: ShownTexts(dict(zip(table["item_id"], table[column], strict=True)))
        for name, column in TEXT_COLUMNS.items()
    }
    form = Form(Words.make(key.facts[WORDS]), key.config["mode"], key.config["ties"])
    known = {item_letters(one.item_id): one for one in items}
    return Key(key.facts[EXPORT], items, known, texts, form, key.facts[SALT] if key.config[CODES] else "")


def key_items(table: Mapping[str, Sequence[object]]) -> list[KeyItem]:
    """The key's items from columns of ``schemas.ITEMS``, in the order of the sheets."""
    made: list[KeyItem] = []
    shown: dict[tuple[object, ...], int] = {}
    names = ("annotator", "position", "item_id", "system", "session_id", "other", "expected")
    for annotator, _, item_id, system, session_id, other, expected in sorted(
        zip(*(table[name] for name in names), strict=True)
    ):
        what = annotator, system, other, session_id, expected
        again = shown[what] = shown.get(what, 0) + 1
        own = int(annotator), str(item_id), str(system), str(session_id), again, str(other)
        made.append(KeyItem(*own, read_expected(str(expected))))
    return made


def read_expected(text: str) -> dict[str, int]:
    """``better=1 person=1`` as a dictionary."""
    return {name: int(rating) for name, _, rating in (one.partition("=") for one in text.split())}
