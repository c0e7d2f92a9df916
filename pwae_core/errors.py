"""Every error a user can cause or meet, and the exit code of each.

    PwaeError                 1   the root; never raised itself
    ├── ConfigError           3   an unknown key, a value out of range, options that contradict each other
    ├── InputError            4   a user's file is not what it should be: names the file, the row, the column
    ├── EmptyResultError      5   every row was filtered out: names the filter that emptied it
    ├── ArtifactError         6   an artifact is missing, unfinished, damaged, of another kind or vocabulary
    ├── StorageError          7   a full disk, an unwritable folder, a folder another process is writing
    ├── DivergenceError       8   training left the finite numbers, or the critic exploded
    ├── LostProcessError      9   another of the processes that train one run together is gone
    └── Interrupted           130 SIGINT (143: SIGTERM); what was done is saved

Exit code 2 is the command line's own: an unknown option or a missing argument.
The message is one line: the fact, where, and the next step.
"""

from __future__ import annotations


class PwaeError(Exception):
    """``told``: another process has printed what is wrong, this one says nothing."""

    exit_code = 1
    told = False


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


class Interrupted(PwaeError):  # noqa: N818 - it is a request, not an error
    """A signal asked the stage to stop; ``exit_code`` is 128 + the signal's number."""

    def __init__(self, message: str, signal_number: int = 2) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number
