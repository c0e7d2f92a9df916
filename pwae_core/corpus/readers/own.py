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
    lacking = [
        field
        for field, column in names.items()
        if column not in known and (field in REQUIRED[shape] or field in config.columns)
    ]
    if lacking:
        there = {*REQUIRED[shape]} - {*lacking}
        refused = LacksColumnsError if "text" in there and len(there) > 1 else NotOursError
        raise refused(_lacks(source, [names[field] for field in lacking], known) + _proposed(lacking, known, names))
    told = _told(source, shape, {*known}, config)
    return replace(source, told=(*source.told, told)) if told else source


def _told(source: Source, shape: Shape, known: set[str], config: PreprocessConfig) -> str:
    """How the rows become conversations, if that may be surprising."""
    names = named(config.columns)
    if shape == "times":
        cut = f"a pause of over {config.gap:g} minutes begins a new conversation" if config.gap else "no pause ends one"
        return f"{source.name} has no turns and is read by time: {cut} (--gap)."
    if config.shape == "auto" and shape == "turns" and {names[field] for field in REQUIRED["replies"]} <= known:
        return f"{source.name} has turns and reply links, and is read by turn. --shape replies follows the links."
    return ""


def _lacks(source: Source, columns: list[str], known: list[str]) -> str:
    listed = _listed([repr(column) for column in columns])
    shown = ", ".join(sorted(known)[:12]) + (", ..." if len(known) > 12 else "")
    return f"{source.name} has no column{'s' * (len(columns) > 1)} {listed}; its columns are: {shown or 'none'}. "


def _proposed(lacking: list[str], known: list[str], names: Mapping[str, str]) -> str:
    """What to write, with the columns that most likely hold what is missing."""
    free = {_plain(column): column for column in reversed(known) if column not in names.values()}
    if len(known) == 1 and len(lacking) > 1:
        return "Convert it to a table with a row for each utterance."
    likely = {}
    for field in lacking:
        for asked in (field, *INSTEAD.get(field, ())):
            near = [name for name in map(_plain, (asked, *SYNONYMS.get(asked, ()))) if name in free]
            if near:
                likely[asked] = free.pop(near[0])
                break
    if not likely:
        options = " ".join(f"--column {field}=COLUMN" for field in lacking)
        them = "columns that hold them" if len(lacking) > 1 else "column that holds it"
        return f"Name the {them} with {options}."
    options = " ".join(f"--column {shlex.quote(f'{field}={column}')}" for field, column in likely.items())
    return f"Perhaps {options}?"


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

    The first hundred objects must show every required column at least once. Raises InputError for an object that
    cannot be read (see ``unreadable``).
    """
    columns: dict[str, None] = {}
    found = 0
    try:
        for found, (_, record) in enumerate(islice(records, LOOKED_AT), start=1):  # noqa: B007
            columns.update(dict.fromkeys(record))
    except InputError as error:
        raise unreadable(source, error, config, columns) from error
    if not found:
        raise NoRowsError(f"{source.name} has no rows. Give a file with at least one utterance.")
    return replace(require(source, columns, config), layout=shape_of(columns, config))


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
        yield own_batch(values, places, partial(at, where, places), span.source.layout, span.start)


def own_batch(
    values: Mapping[str, Any], places: npt.NDArray[np.int64], where: Callable[[int], str], shape: Shape, before: int
) -> Batch:
    """``raw_batch``; rows that time orders are numbered, by their ``places`` and how much is ``before`` them."""
    if shape == "times":
        values = {**values, "turn": pa.array(places + before)}
    return raw_batch(values, places, where, shape)
