"""Responses of any other system: one row per context in JSONL (compressed or not) or Parquet.

    session_id        string, unique: the test session that is answered
    responses         list of strings, or of token lists: the samples in the order they were drawn
    references        list of strings or of token lists    (optional; or ``reference``: one string or token list)
    context           list of strings or of token lists, oldest first     (optional)
    context_user_ids  list of strings, who says each context utterance    (optional)
    user_id           string, who responds                                (optional)

Other columns are ignored. Strings are tokenised, token lists are taken as they are, in Unicode's NFC as the corpus is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pwae_core.data.json_rows import LONGEST_LINE, parsed, string, strings, utterances
from pwae_core.errors import ConfigError, InputError
from pwae_core.grammar import counted
from pwae_core.inputs import opened, unpacked, without_packing
from pwae_core.schemas import RESPONSES
from pwae_core.text.tokenize import TOKENIZERS

GIVEN = "given"
COLUMNS = ("session_id", "user_id", "context_user_ids", "context", "references", "reference", "responses")
UTTERANCE_COLUMNS = ("context", "references", "responses")
MARKS = r"<(?:/?s|pad|eos|bos|EOS|BOS|PAD)>|\[(?:CLS|SEP|PAD|EOS|BOS)\]|<\|\w+\|>|__(?:start|end|eou|eot)__"
"""What language models put before, between, behind or in place of sentences."""
PIECES = r"^(?:[▁Ġ].*|##[^#]+|[^@]+@@|.+</w>)$"
"""Pieces of words: of SentencePiece, of GPT-2, of WordPiece and of BPE."""


@dataclass(frozen=True)
class External:
    """The rows of an external file in ``schemas.RESPONSES``; ``tokenizer`` is "given" if none was needed."""

    table: pa.Table
    tokenizer: str


def read_external(path: Path, tokenizer: str | None) -> External:
    """Reads and checks an external file. Raises InputError (file, row, column); ConfigError without a tokenizer."""
    readers = {".jsonl": _jsonl_rows, ".ndjson": _jsonl_rows, ".parquet": parquet_rows}
    if not path.exists():
        raise InputError(
            f"{path} does not exist. Give a folder written by 'pwae sample', or a .jsonl or .parquet file."
        )
    kind = without_packing(path).suffix
    if kind not in readers:
        raise InputError(f"{path} is neither a folder written by 'pwae sample' nor a .jsonl or .parquet file.")
    return from_rows(readers[kind](path), tokenizer, str(path))


def from_rows(
    given: Iterable[tuple[str, Mapping[str, Any]]], tokenizer: str | None, source: str, asked: str = "--tokenizer"
) -> External:
    """Checks rows, each with its name in messages; ``source`` names them all. Raises as ``read_external`` does."""
    rows = [_checked(row, where) for where, row in given]
    used = _tokenise(rows, tokenizer, source, asked)
    return External(pa.Table.from_pylist(rows, schema=RESPONSES), used)


def _jsonl_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with unpacked(path) as lines:
        number = 0
        while line := lines.readline(LONGEST_LINE):
            number += 1
            where = f"{path}, line {number}"
            row = parsed(line, where, first=number == 1, longest=LONGEST_LINE)
            if row is not None and not isinstance(row, dict):
                raise InputError(f"{where}: expected a JSON object, got {type(row).__name__}.")
            if row is not None:
                yield where, row


def parquet_rows(path: Path, columns: Sequence[str] = COLUMNS) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of a Parquet file, each with its name in messages; only ``columns``. Raises InputError."""
    try:
        with opened(path) as handle, pq.ParquetFile(handle) as file:
            there = file.schema_arrow.names
            names = [name for name in columns if name in there]
            rows = [] if any(there.count(name) > 1 for name in names) else file.read(columns=names).to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is not a readable Parquet file ({reason:.200}). Write it again.") from error
    for name in names:
        if there.count(name) > 1:
            raise InputError(f"{path}: two columns are called {name}. Keep one of them.")
    for number, row in enumerate(rows, 1):
        yield f"{path}, row {number}", row


