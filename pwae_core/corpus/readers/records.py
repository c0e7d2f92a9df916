"""What crawlers and exports write: JSON objects in lines, in an array or one after another, or a table.

Such a format says which objects are its own and which row each of them is; everything else is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, get_args

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import delimited, jsonl, own_json
from pwae_core.corpus.readers.base import Batch, NotOursError, Reader, Row, Shape, Source, Span, row_batches
from pwae_core.corpus.readers.base import whole as one_span
from pwae_core.corpus.readers.delimited import Dialect
from pwae_core.corpus.readers.head import Head, look
from pwae_core.errors import ConfigError, InputError

LOOKED_AT = 100
LINES, DOCUMENT = "lines", "document"
NOTHING = "nothing given by the reader"
Record = Mapping[str, Any]


def record_reader(
    *,
    name: str,
    recognises: Callable[[Record], bool],
    rows: Callable[[Record], Iterable[Row | str]],
    holds: str,
    shape: Shape = "replies",
    **declared: Any,
) -> Reader:
    """Makes a reader for a format of objects.

    ``recognises(record)``: whether an object is of this format; for a table it is given the header without values.
    ``rows(record)``: its row, followed by those that it quotes (``quoted``: True); or only the reason, as a string,
    why it has none. ``holds`` says in messages what such a file contains. ``declared``: any other field of ``Reader``.

    Raises ConfigError for a ``shape`` that there is not.
    """
    if shape not in get_args(Shape):
        raise ConfigError(f"shape: expected one of {', '.join(get_args(Shape))}, got {shape!r:.80}.")

    def recognised(head: Head) -> bool:
        return any(map(recognises, head.records))

    def check(source: Source, config: PreprocessConfig) -> Source:  # noqa: ARG001
        source = laid_out(source)
        if not any(recognises(record) for _, record in islice(records(_all(source)), LOOKED_AT)):
            raise NotOursError(f"{source.name} has none of {holds}. Name its format with --format.")
        return source

    def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:  # noqa: ARG001
        found = ((place, row) for place, record in records(span) for row in _some(rows(record)))
        return row_batches(found, partial(where, span), shape)

    return Reader(name=name, recognises=recognised, check=check, spans=spans, read=read, **declared)


def _some(given: Iterable[Row | str]) -> Iterable[Row | str]:
    """What is given for a record, or else the reason NOTHING, so that every record is counted.

    Raises TypeError for one row or one reason by itself, whose keys or characters would be taken for reasons.
    """
    if isinstance(given, str | Mapping):
        raise TypeError(f"rows gives rows and reasons, such as a list of them, not a {type(given).__name__}")
    return [*given] or [NOTHING]


def laid_out(source: Source) -> Source:
    """The source with the place of its objects (``layout``): lines, a document, or a table of some dialect."""
    head = look(source.path, source.name)
    if head.in_lines:
        return replace(source, layout=LINES)
    if head.text.startswith(("[", "{")):
        return replace(source, layout=DOCUMENT)
    return delimited.quoting_told(delimited.laid_out(source))


def spans(source: Source) -> list[Span]:
    return jsonl.spans(source) if source.layout == LINES else one_span(source)


def records(span: Span) -> Iterator[tuple[int, Record]]:
    """The objects of a span with their places in it, from 1."""
    layout = span.source.layout
    if isinstance(layout, Dialect):
        return _table(span.source)
    return jsonl.records(span) if layout == LINES else own_json.records(span.source)


def where(span: Span, place: int) -> str:
    """What messages call a place in the span."""
    return jsonl.where(span, place) if span.source.layout == LINES else own_json.where(span.source, place)


def _all(source: Source) -> Span:
    return jsonl.whole(source) if source.layout == LINES else one_span(source)[0]


def _table(source: Source) -> Iterator[tuple[int, Record]]:
    with delimited.rows(source) as found:
        header = next(found, [])
        if len({*header}) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise InputError(f"{source.name} has two columns {twice!r}. Rename or remove one of them.")
        for place, row in enumerate(found, start=1):
            if len(row) != len(header):
                raise InputError(delimited.misfit(source, place, row, header))
            yield place, dict(zip(header, row, strict=True))
