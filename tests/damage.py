"""Ways to damage a file: each takes chance and a path, changes what is there, and says what it did."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

Damage = Callable[[random.Random, Path], str]

INSERTED = {
    "NUL": b"\0",
    "BOM": b"\xef\xbb\xbf",
    "bytes that are not UTF-8": b"\xff\xfe\x9b",
    "half a character": "茶".encode()[:2],
    "U+2028": "\u2028".encode(),
    "U+202E": "\u202e".encode(),
    "U+009B": "\x9b".encode(),
    "ESC": b"\x1b[31m\x1b]0;owned\x07",
    "CR": b"\r",
    "line ends": b"\n\n\r\n",
    "a quote": b'"',
    "a tab": b"\t",
    "brackets": b"[" * 50_000,
    "braces": b'{"a":' * 50_000,
    "digits": b"9" * 20_000,
    "a long line": b"x" * (1 << 20),
}
VALUES = (
    *("null", "true", "-1", "0", '""', "[]", "{}", "1e400", "-1e400", "NaN", "Infinity", "-0.0", "1.5", '"NaN"'),
    *("9" * 5_000, "1" + "0" * 30, str(2**63), str(-(2**63) - 1), "[" * 50_000, "[" * 500 + "]" * 500, '{"a":{}}'),
    *(
        '"\\ud800"',
        '"\\u0000"',
        '"\\u202e\\u001b[2J"',
        '"../../x"',
        '"=1+1"',
        '"' + "长" * 50_000 + '"',
        '["a", 1, null]',
    ),
)
TOML_VALUES = (
    *("-1", "0", '""', "[]", "{}", "inf", "nan", "1e400", "true", "1979-05-27", "0x" + "f" * 5_000, "9" * 5_000),
    *(
        "[" * 50_000,
        "[[1], [2]]",
        '"\\u0000"',
        '"\\u202e"',
        str(2**63),
        "1.5",
        '"x"',
        "{a = {b = 1}}",
        "{" + "a=" * 500,
    ),
)


def truncate(chance: random.Random, path: Path) -> str:
    size = path.stat().st_size
    kept = chance.choice([1, size // 2, size - 1, chance.randrange(size + 1)])
    os.truncate(path, max(kept, 0))
    return f"cut to {kept} of {size} bytes"


def flip(chance: random.Random, path: Path) -> str:
    raw = bytearray(path.read_bytes())
    places = [chance.randrange(len(raw)) for _ in range(chance.choice([1, 1, 4, 64]))] if raw else []
    for place in places:
        raw[place] ^= 1 << chance.randrange(8)
    path.write_bytes(raw)
    return f"{len(places)} bits flipped"


def insert(chance: random.Random, path: Path) -> str:
    raw = path.read_bytes()
    name = chance.choice(sorted(INSERTED))
    place = chance.choice([0, len(raw), chance.randrange(len(raw) + 1)])
    path.write_bytes(raw[:place] + INSERTED[name] + raw[place:])
    return f"{name} inserted at {place}"


def remove(chance: random.Random, path: Path) -> str:
    raw = path.read_bytes()
    start, size = chance.randrange(len(raw) + 1), chance.choice([1, 8, 100, 5_000])
    path.write_bytes(raw[:start] + raw[start + size :])
    return f"{size} bytes removed at {start}"


def repeat(chance: random.Random, path: Path) -> str:
    raw = path.read_bytes()
    start, size = chance.randrange(len(raw) + 1), chance.choice([1, 40, 1_000])
    path.write_bytes(raw[:start] + raw[start : start + size] * 3 + raw[start + size :])
    return f"{size} bytes at {start} three times"


def noise(chance: random.Random, path: Path) -> str:
    path.write_bytes(chance.choice([b"", b"\0" * 5_000, chance.randbytes(5_000), b"\n" * 100, b"\xef\xbb\xbf"]))
    return "noise, zeros or nothing"


def stand_in(chance: random.Random, path: Path) -> str:
    """Something else than a file in its place."""
    kind = chance.choice(["folder", "pipe", "loop", "dangling link", "nothing", "/dev/zero", "/dev/null", "socket"])
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if kind == "folder":
        path.mkdir()
        (path / "own.txt").write_text("mine")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound, _inside(path.parent):
            bound.bind(path.name[:90])
    elif kind != "nothing":
        path.symlink_to({"loop": path.name, "dangling link": "nowhere"}.get(kind, kind))
    return f"{kind} in its place"


class _inside:  # noqa: N801 - a block; the names of sockets are short
    def __init__(self, folder: Path) -> None:
        self.folder, self.before = folder, Path.cwd()

    def __enter__(self) -> None:
        os.chdir(self.folder)

    def __exit__(self, *_: object) -> None:
        os.chdir(self.before)


SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\btrue\b|\bfalse\b|\bnull\b')


def json_value(chance: random.Random, path: Path) -> str:
    """One value, or name, of a JSON text is another."""
    text = path.read_text(encoding="utf-8", errors="replace")
    found = chance.choice([*SCALAR.finditer(text)] or [re.match("", text)])
    value = chance.choice(VALUES)
    assert found is not None
    path.write_text(text[: found.start()] + value + text[found.end() :], encoding="utf-8")
    return f"{found[0]:.20} becomes {value:.20}"


def json_shape(chance: random.Random, path: Path) -> str:
    """A line, or the document, loses a name, bears it twice, or is a list."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    whole = len(lines) < 2 or not lines[0].startswith("{") or not lines[0].endswith("}")
    place = 0 if whole else chance.randrange(len(lines))
    row = json.loads("\n".join(lines) if whole else lines[place])
    holder = row[0] if isinstance(row, list) and row else row
    if not isinstance(holder, dict) or not holder:
        return noise(chance, path)
    name, kind = chance.choice(sorted(holder)), chance.choice(["lost", "twice", "list"])
    if kind == "lost":
        del holder[name]
    made = json.dumps([row] if kind == "list" else row, ensure_ascii=False)
    if kind == "twice":
        again = json.dumps({name: holder[name]}, ensure_ascii=False)[1:-1]
        made = made[: made.rindex("}")] + f", {again}" + made[made.rindex("}") :]
    path.write_text(made if whole else "\n".join([*lines[:place], made, *lines[place + 1 :]]), encoding="utf-8")
    return f"{name}: {kind}"


