"""Which files a name refers to: a file, a folder with everything below it, a pattern.

Linked folders are followed; each folder and file is read once, however many links lead to it. Skipped files are
counted.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from pwae_core.artifacts.notes import manifest_of, plan_of
from pwae_core.errors import InputError

HIDDEN, HIDDEN_FOLDER = "hidden file", "hidden folder"
AGAIN = "file already read (named twice, or a link)"
FOLDER_AGAIN = "folder met before (a link)"
NO_FILE = "broken link, pipe, socket or device"
OURS = "folder that pwae wrote"
Identity = tuple[int, int]


@dataclass
class Search:
    """The files and folders met so far, and what was ``skipped``, by reason."""

    skipped: Counter[str] = field(default_factory=Counter)
    files: set[Identity] = field(default_factory=set)
    folders: set[Identity] = field(default_factory=set)

    def named(self, name: str) -> list[Path]:
        """The files that ``name`` refers to, in the order of their paths.

        Raises InputError if nothing has that name.
        """
        if os.path.isdir(name):  # noqa: PTH112 - a name that no file can have is none here
            return sorted(self._below(Path(name)))
        if os.path.exists(name):  # noqa: PTH110
            return self._new([Path(name)])
        found = sorted(self._matching(name))
        if not found:
            raise InputError(f"{name} does not exist. Name a raw file, a folder, a pattern, or - for standard input.")
        return found

    def _matching(self, pattern: str) -> list[Path]:
        before, stars, after = pattern.partition("**")
        try:
            if not stars:
                return self._new([path for path in map(Path, glob.glob(pattern)) if path.is_file()])  # noqa: PTH207
            starts = [Path(one) for one in glob.glob(before or ".") if os.path.isdir(one)]  # noqa: PTH112, PTH207
        except (ValueError, OSError):
            return []
        rest = after.strip("/")
        return [path for start in starts for path in self._below(start) if not rest or PurePath(path).match(rest)]

    def _below(self, folder: Path) -> list[Path]:
        """The files of a folder and of those below it."""
        found: list[Path] = []
        left = [folder]
        while left:
            folder = left.pop()
            try:
                if not _met(folder, self.folders):
                    self.skipped[FOLDER_AGAIN] += 1
                elif _is_ours(folder):
                    self.skipped[OURS] += 1
                else:
                    for entry in os.scandir(folder):
                        (left if entry.is_dir() else found).extend(self._seen(folder / entry.name, entry))
            except OSError as error:
                raise InputError(f"Cannot read {folder}: {error.strerror or error}.") from error
        return found

    def _seen(self, path: Path, entry: os.DirEntry[str]) -> list[Path]:
        """A folder or a new file; nothing if it is skipped."""
        if entry.name.startswith("."):
            self.skipped[HIDDEN_FOLDER if entry.is_dir() else HIDDEN] += 1
        elif entry.is_dir():
            return [path]
        elif entry.is_file():
            return self._new([path])
        else:
            self.skipped[NO_FILE] += 1
        return []

    def _new(self, paths: list[Path]) -> list[Path]:
        found = [path for path in paths if _met(path, self.files)]
        self.skipped.update({AGAIN: len(paths) - len(found)} if len(paths) > len(found) else {})
        return found


def _met(path: Path, known: set[Identity]) -> bool:
    """Whether a file or folder is seen for the first time, whatever it is called."""
    status = path.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in known:
        return False
    known.add(identity)
    return True


def _is_ours(folder: Path) -> bool:
    """Whether a folder is an artifact of pwae, complete or not: its tables are not raw data."""
    return manifest_of(folder) is not None or plan_of(folder) is not None
