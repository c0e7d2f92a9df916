"""All returned files together: each annotator's ratings once, every problem and every oddity told by its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pwae_core.human_eval.blinding.placement import EXPORT_LETTERS, ITEM_LETTERS
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
from pwae_core.human_eval.ratings.grid import Grid
from pwae_core.human_eval.ratings.key import Key, KeyItem
from pwae_core.human_eval.sheets.readable_text import visible
from pwae_core.human_eval.sheets.sheet import RATED

COLUMN_NAMES = "item, " + ", ".join(RATED)
LETTERS = EXPORT_LETTERS + ITEM_LETTERS


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


def gather(files: Iterable[Sequence[Grid]], key: Key) -> Gathered:
    """Reads the pages of every file. All problems are collected, not only the first."""
    made = Gathered()
    for pages in files:
        found = [(page, top) for page in pages if (top := header(page)) is not None]
        if not found:
            made.problems.append(
                f"{pages[0].path.name} has no row with the columns' names ({COLUMN_NAMES}): it is no filled sheet."
            )
        for page, top in found:
            _page(page, top, key, made)
    return made


def _page(page: Grid, top: int, key: Key, made: Gathered) -> None:
    where, problems = columns(page, top)
    made.problems += problems
    if problems:
        return
    owner: int | None = None
    strange: dict[str, list[Place]] = {}
    moved: dict[str, list[Place]] = {}
    for row in rows(page, top, where):
        letters = item_letters(row.item.value)
        item = key.known.get(letters)
        if item is None and len(letters) == LETTERS and letters[:EXPORT_LETTERS] != key.export:
            strange.setdefault(letters[:EXPORT_LETTERS], []).append(row.item.place)
        elif item is None:
            made.problems.append(_unknown(row))
        elif item.annotator != (owner := owner or item.annotator):
            made.problems.append(
                f"{row.item.place}: item {item.item_id} is annotator {item.annotator}'s, the items above it are "
                f"annotator {owner}'s. Put each annotator's rows into a file of their own."
            )
        else:
            made.files.setdefault(owner, {})[page.path.name] = None
            for name, cell in row.texts.items():
                if not key.texts[name].is_of(item.item_id, cell.value):
                    moved.setdefault(name, []).append(cell.place)
            _row(row, item, made)
    made.problems += [_of_another_export(places, export, key) for export, places in strange.items()]
    made.problems += [_moved(places) for places in moved.values()]


def _of_another_export(places: Sequence[Place], export: str, key: Key) -> str:
    more = f", and {len(places) - 1:,} more below it" if len(places) > 1 else ""
    return (
        f"{places[0]}: this item{more} is of the export {export}, the key is that of {key.export}. "
        "Leave the file out, or give the key of its export."
    )


def _moved(places: Sequence[Place]) -> str:
    more = f", and in {len(places) - 1:,} more rows" if len(places) > 1 else ""
    return (
        f"{places[0]}: here{more} is another text than the item was sent out with. Put moved cells back; "
        f"where texts are only misspelt, empty the column {places[0].name}."
    )


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
