"""What preprocessing does to single rows: the text before and after, and the steps that changed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import Batch, Source
from pwae_core.corpus.steps import chains, scan
from pwae_core.corpus.steps.scan import Rules
from pwae_core.corpus.steps.trees import Indices
from pwae_core.text.clean import CLEANERS, TIDY, clean, squeeze_spaces, steps

FILES_LOOKED_AT = 20
BATCHES_LOOKED_AT = 3  # of a file: its first rows, or those of each table of a database
UNFOLD = "unfold"


@dataclass(frozen=True)
class Quotation:
    """What a repost chain quotes from somebody, before and after cleaning."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Explained:
    """One raw row. ``steps`` are those that changed it; ``rejected`` is why it is left out, or empty; ``quotes`` is
    what its chain quotes.
    """

    place: str
    before: str
    after: str
    steps: tuple[str, ...]
    rejected: str
    quotes: tuple[Quotation, ...] = ()


def explain_rows(sources: Sequence[Source], config: PreprocessConfig, wanted: int) -> list[Explained]:
    """``wanted`` rows from the beginning of each file, spread evenly over those that are changed or left out.

    If these are too few, unchanged rows are added.
    """
    found = [
        one
        for source in sources[:FILES_LOOKED_AT]
        for batch in islice(readers.read(readers.spans(source)[0], config), BATCHES_LOOKED_AT)
        for one in _of_batch(source, batch, config, wanted)
    ]
    found.sort(key=lambda one: not (one.steps or one.rejected))
    touched = [one for one in found if one.steps or one.rejected]
    return _spread(touched, wanted) if len(touched) >= wanted else found[:wanted]


def _spread(rows: Sequence[Explained], wanted: int) -> list[Explained]:
    return [rows[int(place)] for place in np.linspace(0, len(rows) - 1, wanted).round()]


def _of_batch(source: Source, batch: Batch, config: PreprocessConfig, wanted: int) -> list[Explained]:
    rules, chained = Rules.of(source, config), batch.shape == "replies" and config.unfold
    rows, before = scan.unmarked(batch.table, rules), batch.table["text"]
    texts, reasons = _results(rows, batch, rules, chained)
    touched = pc.or_(pc.not_equal(reasons, ""), pc.fill_null(pc.not_equal(texts, before), True)).to_numpy()
    order = np.concatenate([_evenly(np.flatnonzero(touched), wanted), _evenly(np.flatnonzero(~touched), wanted)])
    found = []
    for row in map(int, order):
        text = before[row].as_py() or ""
        found.append(
            Explained(
                place=_place(source, batch, row),
                before=text,
                after=texts[row].as_py() or "",
                steps=_steps(text, chained, rules),
                rejected=reasons[row].as_py(),
                quotes=_quotes(rows["text"][row].as_py() or "", rules) if chained else (),
            )
        )
    return found


def _place(source: Source, batch: Batch, row: int) -> str:
    """Where a row is, and what it is if it is not a row of its own but quoted by one."""
    quoted = ", what it answers or reposts" if batch.table["quoted"][row].as_py() else ""
    inside = f"{batch.part}, " if batch.part else ""
    return f"{source.name}, {inside}{readers.reader(source).unit} {batch.places[row]}{quoted}"


def _evenly(rows: Indices, wanted: int) -> Indices:
    return rows if len(rows) <= wanted else rows[np.linspace(0, len(rows) - 1, wanted).round().astype(np.int64)]


def _results(rows: pa.Table, batch: Batch, rules: Rules, chained: bool) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The cleaned texts, and why rows are left out."""
    rows = scan.prepared(rows, rules, scan.Seen())
    if chained:
        own = [_own_words(text) for text in rows["text"].to_pylist()]
        rows = rows.set_column(rows.schema.get_field_index("text"), "text", pa.array(own, pa.string()))
    rows, why = scan.judged(rows, batch.shape, rules, scan.Seen())
    return rows["text"], why


def _own_words(text: str | None) -> str | None:
    return None if text is None else chains.CHAIN.split(text)[0]


def _quotes(text: str, rules: Rules) -> tuple[Quotation, ...]:
    names, texts = chains.CHAIN.split(text)[1::2], chains.CHAIN.split(text)[2::2]
    after = clean(pa.array(texts, pa.string()), rules.steps, rules.lowercase).to_pylist()
    return tuple(map(Quotation, names, texts, after))


def _steps(text: str, chained: bool, rules: Rules) -> tuple[str, ...]:
    """The steps that change a text, in their order: chains are unfolded once HTML is read."""
    order = steps(rules.steps, rules.lowercase)
    if chained:
        order.insert(order.index(TIDY), UNFOLD)
    found, now = [], pa.array([text])
    for name in order:
        after = pa.array([_own_words(now[0].as_py())]) if name == UNFOLD else CLEANERS[name](now)
        if after != now if name == TIDY else squeeze_spaces(after) != squeeze_spaces(now):
            found.append(name)
        now = after
    return tuple(found)
