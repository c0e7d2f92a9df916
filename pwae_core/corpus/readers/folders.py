"""Which files a name refers to: a file, a folder with everything below it, a pattern.

A pattern with ``**`` refers to files only. Linked folders are followed; each folder and file is read once, however many
links lead to it. Skipped files are counted.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from pwae_core.artifacts.notes import manifest_of, plan_of
from pwae_core.errors import InputError

HIDDEN, HIDDEN_FOLDER = "hidden file", "hidden folder"
AGAIN = "file already read (named twice, or a link)"
FOLDER_AGAIN = "folder met before (a link)"
NO_FILE = "broken link, pipe, socket or device"
OURS = "folder that pwae wrote"
DEEP = "**"
Identity = tuple[int, int]


@dataclass
class Search:
    """The files and folders met so far, and what was ``skipped``, by reason; ``own`` folders are not even counted."""

    skipped: Counter[str] = field(default_factory=Counter)
    files: set[Identity] = field(default_factory=set)
    folders: set[Identity] = field(default_factory=set)
    own: frozenset[Identity] = frozenset()

    @classmethod
    def beside(cls, *own: Path) -> Search:
        """A search that passes over the folders ``own``: what the run itself writes."""
        return cls(own=frozenset(_identity(path) for path in own if path.exists()))

    def named(self, name: str) -> list[Path]:
        """The files that ``name`` refers to, in the order of their paths.

        Raises InputError if nothing has that name.
        """
        if os.path.isdir(name):  # noqa: PTH112 - a name that no file can have is none here
            return sorted(self._below(Path(name)))
        if os.path.exists(name):  # noqa: PTH110
            return self._new([Path(name)])
        parts = Path(name).parts
        depth = parts.index(DEEP) if DEEP in parts else len(parts)
        found = self._matching(parts[:depth], parts[depth:])
        if found is None:
            raise InputError(f"{name} does not exist. Name a raw file, a folder, a pattern, or - for standard input.")
        return sorted(found)

    def _matching(self, before: Sequence[str], deep: Sequence[str]) -> list[Path] | None:
        """The files that a pattern refers to, its parts up to ``**`` and from there on; None if nothing matches."""
        pattern = os.path.join(*before) if before else os.curdir  # noqa: PTH118
        try:
            matched = [Path(one) for one in sorted(glob.glob(pattern, include_hidden=True))]  # noqa: PTH207
            seen = [path for one in matched for path in self._seen(one, _is_hidden(one, before))]
            folders = [path for path in seen if path.is_dir()]
        except ValueError:
            return None
        except OSError as error:
            raise InputError(f"Cannot read {pattern}: {error.strerror or error}.") from error
        below = [(one, path) for one in folders for path in self._below(one)]
        if deep:
            return [path for folder, path in below if _fits(path.relative_to(folder).parts, deep)] or None
        return [*(path for path in seen if path.is_file()), *(path for _, path in below)] if matched else None

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
                        seen = self._seen(folder / entry.name, entry.name.startswith("."))
                        (left if entry.is_dir() else found).extend(seen)
            except OSError as error:
                raise InputError(f"Cannot read {folder}: {error.strerror or error}.") from error
        return found

    def _seen(self, path: Path, hidden: bool) -> list[Path]:
        """A folder or a new file; nothing if it is skipped."""
        folder = path.is_dir()
        if folder and _identity(path) in self.own:
            return []
        if hidden:
            self.skipped[HIDDEN_FOLDER if folder else HIDDEN] += 1
        elif folder:
            return [path]
        elif path.is_file():
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
    identity = _identity(path)
    if identity in known:
        return False
    known.add(identity)
    return True


def _identity(path: Path) -> Identity:
    status = path.stat()
    return status.st_dev, status.st_ino


def _is_hidden(path: Path, pattern: Sequence[str]) -> bool:
    """Whether a part of a path is hidden for which the pattern does not begin with a dot."""
    return any(part[0] == "." != wanted[0] for part, wanted in zip(path.parts, pattern, strict=False))


def _fits(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a pattern, in which ``**`` stands for any number of them."""
    if not wanted:
        return not parts
    if wanted[0] == DEEP:
        return any(_fits(parts[skipped:], wanted[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], wanted[0]) and _fits(parts[1:], wanted[1:])


def _is_ours(folder: Path) -> bool:
    """Whether a folder is an artifact of pwae, complete or not: its tables are not raw data."""
    return manifest_of(folder) is not None or plan_of(folder) is not None