def _checked(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """One row with exactly the columns of RESPONSES; utterances are still strings or token lists."""
    for column in ("session_id", "responses"):
        if row.get(column) is None:
            raise InputError(f"{where}: {column} is missing. Every row needs session_id and responses.")
    if not row["responses"]:
        raise InputError(f"{where}: responses is empty. Every context needs one or more.")
    references = row.get("references")
    if row.get("reference") is not None:
        if references is not None:
            raise InputError(f"{where}: both reference and references are given. Keep one of them.")
        references = [row["reference"]]
    return {
        "session_id": string(row["session_id"], where, "session_id"),
        "user_id": string(row.get("user_id") or "", where, "user_id"),
        "context_user_ids": strings(row.get("context_user_ids") or [], where, "context_user_ids"),
        "context": utterances(row.get("context") or [], where, "context"),
        "references": utterances(references or [], where, "references"),
        "responses": utterances(row["responses"], where, "responses"),
    }


def _tokenise(rows: list[dict[str, Any]], tokenizer: str | None, source: str, asked: str) -> str:
    """Replaces the strings among the utterances of ``rows`` by their tokens, all in one call of the tokenizer."""
    texts = [u for row in rows for column in UTTERANCE_COLUMNS for u in row[column] if isinstance(u, str)]
    if not texts:
        return GIVEN
    if tokenizer is None:
        raise ConfigError(f"{source} holds strings. Say how to tokenise them: {asked} {', '.join(TOKENIZERS)}.")
    if tokenizer not in TOKENIZERS:
        raise ConfigError(f"tokenizer: expected one of {', '.join(TOKENIZERS)}, got {tokenizer!r}.")
    tokens = iter(TOKENIZERS[tokenizer](texts))
    for row in rows:
        for column in UTTERANCE_COLUMNS:
            row[column] = [next(tokens) if isinstance(u, str) else u for u in row[column]]
    return tokenizer


def odd_tokens(table: pa.Table) -> str:
    """A remark if tokens of responses or references are empty or have white space, as no tokenizer leaves them;
    otherwise empty.
    """
    found, having = _matching(table, r"^$|[\s\p{Z}]", "is empty or has white space", "are empty or have white space")
    return f"{having}{found} Split the sentences at all white space, or give them as strings." if found else ""


def pieces(table: pa.Table) -> str:
    """A remark if tokens of responses or references are pieces of words, as language models make them; or empty."""
    found, having = _matching(table, PIECES, "is a piece of a word", "are pieces of words")
    return f"{having}{found} Join the pieces, or give the sentences as strings." if found else ""


def marks(table: pa.Table) -> str:
    """A remark if responses or references hold marks of language models, whatever their tokens are; or empty."""
    columns = [
        table[name].combine_chunks().flatten().cast(pa.list_(pa.string())) for name in ("responses", "references")
    ]
    sentences = pa.chunked_array([pc.binary_join(column, "") for column in columns])
    odd = sentences.filter(pc.match_substring_regex(sentences, MARKS))
    found = re.search(MARKS, odd[0].as_py()) if len(odd) else None
    if found is None:
        return ""
    having = counted(len(odd), "sentence holds", "sentences hold")
    return f"{having} a mark of a language model, such as {found[0]!r}: it is scored as words. Remove such marks."


def _matching(table: pa.Table, pattern: str, one: str, several: str) -> tuple[str, str]:
    """An example of the tokens of responses and references that match; and how many do. Both empty if none does."""
    given = [table[column].combine_chunks().flatten().flatten() for column in ("responses", "references")]
    tokens = pa.chunked_array(given, pa.string())
    odd = tokens.filter(pc.match_substring_regex(tokens, pattern))
    if not len(odd):
        return "", ""
    return (
        f", such as {odd[0].as_py()!r:.40}: each counts as one word.",
        counted(len(odd), f"token {one}", f"tokens {several}"),
    )
