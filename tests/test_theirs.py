"""No command changes a file that it did not write: planted wherever a command writes or removes anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plants import lost, places, takes_force
from scenarios import Inputs, make_inputs, scenarios

from pwae_cli.app import built

SLOW = ("train rl-persona", "train --force, of one that was adapted", "preprocess of standard input", "experiment")
ONE_BY_ONE = ("prompts --force",)
NOWHERE = Path("nowhere")
NAMES = [name for name in scenarios(Inputs.nowhere(), NOWHERE) if name not in SLOW]


@pytest.fixture(scope="module")
def given(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    from conftest import run_pwae

    return make_inputs(run_pwae, made, tmp_path_factory.mktemp("given"))


def test_every_command_that_writes_is_tried() -> None:
    commands = built().commands
    writing = {
        name
        for name, command in commands.items()
        if {"--out", "--html"} & {option for parameter in command.params for option in parameter.opts}
    }
    # adapt writes into a run
    assert writing | {"adapt"} == {str(one.command[0]) for one in scenarios(Inputs.nowhere(), NOWHERE).values()}


def machine(folder: Path) -> bytes:
    """What tells of this machine: all commands are given absolute paths, and none may come out again."""
    return bytes(folder.parent)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_the_user_s_stays_and_what_is_the_machine_s_does_not_leave(
    pwae: Any, given: Inputs, tmp_path: Path, name: str
) -> None:
    """All planted at once and, for some commands, one after the other; benchmarks/reliability.py does all."""
    arena = tmp_path / "arena"
    one = scenarios(given, arena)[name]
    names = places(one, arena, pwae)
    assert len(names) >= 6
    assert [path for path in arena.rglob("*") if path.is_file() and machine(tmp_path) in path.read_bytes()] == []
    groups = [[place] for place in names] if name in ONE_BY_ONE else [names, [n for n in names if ".partial" not in n]]
    for group in groups:
        for force in (True, False) if takes_force(one) else (False,):
            assert lost(one, arena, pwae, group, begun=True, force=force) == []
