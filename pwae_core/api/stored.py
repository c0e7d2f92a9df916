"""What the commands wrote, as data frames, Arrow tables and sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pwae_core.api.given import names, path
from pwae_core.errors import ArtifactError, InputError, in_one_line

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from pwae_core import artifacts

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True, eq=False, repr=False)
class Artifact:
    """A folder that a command wrote; ``open_artifact`` makes it. ``docs/artifacts.md`` explains every column."""

    _made: artifacts.Artifact

    def __repr__(self) -> str:
        return f"<Artifact {self.folder}: {self.kind}>"

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._made.folder

    @property
    def kind(self) -> str:
        """What it is: corpus, vectors, run, responses, scores, persona-scores, human-eval-scores, ..."""
        return str(self._made.manifest["kind"])

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings it was made with."""
        return self._made.config

    @property
    def facts(self) -> Mapping[str, Any]:
        """The command's results: counts, the system, the tokenizer."""
        return self._made.facts

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables, such as ``train``, ``users``, ``log``, ``responses``, ``scores``, ``totals``."""
        from pwae_core.schemas import ARTIFACTS

        return tuple(name.removesuffix(".parquet") for name in ARTIFACTS[self.kind])

    @in_one_line
    def to_arrow(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One of ``tables``, checked against its recorded hash.

        Args:
            table: Its name.
            columns: The columns to read; None: all.

        Raises:
            InputError: It has no such table, or the table no such column.
            ArtifactError: The table is missing or damaged.
        """
        from pwae_core.schemas import ARTIFACTS

        file = f"{table}.parquet"
        schema = ARTIFACTS[self.kind].get(file)
        if schema is None:
            raise InputError(f"{self.folder} has no table {table!r:.80}. It has {', '.join(self.tables) or 'none'}.")
        wanted = None if columns is None else list(dict.fromkeys(names(columns, "columns")))
        for column in wanted or ():
            if column not in schema.names:
                raise InputError(
                    f"{self.folder / file} has no column {column!r:.80}. Its columns are {', '.join(schema.names)}."
                )
        return self._made.table(file, wanted)

    def to_pandas(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One of ``tables`` as a data frame; token lists are Python lists. Errors are those of ``to_arrow``."""
        import pyarrow as pa

        found = self.to_arrow(table, columns)
        frame: pd.DataFrame = found.to_pandas()
        nested = [column.name for column in found.schema if pa.types.is_nested(column.type)]
        return frame.assign(**{name: found[name].to_pylist() for name in nested})


@in_one_line
def open_artifact(folder: str | Path) -> Artifact:
    """Opens a folder that a command wrote: a corpus, vectors, a run, responses, scores, ratings.

    Raises:
        ArtifactError: ``folder`` holds none, or it is unfinished, altered or damaged.
    """
    from pwae_core import artifacts

    place = path(folder, "folder")
    if not (place / artifacts.MANIFEST).exists():
        raise ArtifactError(f"{place} holds nothing that a pwae command has completed.")
    return Artifact(artifacts.load(place, artifacts.kind_of(place)))


@dataclass(frozen=True)
class Session:
    """A context of a corpus and the real response to it.

    Attributes:
        session_id: Unique in the corpus: ``<conversation_id>#<turn>``.
        user: Who responds.
        context: The speaker and the tokens of each utterance, oldest first.
        response: The tokens of the response.
    """

    session_id: str
    user: str
    context: tuple[tuple[str, tuple[str, ...]], ...]
    response: tuple[str, ...]


@in_one_line
def sessions(corpus: str | Path, split: Split = "test") -> Iterator[Session]:
    """The sessions of one split of a corpus (section 4.1), one by one, in the corpus's order.

    Args:
        corpus: The folder that ``pwae preprocess`` wrote.
        split: Which of its sessions.

    Raises:
        ArtifactError: ``corpus`` is not a corpus, or is damaged.
        InputError: There is no such split.
    """
    from pwae_core import artifacts

    columns = ["session_id", "user_id", "context_user_ids", "context", "response"]
    table = artifacts.load(path(corpus, "corpus"), "corpus").table(split_file(split), columns)
    return (_session(*row.values()) for batch in table.to_batches(max_chunksize=1000) for row in batch.to_pylist())


def _session(session_id: str, user: str, speakers: list[str], context: list[list[str]], response: list[str]) -> Session:
    said = tuple((speaker, tuple(tokens)) for speaker, tokens in zip(speakers, context, strict=True))
    return Session(session_id, user, said, tuple(response))


def split_file(split: str) -> str:
    if not isinstance(split, str) or split not in ("train", "valid", "test"):
        raise InputError(f"split: expected train, valid or test, got {split!r:.80}.")
    return f"{split}.parquet"
