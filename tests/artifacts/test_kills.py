"""Killed at changes of the disk, and torn in the writing, then run again: as if nothing had happened.

At every second or fourth of them; benchmarks/reliability.py kills whole commands.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from crashes import killed

SIZES = (0, 20, 300, 700)
FLOWS = {
    "hidden": (["hidden", "1"], []),
    "hidden, over another": (["hidden", "2", "force"], [["hidden", "1"]]),
    "resumed": (["hidden", "1", "", "resume"], []),
    "resumed, over another": (["hidden", "2", "force", "resume"], [["hidden", "1"]]),
    "in place": (["in_place", "1"], []),
    "in place, over another": (["in_place", "2", "force"], [["in_place", "1"]]),
    "a page": (["page", "text"], []),
    "a page over another": (["page", "text"], [["page", "other"]]),
}


@pytest.mark.parametrize("name", FLOWS)
def test_killed_anywhere_the_rerun_is_as_if_undisturbed(tmp_path: Path, name: str) -> None:
    def command(words: list[str]) -> list[object]:
        return ["call", "flows", words[0], tmp_path / "out", *words[1:]]

    words, made_before = FLOWS[name]
    before = [command(one) for one in made_before]
    changes = range(1, 1000, 4) if before else range(1, 1000, 2)
    done = killed(tmp_path, command(words), changes, sizes=() if before else SIZES, before=before)
    assert done["failures"] == []
    assert done["kills"] >= 3
