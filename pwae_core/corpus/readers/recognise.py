"""Which format a file has, recognised from its beginning."""

from __future__ import annotations

from pathlib import Path

from pwae_core.corpus.readers.base import EmptyFileError, NotOursError, Source
from pwae_core.corpus.readers.head import Head, look
from pwae_core.corpus.readers.own import are_own
from pwae_core.corpus.readers.registry import OWN, READERS
from pwae_core.errors import InputError

ARCHIVE = b"PK\x03\x04"
ARCHIVED = "{} is a ZIP archive or an Excel workbook. Unpack it, or save its sheet as CSV."
COMMENT_TABLE = "weibo-crawler-comments-csv"  # recognised, and refused: it has no user ids
COMMENT_COLUMNS = {"weibo_id", "created_at", "user_screen_name", "text", "like_count"}


def recognise(path: Path, name: str, format: str = "auto") -> Source:
    """The file at ``path``, which messages call ``name``, with its format: the given one, or the one that is
    recognised.

    Raises InputError if it cannot be read, NotOursError if it is empty or of no known format.
    """
    head = look(path, name)
    if head.blank:
        raise EmptyFileError(f"{name} is empty. Give a file with at least one utterance.")
    if format != "auto" and head.data.startswith(ARCHIVE):
        raise InputError(ARCHIVED.format(name))
    return Source(path.absolute(), name, _format(head) if format == "auto" else format, head.packed)


def _format(head: Head) -> str:
    own = any(map(are_own, head.records))
    readers = (reader for reader in READERS.values() if reader.name in OWN or not own)
    found = next((reader.name for reader in readers if reader.recognises(head)), None)
    if found == "csv" and {*head.header} >= COMMENT_COLUMNS and "user_id" not in head.header:
        return COMMENT_TABLE
    if found:
        return found
    if head.data.startswith(ARCHIVE):
        raise NotOursError(ARCHIVED.format(head.name))
    raise NotOursError(
        f"{head.name} is of no known format. Convert it, or name its format with --format (--format list shows them)."
    )
