"""A sheet as one HTML file that annotators fill in offline: nothing is loaded, nothing is sent.

All texts travel as JSON in a script element of a type that is not run, with every character escaped that could end
it; the page's own script only ever puts them in as text. A content security policy allows that one script and that one
style by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any

from pwae_core.files import hash_strings
from pwae_core.human_eval.sheets.questions import CRITERIA, INSTRUCTIONS, PAGE
from pwae_core.human_eval.sheets.sheet import COLUMNS, GIVEN, Sheet

ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
MARKS = ("@STYLE_HASH@", "@SCRIPT_HASH@", "@STYLE@", "@DATA@", "@SCRIPT@")  # in the template's order


def to_html(sheet: Sheet) -> bytes:
    """The whole file."""
    style, script = _source("annotation.css"), _source("annotation.js")
    parts = (_hash(style), _hash(script), style, embedded(_data(sheet)), script)
    made, rest = "", _source("annotation.html")
    for mark, part in zip(MARKS, parts, strict=True):
        before, _, rest = rest.partition(mark)
        made += before + part
    return (made + rest).encode()


def embedded(value: object) -> str:
    """``value`` as JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _source(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _data(sheet: Sheet) -> Mapping[str, Any]:
    return {
        "key": hash_strings(row.item for row in sheet.rows)[:16],
        "name": f"Annotator {sheet.annotator}",
        "file": f"{sheet.name}-ratings.csv",
        "columns": [name for name in COLUMNS if name not in GIVEN[2:]],
        "criteria": [
            {"name": one.name, "question": one.question, "scale": [[k, v] for k, v in one.scale.items()]}
            for one in CRITERIA
        ],
        "help": [{"heading": one.heading, "paragraphs": one.paragraphs} for one in (*INSTRUCTIONS, PAGE)],
        "items": [asdict(row) for row in sheet.rows],
    }
