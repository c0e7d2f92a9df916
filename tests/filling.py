"""Annotators, played: sheets filled in by openpyxl or as text, and files saved again by LibreOffice."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pwae_core import artifacts
from pwae_core.human_eval.ratings.key import KeyItem, key_items
from pwae_core.human_eval.sheets.form import RATED

Rate = Callable[[KeyItem, str], object]  # item, criterion -> what is typed into the cell


def key_of(folder: Path) -> list[KeyItem]:
    return key_items(artifacts.load(folder, "human-eval-key").table("items.parquet").to_pydict())


def fill_xlsx(path: Path, key: list[KeyItem], rate: Rate) -> None:
    """Types ratings into the workbook that was sent out, in its own place."""
    items = {item.item_id: item for item in key}
    book = openpyxl.load_workbook(path)
    page = book["Items"]
    column = {str(cell.value).split("\n")[0]: cell.column for cell in page[1]}
    for row in range(2, page.max_row + 1):
        item = items[str(page.cell(row, column["item"]).value)]
        for name in RATED:
            page.cell(row, column[name]).value = rate(item, name)  # type: ignore[assignment]
    book.save(path)


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def fill_csv(path: Path, key: list[KeyItem], rate: Rate) -> list[dict[str, Any]]:
    """The filled rows of the text file that was sent out, not yet written."""
    items = {item.item_id: item for item in key}
    return [row | {name: rate(items[row["item"]], name) for name in RATED} for row in csv_rows(path)]


def write_csv(path: Path, rows: list[dict[str, Any]], encoding: str = "utf-8-sig", delimiter: str = ",") -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def planted(values: Mapping[str, Callable[[KeyItem], object]]) -> Rate:
    return lambda item, name: values[name](item)


def libreoffice(profile: Path, source: Path, target: str, folder: Path) -> Path:
    """``source`` opened and saved as ``target`` (``xlsx``, or a filter) by LibreOffice; skips where it is absent."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")
    command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore"]
    subprocess.run([*command, "--convert-to", target, "--outdir", folder, source], check=True, capture_output=True)
    return folder / f"{source.stem}.{target.partition(':')[0]}"