def toml_value(chance: random.Random, path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    places = [number for number, line in enumerate(lines) if "=" in line]
    place = chance.choice(places)
    key, value = lines[place].partition("=")[0].strip(), chance.choice(TOML_VALUES)
    new = chance.choice([f"{key} = {value}", f"{lines[place]}\n{lines[place]}", f"{key}x = {value}", f"{key} ="])
    path.write_text("\n".join([*lines[:place], new, *lines[place + 1 :]]), encoding="utf-8")
    return f"{new:.40}"


def table_cell(chance: random.Random, path: Path) -> str:
    """A cell or a heading of a delimited text is another, or a column stands twice."""
    text = path.read_text(encoding="utf-8", errors="replace")
    separator = "\t" if path.suffix == ".tsv" else ","
    lines = text.splitlines()
    place = chance.choice([0, chance.randrange(len(lines))])
    cells = lines[place].split(separator)
    column = chance.randrange(len(cells))
    kind = chance.choice(["value", "twice", "lost", "more", "quote"])
    if kind == "value":
        cells[column] = chance.choice(VALUES)
    elif kind == "quote":
        cells[column] = '"' + cells[column]
    elif kind == "lost":
        del cells[column]
    else:
        cells += cells[column : column + 1] * (1 if kind == "twice" else 500)
    path.write_text("\n".join([*lines[:place], separator.join(cells), *lines[place + 1 :]]), encoding="utf-8")
    return f"line {place + 1}, cell {column + 1}: {kind}"


def vector_value(chance: random.Random, path: Path) -> str:
    """One field of a text of word vectors, often of its first line, is another."""
    fields = path.read_bytes().split(b" ")
    place = chance.choice([0, 1, chance.randrange(len(fields))])
    value = chance.choice(
        [b"nan", b"inf", b"1e20", b"1e400", b"-1", b"0", b"", b"9" * 5_000, b"1_0", b"1e15", b"x\n\n"]
    )
    fields[place] = value
    path.write_bytes(b" ".join(fields))
    return f"field {place + 1} becomes {value[:20]!r}"


def parquet_column(chance: random.Random, path: Path) -> str:
    table = pq.read_table(path)
    name, kind = chance.choice(table.schema.names), chance.choice(["lost", "twice", "nulls", "type", "bytes", "empty"])
    place = table.schema.get_field_index(name)
    if kind == "lost":
        table = table.remove_column(place)
    elif kind == "twice":
        table = table.append_column(name, table[place])
    elif kind == "empty":
        table = table.slice(0, 0)
    else:
        table = table.set_column(place, name, _other_column(chance, kind, len(table)))
    pq.write_table(table, path)
    return f"column {name}: {kind}"


def _other_column(chance: random.Random, kind: str, rows: int) -> pa.Array:
    if kind == "nulls":
        return pa.nulls(rows, chance.choice([pa.string(), pa.int64(), pa.null()]))
    if kind == "bytes":
        raw = pa.array([b"a\xff\x9b"] * rows, pa.binary())
        return pa.Array.from_buffers(pa.string(), rows, raw.buffers())
    values: list[tuple[Any, pa.DataType]] = [
        (2**63 - 1, pa.int64()),
        (float("nan"), pa.float64()),
        (-(2**62), pa.timestamp("s")),
        ([[["x"]]], pa.list_(pa.list_(pa.list_(pa.string())))),
        ({"a": 1}, pa.struct([("a", pa.int8())])),
        (True, pa.bool_()),
    ]
    value, kind_of = chance.choice(values)
    return pa.array([value] * rows, kind_of)


def database_table(chance: random.Random, path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        table = chance.choice([row[0] for row in database.execute("SELECT name FROM sqlite_master")])
        column = chance.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
        value = chance.choice([b"\xff\xfe", 2**62, float("inf"), None, "\x1b[2J\u202e", "x" * 500_000])
        statement = chance.choice(
            [f"DROP TABLE {table}", f"ALTER TABLE {table} DROP COLUMN {column}", f"UPDATE {table} SET {column} = ?"]
        )
        database.execute(statement, (value,) if "?" in statement else ())
        database.commit()
    return f"{statement} {value!r:.20}"


def workbook_cell(chance: random.Random, path: Path) -> str:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[chance.randrange(len(book.worksheets))]
    place = chance.choice(["XFD1048576", "A1048576", "XFD1", "A1", "B2", f"F{chance.randrange(1, 12)}"])
    value = chance.choice(["x", -1, 1e300, True, "=1+1", "NaN", "\u202e", "3.7", "1e400", "9" * 300])
    sheet[place] = value
    book.save(path)
    return f"{place} of {sheet.title} is {value!r:.20}"


EVERYWHERE: tuple[Damage, ...] = (truncate, flip, insert, insert, remove, repeat, noise, stand_in)
BY_ENDING: Mapping[str, tuple[Damage, ...]] = {
    ".jsonl": (json_value, json_value, json_shape),
    ".json": (json_value, json_value, json_shape),
    ".csv": (table_cell, table_cell),
    ".tsv": (table_cell, table_cell),
    ".toml": (toml_value, toml_value, toml_value),
    ".parquet": (parquet_column, parquet_column),
    ".sqlite": (database_table,),
    ".vec": (vector_value, vector_value),
    ".xlsx": (workbook_cell,),
}


def damage(chance: random.Random, path: Path) -> str:
    """Damages a file in one of the ways that its ending allows; says how."""
    ways = (*EVERYWHERE, *BY_ENDING.get(path.suffix, ()) * 2)
    way = chance.choice(ways)
    try:
        return f"{way.__name__}: {way(chance, path)}"
    except (ValueError, IndexError, AttributeError, sqlite3.Error, pa.ArrowException) as error:
        path.write_bytes(b"")
        return f"{way.__name__} could not ({type(error).__name__}): emptied"
