"""The user's own rows: which columns they have, under which names, and how they form conversations."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pwae_core.config.preprocess import FIELDS, PreprocessConfig
from pwae_core.corpus.readers.base import (
    BATCH_ROWS,
    Batch,
    LacksColumnsError,
    NoRowsError,
    NotOursError,
    Shape,
    Source,
    Span,
    at,
    raw_batch,
)
from pwae_core.corpus.readers.head import look
from pwae_core.errors import InputError

LOOKED_AT = 100
LATE = ("turn", "reply_to")
"""Fields that order the rows, but that some rows may lack: perhaps all at the beginning of a file."""
REQUIRED: dict[Shape, tuple[str, ...]] = {
    "turns": ("conversation_id", "turn", "user_id", "text"),
    "replies": ("utterance_id", "reply_to", "user_id", "text"),
    "times": ("conversation_id", "timestamp", "user_id", "text"),
}
SYNONYMS = {
    "conversation_id": ("conversation", "conv_id", "convid", "dialogue_id", "dialog_id", "dialogid", "thread_id",
                        "thread", "session_id", "session", "chat_id", "channel_id", "link_id", "root"),
    "turn": ("turn_id", "turn_index", "turn_number", "turnid", "utterance_index", "order", "position", "index", "seq"),
    "user_id": ("user", "userid", "uid", "author", "author_id", "speaker", "speaker_id", "sender", "sender_id", "from",
                "from_id", "username", "user_name"),
    "text": ("utterance", "message", "content", "body", "msg", "sentence", "post", "comment"),
    "utterance_id": ("id", "message_id", "comment_id", "post_id", "msg_id"),
    "reply_to": ("reply_to_id", "parent_id", "parent", "in_reply_to", "reply-to", "replyto", "parent_comment_id"),
    "timestamp": ("time", "date", "datetime", "sent_at", "sent", "created_at", "created", "created_utc", "ts", "when"),
}  # fmt: skip
INSTEAD = {"turn": ("timestamp",)}
"""A substitute: rows without turns are ordered by their times."""


def named(columns: Mapping[str, str]) -> dict[str, str]:
    """The file's name of every field."""
    return {field: columns.get(field, field) for field in FIELDS}


def are_own(found: Iterable[str]) -> bool:
    """Whether ``found`` are columns of one's own, under their own names, whatever else is among them."""
    return any({*found} >= {*fields} for fields in REQUIRED.values())


def shape_of(found: Iterable[str], config: PreprocessConfig) -> Shape:
    """How rows with the columns ``found`` form conversations; ``--shape``, if given, decides."""
    if config.shape != "auto":
        return config.shape
    names, known = named(config.columns), set(found)
    if names["turn"] not in known:
        if {names["utterance_id"], names["reply_to"]} <= known:
            return "replies"
        if {names["conversation_id"], names["timestamp"]} <= known:
            return "times"
        return "replies" if names["utterance_id"] in known else "turns"
    return "turns"


def require(source: Source, found: Iterable[str], config: PreprocessConfig) -> Source:
    """The source, with a note for the user if its columns allow two shapes.

    Raises NotOursError if required columns, or columns named by the user, are not among ``found``.
    """
    known = list(dict.fromkeys(found))
    names, shape = named(config.columns), shape_of(known, config)
    lacking = _lacking(known, config)
    if lacking:
        there = {*REQUIRED[shape]} - {*lacking}
        refused = LacksColumnsError if "text" in there and len(there) > 1 else NotOursError
        raise refused(_lacks(source, [names[field] for field in lacking], known) + _proposed(lacking, known, names))
    told = _told(source, shape, {*known}, config)
    return replace(source, told=(*source.told, told)) if told else source


def _lacking(known: Iterable[str], config: PreprocessConfig) -> list[str]:
    """Fields whose columns are required, or named by the user, and are not ``known``."""
    known = {*known}
    needed = {*REQUIRED[shape_of(known, config)], *config.columns}
    return [field for field, column in named(config.columns).items() if column not in known and field in needed]


def _told(source: Source, shape: Shape, known: set[str], config: PreprocessConfig) -> str:
    """How the rows become conversations, if that may be surprising."""
    names = named(config.columns)
    if shape == "times":
        cut = f"a pause of over {config.gap:g} minutes begins a new conversation" if config.gap else "no pause ends one"
        turns = "" if names["turn"] in known else "has no turns and "
        return f"{source.name} {turns}is read by time: {cut} (--gap)."
    if config.shape == "auto" and shape == "turns" and {names[field] for field in REQUIRED["replies"]} <= known:
        return f"{source.name} has turns and reply links, and is read by turn. --shape replies follows the links."
    return ""


def _lacks(source: Source, columns: list[str], known: list[str]) -> str:
    listed = _listed([repr(column) for column in columns])
    shown = ", ".join(sorted(known)[:12]) + (", ..." if len(known) > 12 else "")
    return f"{source.name} has no column{'s' * (len(columns) > 1)} {listed}; its columns are: {shown or 'none'}. "


def _proposed(lacking: list[str], known: list[str], names: Mapping[str, str]) -> str:
    """What to write, with the columns that most likely hold what is missing."""
    if len(known) == 1 and len(lacking) > 1:
        return "Convert it to a table with a row for each utterance."
    likely = _likely(lacking, known, names)
    if not likely:
        options = " ".join(f"--column {field}=COLUMN" for field in lacking)
        them = "columns that hold them" if len(lacking) > 1 else "column that holds it"
        return f"Name the {them} with {options}."
    options = " ".join(f"--column {shlex.quote(f'{field}={column}')}" for field, column in likely.items())
    return f"Perhaps {options}?"


