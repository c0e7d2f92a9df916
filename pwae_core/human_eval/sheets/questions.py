"""What annotators are asked (Table 1), on which scales (section 4.4), and the instructions they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Criterion:
    """A question about a response. ``scale`` maps each rating to its meaning; ``name`` is the sheets' column."""

    name: str
    question: str
    scale: Mapping[int, str]

    @property
    def ratings(self) -> list[int]:
        return list(self.scale)

    @property
    def range(self) -> str:
        """``1-3``: the ratings there are, in short."""
        return f"{min(self.scale)}-{max(self.scale)}"

    @property
    def legend(self) -> str:
        return ", ".join(f"{rating} = {meaning}" for rating, meaning in self.scale.items())


CRITERIA = (
    Criterion(
        "readability",
        "Is the response grammatically formed and smooth?",
        {1: "bad", 2: "normal", 3: "good"},
    ),
    Criterion(
        "informativeness",
        "Does the response contain informative words?",
        {1: "bad", 2: "normal", 3: "good"},
    ),
    Criterion(
        "personalisation",
        "Does the response resemble any of the responder's earlier utterances?",
        {0: "bad (no)", 1: "normal (yes)"},
    ),
)


@dataclass(frozen=True)
class Section:
    """A heading of the instructions, its paragraphs, and the criteria that stand below them."""

    heading: str
    paragraphs: tuple[str, ...]
    criteria: tuple[Criterion, ...] = ()


INSTRUCTIONS = (
    Section(
        "What you see",
        (
            "Each item is a conversation, whose last line says who responds next; things that this person has said "
            "elsewhere; and one response.",
            "The same conversation comes back with other responses. Judge each response by itself. The order of the "
            "items means nothing.",
        ),
    ),
    Section("What you do", ("Give every response three ratings, and leave none out:",), CRITERIA),
    Section(
        "Please",
        (
            "Where you cannot decide, take the rating that fits better. There is room for remarks.",
            "Work alone, and talk about items only when everybody has finished.",
            "[…] marks a text that was too long for its place. (empty) is a response without any word.",
        ),
    ),
)
SHEETS = Section(
    "Your files",
    (
        "The workbook (.xlsx) and the text file (.csv) hold the same items, a row each; so does the page (.html), "
        "where there is one, which any browser opens without the internet. Fill in one of them.",
        "A sheet: save it in its own format, and send it back. Leave the item column as it is: it connects your "
        "ratings with the responses.",
        "The page: it remembers your ratings in this browser. Save them as a file at the end, and send that file.",
    ),
)
PAGE = Section(
    "This page",
    (
        "It remembers your ratings in this browser, on this computer, and sends nothing anywhere. When you have "
        "finished, press Save ratings and send back the file that it saves.",
        "Keys: a digit rates the marked question, or shows it first where it is out of sight; ↑ and ↓ mark another "
        "one; Backspace takes its rating back; → or Enter goes to the next item, ← to the one before, N to the next "
        "that is not yet rated; C goes to the "
        "remark, Escape out of it.",
    ),
)
