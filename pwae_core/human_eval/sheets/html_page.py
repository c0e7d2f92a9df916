"""A sheet as one HTML file that annotators fill in offline: nothing is loaded, nothing is sent.

All texts travel as JSON in a script element of a type that browsers do not run. Every character that could end the
element is escaped, and the page's own script only ever inserts the texts as text. A content security policy allows that
one script and one style by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

from pwae_core.files import hash_strings
from pwae_core.human_eval.blinding.codes import ANSWER_LETTERS
from pwae_core.human_eval.blinding.placement import ALPHABET
from pwae_core.human_eval.sheets.sheet import Sheet
from pwae_core.human_eval.sheets.words import filled_in

ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
SCRIPTS = ("annotation_words.js", "annotation_file.js", "annotation.js")
VERSION = 1
"""The version of the files that the page saves; it loads only files of the same version."""
MARKS = (
    "@LANGUAGE@",
    "@DIRECTION@",
    "@STYLE_HASH@",
    "@SCRIPT_HASH@",
    "@TITLE@",
    "@STYLE@",
    "@NO_SCRIPT@",
    "@DATA@",
    "@SCRIPT@",
)
"""The placeholders, in the order of the template."""


@dataclass(frozen=True)
class Code:
    """What the page makes a completion code from: its first part, and each answer's share (``blinding.codes``)."""

    sheet: str
    shares: list[list[list[int]]]


def to_html(sheet: Sheet, code: Code | None = None) -> bytes:
    """The whole file."""
    style, script = _source("annotation.css"), "\n".join(map(_source, SCRIPTS))
    words = sheet.form.words
    hashes, texts = (_hash(style), _hash(script)), (escape(words.page.title), escape(words.page.no_script))
    parts = (words.language, words.direction, *hashes, texts[0], style, texts[1], embedded(_data(sheet, code)), script)
    made, rest = "", _source("annotation.html")
    for mark, part in zip(MARKS, parts, strict=True):
        before, _, rest = rest.partition(mark)
        made += before + part
    return (made + rest).encode()


def embedded(value: object) -> str:
    """``value`` as JSON that is safe inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _source(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _data(sheet: Sheet, code: Code | None) -> Mapping[str, Any]:
    form = sheet.form
    columns = [name for name in form.columns if name not in form.texts]
    return {
        "key": hash_strings(row.item for row in sheet.rows)[:16],
        "version": VERSION,
        "annotator": sheet.annotator,
        "name": filled_in(form.words.page.annotator, number=sheet.annotator),
        "file": f"{sheet.name}-ratings.csv",
        "columns": [[name, form.head(name)] for name in columns],
        "criteria": [
            {"name": one.name, "question": one.question, "scale": [[k, v] for k, v in one.scale.items()]}
            for one in form.criteria
        ],
        "help": [
            {"heading": one.heading, "paragraphs": one.paragraphs, "criteria": bool(one.criteria)}
            for one in (*form.instructions, form.about_page)
        ],
        "words": form.words.page.model_dump(exclude={"title", "no_script"}) | {"responds": form.words.marks.responds},
        "code": code
        and {"sheet": code.sheet, "letters": ALPHABET.upper(), "count": ANSWER_LETTERS, "shares": code.shares},
        "items": [row.given(form) for row in sheet.rows],
    }