def _likely(lacking: list[str], known: list[str], names: Mapping[str, str]) -> dict[str, str]:
    """The columns that most likely hold what is missing, by their names."""
    free = {_plain(column): column for column in reversed(known) if column not in names.values()}
    likely = {}
    for field in lacking:
        for asked in (field, *INSTEAD.get(field, ())):
            near = [name for name in map(_plain, (asked, *SYNONYMS.get(asked, ()))) if name in free]
            if near:
                likely[asked] = free.pop(near[0])
                break
    return likely


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def once(source: Source, found: Iterable[str], config: PreprocessConfig) -> None:
    """Raises InputError if a name that is read occurs twice among ``found``."""
    seen = set()
    for column in found:
        if column in seen and column in named(config.columns).values():
            raise InputError(f"{source.name} has two columns {column!r}. Rename or remove one of them.")
        seen.add(column)


def check(source: Source, records: Iterable[tuple[int, Mapping[str, Any]]], config: PreprocessConfig) -> Source:
    """The source of JSON objects, with its shape (``layout``).

    The first hundred objects must show every required column at least once; but for ``LATE`` ones, which some rows may
    do without: they are looked for in all objects. Raises InputError for an object that cannot be read (see
    ``unreadable``).
    """
    columns: dict[str, None] = {}
    found = 0
    record: Mapping[str, Any] = {}
    try:
        for found, (_, record) in enumerate(islice(records, LOOKED_AT), start=1):  # noqa: B007
            columns.update(dict.fromkeys(record))
        late = _late(list(columns), config) if found == LOOKED_AT else None
        columns.update(dict.fromkeys(next((record for _, record in records if late in record), ())) if late else {})
    except InputError as error:
        raise unreadable(source, error, config, columns) from error
    if not found:
        raise NoRowsError(f"{source.name} has no rows. Give a file with at least one utterance.")
    if found == 1 and _is_table(record, config):
        raise NotOursError(
            f"{source.name} is one JSON object that holds more than a row. Write an object for each utterance; "
            "pandas does with to_json(FILE, orient='records', lines=True)."
        )
    return replace(require(source, columns, config), layout=shape_of(columns, config))


def _is_table(record: Mapping[str, Any], config: PreprocessConfig) -> bool:
    """Whether an object has lists or objects, and no text of its own."""
    names = named(config.columns)
    texts = (names["text"], *_likely(["text"], list(record), names).values())
    own_text = any(isinstance(record.get(column), str) for column in texts)
    return not own_text and any(isinstance(value, dict | list) for value in record.values())


def _late(columns: list[str], config: PreprocessConfig) -> str | None:
    """The one column that is missing, if it is a ``LATE`` one and none of the others seems to be it."""
    lacking, names = _lacking(columns, config), named(config.columns)
    may_come = len(lacking) == 1 and lacking[0] in LATE and not _likely(lacking, columns, names)
    return names[lacking[0]] if may_come else None


def unreadable(source: Source, error: InputError, config: PreprocessConfig, columns: Iterable[str] = ()) -> InputError:
    """The error about a file: NotOursError unless ``columns`` or its beginning show the columns that every row has.

    In a beginning that is not UTF-8, a name that is not ASCII cannot be recognised: it may be there.
    """
    shown = {*columns, *(name for record in look(source.path, source.name).records for name in record)}
    names = named(config.columns)
    lacking = {names["user_id"], names["text"]} - shown
    if any("\ufffd" in name for name in shown):
        lacking = {name for name in lacking if name.isascii()}
    return NotOursError(str(error)) if lacking else error


def batches(
    records: Iterator[tuple[int, Mapping[str, Any]]],
    where: Callable[[int], str],
    span: Span,
    config: PreprocessConfig,
) -> Iterator[Batch]:
    """JSON objects as batches of the shape that ``check`` found. ``where(place)`` names a place in messages."""
    names = named(config.columns)
    while rows := list(islice(records, BATCH_ROWS)):
        places = np.fromiter((place for place, _ in rows), np.int64, len(rows))
        values: dict[str, Any] = {field: [record.get(name) for _, record in rows] for field, name in names.items()}
        if config.shape == "auto":
            _same_shape(values, span.source.layout, names, partial(at, where, places))
        yield own_batch(values, places, partial(at, where, places), span.source.layout, span.start)


def _same_shape(
    values: Mapping[str, list[Any]], shape: Shape, names: Mapping[str, str], where: Callable[[int], str]
) -> None:
    """Raises InputError for a row with a column that would have given the rows another shape, had it come earlier."""
    told: list[tuple[str, str, Shape]] = [("reply_to", "utterance_id", "replies")] if shape == "times" else []
    told += [("turn", "conversation_id", "turns")] if shape != "turns" else []
    for field, beside, other in told:
        pairs = enumerate(zip(values[field], values[beside], strict=True))
        row = next((i for i, pair in pairs if all(value not in (None, "") for value in pair)), None)
        if row is not None:
            order = "their times" if shape == "times" else "their reply links"
            raise InputError(
                f"{where(row)} has a column {names[field]!r}, which its first {LOOKED_AT} rows do not have: by them, "
                f"rows are ordered by {order}. Choose the order with --shape {shape} or --shape {other}."
            )


def own_batch(
    values: Mapping[str, Any], places: npt.NDArray[np.int64], where: Callable[[int], str], shape: Shape, before: int
) -> Batch:
    """``raw_batch``; rows that time orders are numbered, by their ``places`` and how much is ``before`` them."""
    if shape == "times":
        values = {**values, "turn": pa.array(places + before)}
    return raw_batch(values, places, where, shape)
