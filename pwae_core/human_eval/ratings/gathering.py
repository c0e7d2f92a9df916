"""All returned files together: each annotator's ratings once, and every problem with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pwae_core.grammar import counted
from pwae_core.human_eval.blinding.codes import GROUP
from pwae_core.human_eval.blinding.placement import EXPORT_LETTERS, ITEM_LETTERS
from pwae_core.human_eval.ratings.cells import (
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
    unread,
)
from pwae_core.human_eval.ratings.grid import Grid
from pwae_core.human_eval.ratings.key import Key, KeyItem
from pwae_core.human_eval.sheets.form import ITEM, REMARK, Form
from pwae_core.human_eval.sheets.readable_text import visible

ITEM_ID = re.compile(rf"\b({GROUP})(-{GROUP}){{3}}\b", re.IGNORECASE)
ELSEWHERE = "Leave the file out, or give the key of its export."


@dataclass(frozen=True)
class Returned:
    """What one annotator sent back. ``missing`` items are in no file; ``unrated`` cells are empty.

    ``code`` is the completion code of exactly these ratings. It is None if some are missing or pages show no codes.
    """

    annotator: int
    files: tuple[str, ...]
    items: int
    missing: int
    rated: int
    unrated: int
    code: str | None


@dataclass
class Gathered:
    """``ratings`` by item id and criterion. If there are ``problems``, nothing else may be used.

    ``unread``: the places of words that are not kept, because they are in no column that is read, or beside no item.
    """

    ratings: dict[tuple[str, str], int] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    files: dict[int, dict[str, None]] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def gather(files: Iterable[Sequence[Grid]], key: Key) -> Gathered:
    """Reads the pages of every file. It collects all problems, not only the first."""
    made = Gathered()
    for pages in files:
        found = [(page, top) for page in pages if (top := header(page, key.form)) is not None]
        if not found:
            made.problems.append(_no_sheet(pages, key))
        for page, top in found:
            _page(page, top, key, made)
    return made


def _no_sheet(pages: Sequence[Grid], key: Key) -> str:
    """What a file without the columns is: a sheet of an export that asks otherwise, or none."""
    name = pages[0].path.name
    texts = (str(cell) for page in pages for _, row in page.first_rows for cell in row)
    export = next((found[1].casefold() for text in texts if (found := ITEM_ID.search(text))), key.export)
    if export != key.export:
        return f"{name}: its items are of the export {export}, the key is that of {key.export}. {ELSEWHERE}"
    names = ", ".join(key.form.head(name) for name in (ITEM, *key.form.rated))
    return (
        f"{name} has no row with the columns' names ({names}): it is not a filled-in sheet. "
        "Leave it out, or give the file that was filled in."
    )


def _page(page: Grid, top: int, key: Key, made: Gathered) -> None:
    where, problems = columns(page, top, key.form)
    made.problems += problems
    if problems:
        return
    made.unread += unread(page, top, where, key.form)
    owner: int | None = None
    strangers: dict[int, list[FilledRow]] = {}
    unknown: dict[str, list[Cell]] = {}
    moved: dict[str, list[Place]] = {}
    for row in rows(page, top, where, key.form):
        item = key.known.get(item_letters(row.item.value))
        if not row.is_judged:
            made.unread.append(f"{page.name}, row {row.item.place.row} ({key.form.head(REMARK)})")
        elif item is None:
            unknown.setdefault(_export_of(row.item.value), []).append(row.item)
        elif item.annotator != (owner := owner or item.annotator):
            strangers.setdefault(item.annotator, []).append(row)
        else:
            made.files.setdefault(owner, {})[page.path.name] = None
            for name, cell in row.texts.items():
                if not key.texts[name].is_of(item.item_id, cell.value):
                    moved.setdefault(name, []).append(cell.place)
            _row(row, item, key.form, made)
    made.problems += [_stranger(found, annotator, owner, key) for annotator, found in strangers.items()]
    made.problems += [_unknown(cells, export, key.export) for export, cells in unknown.items()]
    made.problems += [_moved(places) for places in moved.values()]


def _stranger(found: Sequence[FilledRow], annotator: int, owner: int | None, key: Key) -> str:
    cell = found[0].item
    return (
        f"{cell.place}{_more(found)}: item {key.known[item_letters(cell.value)].item_id} is annotator {annotator}'s, "
        f"the items above it are annotator {owner}'s. Put each annotator's rows into a file of their own."
    )


def _export_of(item: object) -> str:
    """The letters that begin an item id; "?" if it is not an item id, "" if the cell is empty."""
    letters = item_letters(item)
    return letters[:EXPORT_LETTERS] if len(letters) == EXPORT_LETTERS + ITEM_LETTERS else "?" if plain(item) else ""


def _unknown(cells: Sequence[Cell], export: str, own: str) -> str:
    place, more = cells[0].place, _more(cells)
    if not export:
        return f"{place}{more}: there are ratings without an item. Copy it from the sheet that was sent out."
    if export not in ("?", own):
        return f"{place}{more}: the item is of the export {export}, the key is that of {own}. {ELSEWHERE}"
    shown = visible(plain(cells[0].value))[:40]
    return (
        f"{place}{more}: {shown!r} is not an item of this key. Copy it from the sheet, or give the key of this sheet."
    )


def _moved(places: Sequence[Place]) -> str:
    return (
        f"{places[0]}{_more(places)}: this is not the text that was sent out with the item. Put moved cells back; "
        f"if texts are only misspelt, empty the column {places[0].name}."
    )


def _more(places: Sequence[object]) -> str:
    return f", and likewise in {counted(len(places) - 1, 'more row')}" if len(places) > 1 else ""


def _row(row: FilledRow, item: KeyItem, form: Form, made: Gathered) -> None:
    made.seen[item.item_id] = None
    for criterion in form.criteria:
        name, cell = criterion.name, row.ratings[criterion.name]
        try:
            given = rating(cell.value, criterion)
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


def returned(
    made: Gathered, key: Sequence[KeyItem], rated_columns: Sequence[str], codes: Mapping[int, str]
) -> list[Returned]:
    """How complete the ratings of each annotator in the key are."""
    own: dict[int, list[KeyItem]] = {}
    for item in key:
        own.setdefault(item.annotator, []).append(item)
    told = []
    for annotator, items in own.items():
        rated = sum((item.item_id, name) in made.ratings for item in items for name in rated_columns)
        missing = sum(item.item_id not in made.seen for item in items)
        unrated = len(items) * len(rated_columns) - rated
        files = tuple(made.files.get(annotator, ()))
        told.append(Returned(annotator, files, len(items), missing, rated, unrated, codes.get(annotator)))
    return told
