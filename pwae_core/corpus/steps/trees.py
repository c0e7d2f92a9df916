"""Reply trees as arrays: which utterance answers which, the paths from root to leaf, and the rows in cycles.

Rows are numbered; ``parents`` holds each row's parent, -1 for a root. Everything is done level by level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwae_core.corpus.engine.keys import Keys
from pwae_core.corpus.steps.links import PUT_RIGHT, ROOT, Mended

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Forest:
    """Trees, in an order in which every row is directly followed by the longest path down from it.

    ``order`` are the rows in that order. Everything else is per row in that order: ``depths`` below the root, ``backs``
    how many rows back the parent is (0 for a root), ``heights`` of the longest path down.
    """

    order: Indices
    depths: Indices
    backs: Indices
    heights: Indices

    @property
    def lengths(self) -> Indices:
        """The utterances of the longest root-to-leaf path through each row."""
        return self.depths + self.heights + 1

    @property
    def leaves(self) -> Indices:
        """The position (in this order) where the longest path through each row ends."""
        return np.arange(len(self.order)) + self.heights

    @property
    def roots(self) -> Indices:
        """The position (in this order) of the root above each row."""
        at = np.arange(len(self.order))
        found: Indices = np.maximum.accumulate(np.where(self.backs == 0, at, 0))
        return found


def levels(parents: Indices) -> list[Indices]:
    """The rows at depth 0, 1, ...; rows in a cycle, or below one, are in none of them."""
    by_parent = np.argsort(parents, kind="stable")
    known = parents[by_parent]
    first = np.searchsorted(known, np.arange(len(parents)), "left")
    last = np.searchsorted(known, np.arange(len(parents)), "right")
    found = [by_parent[: int(np.searchsorted(known, 0))]]
    while len(found[-1]):
        above = found[-1]
        counts = last[above] - first[above]
        starts = np.repeat(first[above] - (np.cumsum(counts) - counts), counts)
        found.append(by_parent[starts + np.arange(counts.sum())])
    return found[:-1]


def without(parents: Indices, gone: Mask) -> Indices:
    """For each row, its nearest ancestor that is not ``gone``; rows in cycles get themselves."""
    nearest = np.arange(len(parents))
    for depth, rows in enumerate(levels(parents)):
        above = parents[rows]
        nearest[rows] = np.where(gone[above], nearest[above], above) if depth else -1
    return nearest


def grow(parents: Indices, ranks: npt.NDArray[np.integer]) -> Forest:
    """The forest of ``parents`` (without cycles); siblings of equal height, and roots, in the order of ``ranks``."""
    rows_at = levels(parents)
    depths, heights, sizes = (np.zeros(len(parents), np.int64) for _ in range(3))
    sizes += 1
    for depth in range(len(rows_at) - 1, 0, -1):
        rows = rows_at[depth]
        depths[rows] = depth
        np.maximum.at(heights, parents[rows], heights[rows] + 1)
        np.add.at(sizes, parents[rows], sizes[rows])
    places = np.zeros(len(parents), np.int64)
    for depth, level in enumerate(rows_at):
        if not depth:
            rows = level[np.argsort(ranks[level], kind="stable")]
            places[rows] = np.cumsum(sizes[rows]) - sizes[rows]
            continue
        above = places[parents[level]]
        sort = np.lexsort((ranks[level], -heights[level], above))
        rows, above = level[sort], above[sort]
        before = np.cumsum(sizes[rows]) - sizes[rows]
        first = np.append(True, np.diff(above) > 0)
        places[rows] = above + 1 + before - before[first][np.cumsum(first) - 1]
    order = np.argsort(places)
    backs = np.where(parents[order] < 0, 0, np.arange(len(order)) - places[parents[order]])
    return Forest(order, depths[order], backs, heights[order])


@dataclass(frozen=True)
class Roots:
    """The key of each row's tree; rows in a cycle, or below one, have none. ``mended`` as in ``links``."""

    keys: Keys
    circular: Mask
    mended: Mended


def roots(ids: Keys, links: Keys, linked: Mask, otherwise: Keys, nothing: Mask) -> Roots:
    """Follows every row to the top by doubling the step. ``ids`` are unique; ``links`` count only if ``linked``.

    A missing link is looked up ``otherwise``; if that is missing too and may mean ``nothing``, the row is a root. The
    key of a tree is its topmost known id: that of the row, or the missing one that it links to.
    """
    mended = np.zeros(len(ids), np.int8)
    if not len(ids):
        return Roots(ids, linked, mended)
    order = np.argsort(ids)
    above = order[np.minimum(np.searchsorted(ids, links, sorter=order), len(ids) - 1)]
    there = linked & (ids[above] == links)
    again = np.flatnonzero(linked & ~there & (otherwise != links))
    second = order[np.minimum(np.searchsorted(ids, otherwise[again], sorter=order), len(ids) - 1)]
    right = ids[second] == otherwise[again]
    above[again[right]], there[again[right]], mended[again[right]] = second[right], True, PUT_RIGHT
    mended[linked & ~there & nothing] = ROOT
    linked = linked & (mended != ROOT)
    nearest = np.where(there, above, np.arange(len(ids)))
    for _ in range(len(ids).bit_length() + 1):
        further = nearest[nearest]
        if np.array_equal(further, nearest):
            break
        nearest = further
    tops = np.where(linked, links, ids)
    return Roots(tops[nearest], there[nearest], mended)
