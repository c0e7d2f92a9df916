"""docs/tutorial.md shows what its commands print, and draws no conclusion that its tables do not hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import ROOT, SHELL, blocks, commands
from reader import Reader

PAGE = "docs/tutorial.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)


def test_what_is_shown_of_the_data_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As far as nothing is trained, with the page's own settings."""
    from conftest import run_pwae

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    reader, printed, seen = Reader(run_pwae, tmp_path, smaller={}), "", 0
    for block in BLOCKS:
        if "embed-words" in block.text:
            break
        if block.kind in SHELL:
            printed = "".join(reader.perform(command) for command in commands(block))
        elif block.kind == "text":
            assert [line for line in block.text.splitlines() if line not in printed] == []
            seen += 1
    assert seen == 3


def row(label: str, place: int = 0) -> list[float]:
    """The numbers of the row with this label, in the order of the page."""
    found = re.findall(rf"^│ {label} +│(.*)│$", TEXT, re.MULTILINE)[place]
    return [float(number.strip(" *")) for number in found.split("│")]


def test_the_table_agrees_with_itself() -> None:
    ours, theirs = row("PersonaWAE"), row("Seq2Seq")
    for *_, recall, precision, f1 in (ours, theirs):
        assert f1 == pytest.approx(2 * recall * precision / (recall + precision), abs=1e-4)
    differences = row("PersonaWAE", 1) + row("PersonaWAE", 2)
    assert differences == pytest.approx([a - b for a, b in zip(ours, theirs, strict=True)], abs=1.1e-4)


def test_the_conclusion_names_numbers_of_the_table() -> None:
    _, conclusion = TEXT.split("## 10. The conclusion\n")
    said = re.findall(r"\d*\.\d{2,4}", conclusion.partition("\n## ")[0])
    shown = re.findall(r"0?(\.\d{4})", "".join(block.text for block in BLOCKS if block.kind == "text"))
    assert len(said) >= 3
    assert [number for number in said if number not in shown] == []
