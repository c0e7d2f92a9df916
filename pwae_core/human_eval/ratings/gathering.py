"""All returned files together: each annotator's ratings once, every problem and every oddity told by its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pwae_core.human_eval.ratings.cells import (
    BY_NAME,
    Cell,
    FilledRow,
    Place,
    bare,
    columns,
    header,
    item_letters,
    plain,
    rating,
    rows,
)
from pwae_core.human_eval.ratings.returned_files import Grid
from pwae_core.human_eval.sheets.readable_text import visible
from pwae_core.human_eval.sheets.sheet import RATED

COLUMN_NAMES = "item, " + ", ".join(RATED)


@dataclass(frozen=True)
class KeyItem:
    """A row of the key. ``showing`` is 1, or 2 where the annotator sees the item for the second time."""

    annotator: int
    item_id: str
    system: str
    session_id: str
    showing: int


@dataclass(frozen=True)
class Returned:
    """What one annotator sent back: ``missing`` items stand in no file, ``unrated`` cells are empty."""

    annotator: int
    files: tuple[str, ...]
    items: int
    missing: int
    rated: int
    unrated: int


@dataclass
class Gathered:
    """``ratings`` by item id and criterion. Where there are ``problems`` the rest is not to be used."""

    ratings: dict[tuple[str, str], int] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    files: dict[int, dict[str, None]] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def key_items(table: Mapping[str, Sequence[object]]) -> list[KeyItem]:
    """The key's items from columns of ``schemas.ITEMS``, in the order of the sheets."""
    made: list[KeyItem] = []
    shown: dict[tuple[object, ...], int] = {}
    names = ("annotator", "position", "item_id", "system", "session_id")
    for annotator, _, item_id, system, session_id in sorted(zip(*(table[name] for name in names), strict=True)):
        again = shown[annotator, system, session_id] = shown.get((annotator, system, session_id), 0) + 1
        made.append(KeyItem(int(annotator), str(item_id), str(system), str(session_id), again))
    return made


def gather(files: Iterable[Sequence[Grid]], key: Sequence[KeyItem]) -> Gathered:
    """Reads the pages of every file. All problems are collected, not only the first."""
    made = Gathered()
    known = {item_letters(one.item_id): one for one in key}
    for pages in files:
        found = [(page, top) for page in pages if (top := header(page)) is not None]
        if not found:
            made.problems.append(
                f"{pages[0].path.name} has no row with the columns' names ({COLUMN_NAMES}): it is no filled sheet."
            )
        for page, top in found:
            _page(page, top, known, made)
    return made


def _page(page: Grid, top: int, known: Mapping[str, KeyItem], made: Gathered) -> None:
    where, problems = columns(page, top)
    made.problems += problems
    if problems:
        return
    owner: int | None = None
    for row in rows(page, top, where):
        item = known.get(item_letters(row.item.value))
        if item is None:
            made.problems.append(_unknown(row))
            continue
        owner = owner or item.annotator
        if item.annotator != owner:
            made.problems.append(
                f"{row.item.place}: item {item.item_id} is annotator {item.annotator}'s, the items above it are "
                f"annotator {owner}'s. Put each annotator's rows into a file of their own."
            )
            continue
        made.files.setdefault(owner, {})[page.path.name] = None
        _row(row, item, made)


def _unknown(row: FilledRow) -> str:
    text = plain(row.item.value)
    if not text:
        return f"{row.item.place}: the item is missing beside ratings. Copy it from the sheet that was sent out."
    shown = visible(text)[:40]
    return f"{row.item.place}: {shown!r} is no item of this key. Copy it from the sheet, or give the key of this sheet."


def _row(row: FilledRow, item: KeyItem, made: Gathered) -> None:
    made.seen[item.item_id] = None
    for name, cell in row.ratings.items():
        try:
            given = rating(cell.value, BY_NAME[name])
        except ValueError as error:
            made.problems.append(f"{cell.place}: {error}")
            continue
        if given is not None:
            _merge(item, name, cell, given, made)
    remark = visible(bare(row.remark))
    if remark and remark not in made.comments.get(item.item_id, "").split(" | "):
        made.comments[item.item_id] = " | ".join(filter(None, [made.comments.get(item.item_id), remark]))


def _merge(item: KeyItem, name: str, cell: Cell, given: int, made: Gathered) -> None:
    earlier = made.ratings.setdefault((item.item_id, name), given)
    place = made.places.setdefault((item.item_id, name), cell.place)
    if earlier != given:
        made.problems.append(
            f"{cell.place}: item {item.item_id} is rated {given} here and {earlier} in {place}. Keep one of them."
        )


def returned(made: Gathered, key: Sequence[KeyItem]) -> list[Returned]:
    """How complete each annotator's ratings are, for everybody whom the key has."""
    own: dict[int, list[KeyItem]] = {}
    for item in key:
        own.setdefault(item.annotator, []).append(item)
    told = []
    for annotator, items in own.items():
        rated = sum((item.item_id, name) in made.ratings for item in items for name in RATED)
        missing = sum(item.item_id not in made.seen for item in items)
        unrated = len(items) * len(RATED) - rated
        files = tuple(made.files.get(annotator, ()))
        told.append(Returned(annotator, files, len(items), missing, rated, unrated))
    return told
