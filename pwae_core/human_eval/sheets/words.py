"""Every word that annotators read, in one TOML file per language; English and Chinese are shipped.

The words are plain text: they enter sheets, pages and XML in the same way as responses do, never as markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from pwae_core.config.base import Config
from pwae_core.config.places import Loc, in_toml
from pwae_core.config.resolve import read_toml
from pwae_core.errors import ConfigError

SHIPPED = ("en", "zh")
REFERENCE = "en"
PLACEHOLDER = re.compile(r"\{(\w*)\}")
LONGEST_PAGE_NAME = 31  # characters of a worksheet's name in a spreadsheet


def _plain(text: str) -> str:
    """``text``. Raises ValueError for line breaks and other control characters, and for text that shows nothing."""
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise ValueError("it may not contain control characters or line breaks")
    if not typed(text).strip():
        raise ValueError("it shows nothing")
    return text


def _heads_a_column(text: str) -> str:
    if re.search(r"[(:\[]", unicodedata.normalize("NFKC", text)):
        raise ValueError("a column heading may not contain brackets or colons")
    if not head_name(text):
        raise ValueError("a column heading needs a letter")
    return text


def _means_a_rating(text: str) -> str:
    if "=" in text:
        raise ValueError("an equals sign separates a rating from its meaning; leave it out")
    return text


def _names_a_page(text: str) -> str:
    if len(text) > LONGEST_PAGE_NAME or re.search(r"[\[\]:*?/\\]|^'|'$", text):
        raise ValueError(f"a worksheet's name has at most {LONGEST_PAGE_NAME} characters, and none of []:*?/\\")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_plain)]
Head = Annotated[Text, AfterValidator(_heads_a_column)]
Meaning = Annotated[Text, AfterValidator(_means_a_rating)]
PageName = Annotated[Text, AfterValidator(_names_a_page)]
Three = Annotated[tuple[Meaning, ...], Field(min_length=3, max_length=3)]
Two = Annotated[tuple[Meaning, ...], Field(min_length=2, max_length=2)]
Paragraphs = Annotated[tuple[Text, ...], Field(min_length=1)]


class _Words(Config):
    listed: ClassVar[str] = f"The keys are those of the shipped file ('--print-language {REFERENCE}')."


class Columns(_Words):
    """The heads of the columns, by the columns' internal names."""

    no: Head
    item: Head
    conversation: Head
    history: Head
    response: Head
    first: Head
    second: Head
    readability: Head
    informativeness: Head
    personalisation: Head
    better: Head
    person: Head
    comment: Head


class Marks(_Words):
    empty: Text
    nothing: Text
    responds: Text


class ThreePoints(_Words):
    question: Text
    scale: Three


class TwoPoints(_Words):
    question: Text
    scale: Two


class RatingQuestions(_Words):
    readability: ThreePoints
    informativeness: ThreePoints
    personalisation: TwoPoints


class PairQuestions(_Words):
    better: ThreePoints
    person: ThreePoints


class ByMode(_Words):
    heading: Text
    ratings: Paragraphs
    pairs: Paragraphs


class Passage(_Words):
    heading: Text
    paragraphs: Paragraphs


class Instructions(_Words):
    see: ByMode
    do: ByMode
    please: Passage
    files: Passage
    page: Passage


class WorkbookWords(_Words):
    title: Text
    instructions: PageName
    items: PageName
    wrong: Text
    choose: Text


class PageWords(_Words):
    title: Text
    annotator: Text
    conversation: Text
    history: Text
    response: Text
    first: Text
    second: Text
    remark: Text
    help: Text
    start: Text
    save: Text
    item: Text
    of: Text
    items: Text
    previous: Text
    next: Text
    unfinished: Text
    progress: Text
    minutes_left: Text
    hours_left: Text
    all_done: Text
    code: Text
    not_saved: Text
    save_anyway: Text
    go_on: Text
    load: Text
    loaded: Text
    differing: Text
    keep_page: Text
    take_file: Text
    other_study: Text
    other_annotator: Text
    other_version: Text
    damaged: Text
    not_kept: Text
    no_script: Text


class Words(_Words):
    """One language's file. ``direction`` applies to the page and the workbook."""

    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    direction: Literal["ltr", "rtl"]
    columns: Columns
    marks: Marks
    ratings: RatingQuestions
    pairs: PairQuestions
    instructions: Instructions
    workbook: WorkbookWords
    page: PageWords


def read_words(language: str) -> Words:
    """The words of a shipped language, or of the user's own file.

    Raises ConfigError, naming the key, for a missing or unknown key, for placeholders that differ from those of the
    English text, and for two columns with one name. Raises InputError for a file that cannot be read.
    """
    if language in SHIPPED:
        return Words.make(_toml(language))
    path = Path(language)
    if not language or (not path.exists() and path.suffix != ".toml"):
        raise ConfigError(f"language: {language!r} is neither shipped ({', '.join(SHIPPED)}) nor a TOML file.")
    words = Words.make(read_toml(path), lambda loc: f"{path}: {in_toml(loc)}")
    _check_placeholders(words, path)
    _check_different(words, path)
    return words


def shipped(language: str) -> str:
    """The text of a shipped language's file, to translate. Raises ConfigError for an unknown language."""
    if language not in SHIPPED:
        raise ConfigError(f"language: {language!r} is not shipped. Choose one of {', '.join(SHIPPED)}.")
    return resources.files(__package__).joinpath("languages", f"{language}.toml").read_text(encoding="utf-8")


def _toml(language: str) -> Mapping[str, Any]:
    import tomllib

    return tomllib.loads(shipped(language))


def filled_in(text: str, **values: object) -> str:
    """``text`` with each ``{name}`` replaced. Braces inside the values are left alone."""
    return PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), text)


def _check_placeholders(words: Words, path: Path) -> None:
    wanted = {loc: _placeholders(text) for loc, text in _texts(_toml(REFERENCE))}
    for loc, text in _texts(words.model_dump()):
        needed, found = wanted.get(loc, Counter()), _placeholders(text)
        if found != needed:
            missing, added = needed - found, found - needed
            name = min(missing or added)
            what = "missing" if missing else "there twice" if name in needed else "unknown"
            raise ConfigError(
                f"{path}: {in_toml(loc)}: {{{name}}} is {what}. Keep what is in braces as in the English file."
            )


def _placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def _texts(values: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Every text with the keys that lead to it. All texts of a list share one place."""
    if isinstance(values, str):
        yield loc, values
    elif isinstance(values, Mapping):
        for key, value in values.items():
            yield from _texts(value, (*loc, key))
    else:
        for value in values:
            yield from _texts(value, loc)


def head_name(text: str) -> str:
    """A column's head as heads are compared: ``typed``, case-folded, without leading apostrophes."""
    return " ".join(typed(text).casefold().split()).lstrip("' ")


def typed(text: str) -> str:
    """``text`` in NFKC form (full-width characters become ordinary ones), without invisible characters."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


def _check_different(words: Words, path: Path) -> None:
    """Raises ConfigError if a column's head is another's head or internal name, or if both worksheets share a name."""
    heads: dict[str, str] = {}
    known = words.columns.model_dump()
    for name, text in known.items():
        head = head_name(text)
        other = heads.setdefault(head, name)
        if other != name or (head in known and head != name):
            raise ConfigError(f"{path}: [columns] {name}: {text!r} is the column {head if other == name else other}'s.")
    if head_name(words.workbook.items) == head_name(words.workbook.instructions):
        raise ConfigError(f"{path}: [workbook] items: it has the same name as the instructions. Give it another name.")
