"""Every error that a user can meet, and its exit code.

    PwaeError                 1   the root; never raised itself
    ├── ConfigError           3   an unknown key, a value out of range, options that contradict each other
    ├── InputError            4   a user's file is not what it should be: names the file, the row, the column
    ├── EmptyResultError      5   every row was filtered out: names the filter that emptied it
    ├── ArtifactError         6   an artifact is missing, unfinished, damaged, of another kind or vocabulary
    ├── StorageError          7   a full disk, an unwritable folder, a folder another process is writing; a stdout that
    │                             cannot be written; anything else that the operating system refuses
    ├── DivergenceError       8   training diverged: a loss is not finite, or the critic exploded; a system has
    │                             no finite logit for a next word
    ├── LostProcessError      9   another of the processes that train one run together is gone
    ├── MemoryShortError      10  out of memory; settings that cannot fit at all are a ConfigError
    └── Interrupted           130 SIGINT (143: SIGTERM); finished work is saved

Exit code 1: runs of an experiment failed. Exit code 2 is the command line's own: an unknown option or a missing
argument. 141: the reader of stdout has gone away (``| head -1``). docs/reliability.md shows the codes to users. The
message is one line: what is wrong, where, and what to do.
"""

from __future__ import annotations

import errno
import re
import typing
from functools import wraps

if typing.TYPE_CHECKING:
    from collections.abc import Callable

P = typing.ParamSpec("P")
T = typing.TypeVar("T")
BREAKS = re.compile(r"\s*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]\s*")


class PwaeError(Exception):
    """``told``: another process has already printed what is wrong, so this one says nothing.

    As a string it is ``one_line``, whatever the names in it hold.
    """

    exit_code = 1
    told = False

    def __str__(self) -> str:
        return one_line(super().__str__())


class ConfigError(PwaeError):
    exit_code = 3


class InputError(PwaeError):
    exit_code = 4


class EmptyResultError(PwaeError):
    exit_code = 5


class ArtifactError(PwaeError):
    exit_code = 6


class StorageError(PwaeError):
    exit_code = 7


class DivergenceError(PwaeError):
    exit_code = 8


class LostProcessError(PwaeError):
    exit_code = 9


class MemoryShortError(PwaeError):
    exit_code = 10


class Interrupted(PwaeError):  # noqa: N818 - it is a request, not an error
    """A signal asked the stage to stop; ``exit_code`` is 128 + the signal's number."""

    def __init__(self, message: str, signal_number: int = 2) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def one_line(text: str) -> str:
    """``text`` without line breaks, and with what a terminal would obey or cannot encode in escaped form."""
    return "".join(map(_shown, BREAKS.sub(" ", text.strip())))


def _shown(character: str) -> str:
    kept = character.isprintable() or character.isspace()
    return character if kept else character.encode("unicode_escape").decode()


def of_the_system(error: Exception) -> PwaeError | None:
    """An error of the operating system as one of ours; None if ``error`` is something else.

    This is the fallback: code that knows more raises an error that says more.
    """
    if _is_out_of_memory(error):
        return MemoryShortError("Out of memory. Use smaller settings or less data, or a larger machine.")
    if isinstance(error, OSError) and error.errno:
        names = ", ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return StorageError(f"Cannot use {names}: {error.strerror}." if names else f"{error.strerror}.")
    if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop"):  # pathlib's, up to Python 3.12
        return StorageError(f"Symbolic links form a loop: {error}. Remove one of them.")
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return InputError(f"{error.object!r:.200} holds bytes that are not UTF-8. Rename or convert it.")
    if isinstance(error, ValueError) and "embedded null" in str(error):
        return InputError("The name of a file contains a zero byte, which no name can.")
    return None


def in_one_line(call: Callable[P, T]) -> Callable[P, T]:
    """``call`` for scripts: what the operating system refuses is an error of ours, as for those who run the commands.

    Mistakes in pwae itself stay what they are.
    """

    @wraps(call)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except Exception as error:
            known = of_the_system(error)
            if known is None:
                raise
            raise known from error

    return called


def _is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out: in Python, NumPy, Arrow (MemoryError) or torch, which only has a text for CPUs."""
    texts = ("can't allocate memory", "bad_alloc")
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and any(text in str(error) for text in texts))
    )
