"""What chat programs export as one JSON document: messages in lists, with facts about each chat beside its list."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import documents
from pwae_core.corpus.readers.base import Batch, NoRowsError, Reader, Row, Shape, Source, Span, row_batches
from pwae_core.corpus.readers.head import Head

Chat = Mapping[str, Any]
NO_MESSAGE = "not a message"
LONGEST_LINE = 1 << 20


def document_reader(
    *,
    name: str,
    recognises: Callable[[Head], bool],
    lists: tuple[documents.Path, ...],
    row: Callable[[Mapping[str, Any], Chat], Row | str],
    holds: str,
    mend: Callable[[bytes], bytes] = bytes,
) -> Reader:
    """The reader of a format of such documents.

    ``lists`` are the paths of messages. ``row(message, chat)``: the row of a message, or the reason why it has none;
    ``chat`` are the members before the list. ``holds`` says in error messages what such a file contains.
    ``mend(lines)`` turns what is not quite JSON into JSON.
    """

    def check(source: Source, config: PreprocessConfig) -> Source:  # noqa: ARG001
        if next(messages(source, lists, mend), None) is None:
            raise NoRowsError(f"{source.name} has none of {holds}. Name its format with --format.")
        return source

    def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:
        shape: Shape = "replies" if config.shape == "replies" else "times"
        return row_batches(rows(span.source), partial(where, span.source), shape)

    def rows(source: Source) -> Iterator[tuple[int, Row | str]]:
        for place, (message, chat) in enumerate(messages(source, lists, mend), start=1):
            found = row(message, chat) if isinstance(message, dict) else NO_MESSAGE
            yield place, found if isinstance(found, str) else found | {"turn": place}

    return Reader(
        name=name, recognises=recognises, check=check, read=read, bytes_a_row=500, unit="message", names_people=True
    )


def messages(
    source: Source, lists: tuple[documents.Path, ...], mend: Callable[[bytes], bytes] = bytes
) -> Iterator[tuple[Any, Chat]]:
    """The messages of a document, each with what precedes the list in the object that holds it."""
    entered = {path[:length] for path in lists for length in range(len(path))}
    chat: dict[str, Any] = {}
    over = False
    with source.open() as handle:
        for path, value in documents.walk(_Mended(handle, mend), source.name, lambda path, _: path in entered):
            if path in lists:
                over = True
                yield value, chat
            elif path:
                chat, over = ({} if over else chat) | {path[-1]: value}, False


class _Mended(io.BytesIO):
    """A file that is read in whole lines, each repaired."""

    def __init__(self, handle: BinaryIO, mend: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self.handle, self.mend = handle, mend

    def read(self, size: int | None = -1, /) -> bytes:
        return self.mend(self.handle.read(-1 if size is None else size) + self.handle.readline(LONGEST_LINE))


def where(source: Source, place: int) -> str:
    return f"{source.name}, message {place}"
