"""What a sheet asks and shows: ratings of one response (Table 1, section 4.4), or a choice between two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pwae_core.config.human_eval import Mode
from pwae_core.human_eval.sheets.words import Words, head_name

ITEM, REMARK = "item", "comment"
TEXTS = {"ratings": ("conversation", "history", "response"), "pairs": ("conversation", "history", "response", "other")}
RATED = ("readability", "informativeness", "personalisation")
CHOSEN = ("better", "person")
FIRST, SECOND, TIE = 1, 2, 0
POINTS = {"readability": (1, 2, 3), "informativeness": (1, 2, 3), "personalisation": (0, 1)}
ALIASES = {"personalization": "personalisation"}


@dataclass(frozen=True)
class Criterion:
    """A question. ``scale`` maps each rating to its meaning. ``title`` heads its column in the sheet's language.

    ``name`` is the same in every language. ``ordinal``: the ratings are more than two steps on a scale.
    """

    name: str
    title: str
    question: str
    scale: Mapping[int, str]
    ordinal: bool

    @property
    def ratings(self) -> list[int]:
        return list(self.scale)

    @property
    def range(self) -> str:
        """The range of the ratings: ``1-3``."""
        return f"{min(self.scale)}-{max(self.scale)}"

    @property
    def legend(self) -> str:
        return ", ".join(f"{rating} = {meaning}" for rating, meaning in self.scale.items())


@dataclass(frozen=True)
class Section:
    """A heading of the instructions, its paragraphs, and the criteria below them."""

    heading: str
    paragraphs: tuple[str, ...]
    criteria: tuple[Criterion, ...] = ()


@dataclass(frozen=True)
class Form:
    """The questions and columns of a sheet. ``ties``: whether two responses may be called equally good."""

    words: Words
    mode: Mode = "ratings"
    ties: bool = True

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        if self.mode == "pairs":
            return tuple(self._criterion(name, (FIRST, SECOND, TIE)[: 3 if self.ties else 2]) for name in CHOSEN)
        return tuple(self._criterion(name, POINTS[name]) for name in RATED)

    def _criterion(self, name: str, points: tuple[int, ...]) -> Criterion:
        asked = getattr(getattr(self.words, self.mode), name)
        scale = dict(zip(points, asked.scale, strict=False))
        ordinal = self.mode == "ratings" and len(points) > 2
        return Criterion(name, getattr(self.words.columns, name), asked.question, scale, ordinal)

    @property
    def rated(self) -> tuple[str, ...]:
        """The columns to fill in, except for the remark."""
        return tuple(one.name for one in self.criteria)

    @property
    def texts(self) -> tuple[str, ...]:
        return TEXTS[self.mode]

    @property
    def given(self) -> tuple[str, ...]:
        return ("no", ITEM, *self.texts)

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.given, *self.rated, REMARK)

    def head(self, column: str) -> str:
        """The heading of a column."""
        called = {"response": "first", "other": "second"} if self.mode == "pairs" else {}
        text: str = getattr(self.words.columns, called.get(column, column))
        return text

    @cached_property
    def column_of(self) -> Mapping[str, str]:
        """Columns by their heads, in this language and by their internal names, which other programs keep."""
        own = {name: name for name in self.columns} | ALIASES
        return own | {head_name(self.head(column)): column for column in self.columns}

    @property
    def instructions(self) -> tuple[Section, ...]:
        told = self.words.instructions
        see, do, please = told.see, told.do, told.please
        return (
            Section(see.heading, getattr(see, self.mode)),
            Section(do.heading, getattr(do, self.mode), self.criteria),
            Section(please.heading, please.paragraphs),
        )

    @property
    def about_files(self) -> Section:
        return Section(self.words.instructions.files.heading, self.words.instructions.files.paragraphs)

    @property
    def about_page(self) -> Section:
        return Section(self.words.instructions.page.heading, self.words.instructions.page.paragraphs)
