"""Files that annotators send back: which of the given files can be sheets, and what is in them.

A file's format is recognised from its bytes; names only decide which files of a folder are read. Nothing here knows
what the cells mean, except for the names of the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pwae_core.errors import InputError
from pwae_core.human_eval.ratings.grid import Grid, Header
from pwae_core.human_eval.ratings.label_studio_export import read_label_studio
from pwae_core.human_eval.ratings.text_table import decoded, read_table
from pwae_core.human_eval.ratings.workbook import read_workbook
from pwae_core.human_eval.sheets.label_studio import CONFIG_FILE
from pwae_core.human_eval.sheets.sheet import INSTRUCTIONS_FILE
from pwae_core.inputs import opened

MOST_BYTES = 1 << 26
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ENDINGS = (".xlsx", ".xlsm", ".csv", ".tsv", ".txt", ".json")
MOST_TOLD = 5
TEMPORARY = ("~$", ".")
SAVE_AS = "save it as .xlsx, and give that file"
PACKED = (".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")
NO_SHEETS = {
    **dict.fromkeys((".ods", ".fods", ".xls", ".xlsb", ".numbers", ".gsheet"), SAVE_AS),
    **dict.fromkeys((".html", ".htm"), "the page itself holds no ratings: give the .csv that it saved"),
    **dict.fromkeys(PACKED, "unpack it, and give what is in it"),
    ".xml": "no sheet",
}


@dataclass(frozen=True)
class PassedOver:
    """A given path, or one inside a given folder, that is not read."""

    path: str
    why: str


@dataclass(frozen=True)
class Found:
    """The files to read, and the paths that are not read."""

    files: tuple[Path, ...]
    passed_over: tuple[PassedOver, ...]


def find(paths: Sequence[Path]) -> Found:
    """The files among the given paths and directly inside the given folders.

    Raises InputError if none of them can be a sheet, or if a path does not exist or cannot be read.
    """
    files: dict[Path, None] = {}
    passed_over: dict[Path, str] = {}
    for path in paths:
        inside = _inside(path)
        for one in [path] if inside is None else inside:
            why = _why_not(one, given=inside is None)
            if why:
                passed_over[one] = why
            else:
                files[one] = None
    told = tuple(PassedOver(str(path), why) for path, why in passed_over.items() if path not in files)
    if not files:
        listed = "; ".join(f"{one.path} ({one.why})" for one in told[:MOST_TOLD]) or "an empty folder"
        raise InputError(f"None of the files is a sheet: {listed}. Give the .xlsx or .csv files that were sent back.")
    return Found(tuple(files), told)


def _inside(path: Path) -> list[Path] | None:
    """A folder's contents; None if ``path`` is not a folder. Raises InputError if it is missing or cannot be read."""
    try:
        path.stat()
        return sorted(path.iterdir()) if path.is_dir() else None
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error


def _why_not(path: Path, given: bool) -> str:
    """Why a file is not read; "" if it is. A file ``given`` by name is read unless it is known not to be a sheet."""
    ending = path.suffix.lower()
    reasons = (
        (path.name in (INSTRUCTIONS_FILE, CONFIG_FILE), "no sheet"),
        (ending in NO_SHEETS, NO_SHEETS.get(ending, "")),
        (given, ""),
        (path.is_dir(), "a folder: give it too"),
        (path.name.startswith(TEMPORARY), "a hidden or temporary file"),
        (not path.is_file(), "no regular file"),
        (ending not in ENDINGS, "not named like a sheet"),
    )
    return next((why for holds, why in reasons if holds), "")


def load(path: Path) -> bytes:
    """A file's bytes. Raises InputError for anything but a regular file (at once), and for a file over 64 MiB."""
    with opened(path) as handle:
        try:
            data = handle.read(MOST_BYTES + 1)
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} is larger than {MOST_BYTES >> 20} MiB: that is not a sheet.")
    return data


def read(path: Path, data: bytes, header: Header) -> list[Grid]:
    """Every page of a file. Raises InputError unless it can be read as XLSX, text or JSON."""
    if data.startswith(ZIP):
        return read_workbook(path, data)
    if data.startswith(OLE):
        raise InputError(f"{path} is an old workbook (.xls), or has a password. Save it as .xlsx without one.")
    if b"\x00\x00\x00" in data[:4096]:
        raise InputError(f"{path} is neither XLSX nor CSV. Save it as .xlsx or .csv.")
    text = decoded(data)
    found = read_label_studio(path, text) if text.lstrip()[:1] in ("[", "{") else None
    if found is None and path.suffix.lower() == ".json":
        raise InputError(f"{path} is damaged JSON. Export it again, or as CSV.")
    return [found or read_table(path, text, header)]
