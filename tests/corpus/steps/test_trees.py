"""Reply trees as arrays against a plain recursive reading: paths, windows, circles, ancestors, roots."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.engine.job import KNOWN
from pwae_core.corpus.steps.arrange import in_trees
from pwae_core.corpus.steps.chains import OWN, QUOTED
from pwae_core.corpus.steps.links import PUT_RIGHT, ROOT
from pwae_core.corpus.steps.trees import grow, levels, roots, without
from pwae_core.corpus.steps.windows import Places, window_ends

LINKS = st.lists(st.integers(-1, 19), max_size=20)


@st.composite
def forests(draw) -> list[int]:
    """Parents of rows without circles: in some order, every row answers one of those before it, or none."""
    count = draw(st.integers(0, 25))
    parents = [draw(st.integers(-1, row - 1)) for row in range(count)]
    order = draw(st.permutations(range(count)))
    return [-1 if parents[row] < 0 else order.index(parents[row]) for row in order]


def paths(parents: list[int]) -> list[tuple[int, ...]]:
    """Every path from a root to a leaf."""

    def upward(row: int) -> tuple[int, ...]:
        return (*upward(parents[row]), row) if parents[row] >= 0 else (row,)

    return [upward(row) for row in range(len(parents)) if row not in parents]


@given(forests(), st.integers(2, 4), st.integers(1, 3), st.integers(1, 6))
def test_windows_are_those_of_all_paths_each_once(parents, window, stride, min_turns):
    forest = grow(np.array(parents, np.int64), np.arange(len(parents)))
    found = Places(forest.depths, forest.lengths, forest.backs)
    config = PreprocessConfig.make({"window": window, "stride": stride, "min_turns": min_turns})
    rows = forest.order[found.members(window_ends(found, config), window)]
    longest = {row: max(len(path) for path in paths(parents) if row in path) for row in range(len(parents))}
    expected = {
        path[start : start + window]
        for path in paths(parents)
        for start in range(0, len(path) - window + 1, stride)
        if longest[path[start + window - 1]] >= min_turns
    }
    assert len(rows) == len(expected)
    assert {tuple(row) for row in rows.tolist()} == expected


@given(forests())
def test_the_longest_path_on_follows_directly(parents):
    forest = grow(np.array(parents, np.int64), np.arange(len(parents)))
    assert sorted(forest.order.tolist()) == list(range(len(parents)))
    for place, row in enumerate(forest.order.tolist()):
        mine = [path for path in paths(parents) if row in path]
        through = next(path for path in mine if path[-1] == forest.order[forest.leaves[place]])
        assert forest.lengths[place] == len(through) == max(map(len, mine))
        assert forest.order[place : forest.leaves[place] + 1].tolist() == list(through[through.index(row) :])
        parent = forest.order[place - forest.backs[place]] if forest.backs[place] else -1
        assert parent == parents[row]


def test_a_tree_by_hand():
    #        0
    #      /   \
    #     1     2
    #           |
    #           3      4 alone
    forest = grow(np.array([-1, 0, 0, 2, -1]), np.arange(5))
    assert forest.order.tolist() == [0, 2, 3, 1, 4]
    assert forest.depths.tolist() == [0, 1, 2, 1, 0]
    assert forest.backs.tolist() == [0, 1, 1, 3, 0]
    assert forest.lengths.tolist() == [3, 3, 3, 2, 1]
    assert forest.leaves.tolist() == [2, 2, 2, 3, 4]


@given(LINKS)
def test_rows_in_circles_are_in_no_level_and_have_no_root(links):
    parents = [link if link < len(links) else -1 for link in links]

    def depth(row: int) -> int | None:
        seen = []
        while row >= 0 and row not in seen:
            seen.append(row)
            row = parents[row]
        return len(seen) - 1 if row < 0 else None

    expected = [depth(row) for row in range(len(parents))]
    found = {row: level for level, rows in enumerate(levels(np.array(parents, np.int64))) for row in rows.tolist()}
    assert found == {row: level for row, level in enumerate(expected) if level is not None}
    ids = np.arange(100, 100 + len(links), dtype=np.uint64)
    told = np.array([link >= 0 for link in links], np.bool_)
    answered = np.array([100 + link for link in links], np.uint64)
    result = roots(ids, answered, told, answered, np.zeros(len(links), np.bool_))
    circles = [parents[row] >= 0 and expected[row] is None for row in range(len(links))]
    assert result.circular.tolist() == circles


def test_the_root_is_the_topmost_id_that_is_known_of():
    ids = np.array([5, 3, 9, 7, 8], np.uint64)
    links = np.array([3, 9, 0, 42, 42], np.uint64)
    linked = np.array([True, True, False, True, True])
    assert roots(ids, links, linked, links, ~linked).keys.tolist() == [9, 9, 9, 42, 42]


def test_links_that_lead_nowhere_are_looked_up_otherwise_or_stand_for_nothing():
    ids = np.array([5, 3, 9, 1, 2], np.uint64)
    links = np.array([31, 9, 0, 0, 5], np.uint64)
    otherwise = np.array([3, 7, 0, 0, 9], np.uint64)
    linked = np.array([True, True, True, True, True])
    nothing = np.array([False, False, True, True, True])
    found = roots(ids, links, linked, otherwise, nothing)
    assert found.keys.tolist() == [9, 9, 9, 1, 9]
    assert found.mended.tolist() == [PUT_RIGHT, 0, ROOT, ROOT, 0]
    assert not found.circular.any()


@given(forests(), st.data())
def test_ancestors_that_are_gone_are_skipped(parents, data):
    gone = data.draw(st.lists(st.booleans(), min_size=len(parents), max_size=len(parents)))

    def nearest(row: int) -> int:
        above = parents[row]
        return above if above < 0 or not gone[above] else nearest(above)

    found = without(np.array(parents, np.int64), np.array(gone, np.bool_))
    assert found.tolist() == [nearest(row) for row in range(len(parents))]


def known(*cells: tuple[str, str | None, str | None, str | None]) -> pa.Table:
    rows = [
        {"utterance_id": name, "reply_to": above, "user_id": user, "text": text, "kind": OWN, "key": 7}
        for name, above, user, text in cells
    ]
    return pa.Table.from_pylist(rows, schema=KNOWN)


def test_utterances_of_a_tree_stand_once_under_the_leaf_of_their_longest_path():
    table = known(("p", None, "u", "post"), ("a", "p", "v", "one"), ("b", "p", "w", "two"), ("c", "b", "u", "three"))
    rows, counts = in_trees(table, merge=False)
    assert rows.select(["conversation_id", "text", "ordinal"]).to_pylist() == [
        {"conversation_id": "c", "text": "post", "ordinal": 0},
        {"conversation_id": "c", "text": "two", "ordinal": 1},
        {"conversation_id": "c", "text": "three", "ordinal": 2},
        {"conversation_id": "a", "text": "one", "ordinal": 1},
    ]
    links = {"roots": 1, "answers": 3, "headless": 0, "lost": 0, "astray": None}
    assert counts == {"own": 4, "quoted": 0, "circular": 0, **links}


def test_what_is_gone_is_bridged_and_circles_fall_out():
    table = known(
        ("p", None, "u", "post"),
        ("a", "p", None, None),
        ("b", "a", "w", "answer"),
        ("x", "y", "u", "round"),
        ("y", "x", "u", "and round"),
        ("s", "gone", "u", "orphan"),
    )
    quoted = table.set_column(7, "kind", pa.array([QUOTED, *[OWN] * 5], pa.int8()))
    rows, counts = in_trees(quoted, merge=False)
    assert rows["text"].to_pylist() == ["post", "answer", "orphan"]
    assert rows["back"].to_pylist() == [0, 1, 0]
    links = {"roots": 0, "answers": 1, "headless": 0, "lost": 1, "astray": ["gone", "s"]}
    assert counts == {"own": 2, "quoted": 1, "circular": 2, **links}


def test_merging_joins_a_sender_to_the_only_answer_and_no_other():
    table = known(
        ("p", None, "u", "one"),
        ("q", "p", "u", "two"),
        ("a", "q", "u", "left"),
        ("b", "q", "v", "right"),
    )
    rows, _ = in_trees(table, merge=True)
    assert sorted(rows["text"].to_pylist()) == ["left", "one two", "right"]
    assert rows["text"][0].as_py() == "one two"
    assert rows["length"].to_pylist() == [2, 2, 2]
