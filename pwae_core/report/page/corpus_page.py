"""A corpus as one page: what ``pwae data-check`` found, with plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pwae_core.artifacts.marks import UNSEALED
from pwae_core.corpus.check import CorpusCheck, Spread
from pwae_core.grammar import counted
from pwae_core.report.figures.histogram import HEIGHT, WIDTH, histogram
from pwae_core.report.figures.svg import Series, chart
from pwae_core.report.page.document import Section, figure, paragraphs, render
from pwae_core.report.safe_html import Markup, join, said, tag

LONGEST_RESPONSE = 60
ITSELF = "–"

MARK = "pwae data-check"
"""What the comment on the first line of such a page contains."""


def corpus_page(name: str, fingerprint: str, facts: Mapping[str, object], found: CorpusCheck) -> bytes:
    """The page as UTF-8: one file that loads nothing, with all text from the data escaped."""
    sections = [
        Section("advice", "Look at", "What to look at", _advice(found.advice)),
        Section("splits", "Splits", "Splits, and what leaks between them", _splits(found)),
        Section("users", "Users", "Users", _users(found)),
        Section("lengths", "Lengths", "Lengths of utterances", _lengths(found)),
        Section("words", "Words", "Vocabulary and language", _words(found, str(facts["tokenizer"]))),
        Section("repeated", "Repeated", "The most repeated training responses", _repeated(found.repeated)),
    ]
    lead = paragraphs(
        f"{counted(found.users, 'user')}, {counted(sum(one.sessions for one in found.splits.values()), 'session')}, "
        f"tokenizer {facts['tokenizer']}, split by {facts['split_by']} ({facts['split_rule']})."
    )
    return render(f"Corpus {name}", lead, sections, f"{MARK} {fingerprint} {UNSEALED}", asdict(found), kicker=MARK)


def _advice(sentences: Sequence[str]) -> Markup:
    if not sentences:
        return tag("p", "Nothing stands out.")
    return tag("ul", *(tag("li", sentence) for sentence in sentences))


def grid(columns: Sequence[str], rows: Sequence[Sequence[Markup | str]]) -> Markup:
    """A table that scrolls sideways on narrow screens. A row's first cell is its heading; the others are numbers."""
    first, *numbers = columns
    heads = [tag("th", column, scope="col", class_="number long") for column in numbers]
    head = tag("tr", tag("th", first, scope="col"), *heads)
    body = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell, class_="number") for cell in row[1:]))
        for row in rows
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll", tabindex=0)


def _small(plots: Sequence[Markup]) -> Markup:
    """Plots side by side, as many as fit."""
    return tag("div", *plots, class_="panels small")


def _splits(found: CorpusCheck) -> Markup:
    rows: list[list[Markup | str]] = [
        [
            name,
            f"{one.sessions:,}",
            f"{one.users:,}",
            f"{one.unknown_tokens:.2%}",
            f"{one.repeated_responses:.1%}",
            ITSELF if name == "train" else f"{one.responses_of_training:.1%}",
            ITSELF if name == "train" else f"{one.users_without_training:.1%}",
        ]
        for name, one in found.splits.items()
    ]
    columns = ("split", "sessions", "users", "unknown tokens", "repeated responses", "also in training", "by new users")
    told = (
        "Shares of each split's responses. Unknown tokens: the share of their tokens outside the vocabulary. Repeated: "
        "the response occurs more than once in its split. Also in training: the same response, word for word, is in "
        "the training split. By new users: the person who answers has no response in the training split."
    )
    return join([grid(columns, rows), tag("p", told, class_="note")])


def _users(found: CorpusCheck) -> Markup:
    spreads = {
        "training sessions answered": found.sessions_a_user,
        "cleaned utterances in all raw data": found.utterances_a_user,
        "utterances in the history": found.history_a_user,
    }
    plots = [
        _histogram(one, f"users by {name}", "sessions" if "sessions" in name else "utterances")
        for name, one in spreads.items()
    ]
    return join([_spreads("per user", spreads), _small(plots)])


def _lengths(found: CorpusCheck) -> Markup:
    spreads: dict[str, Spread] = {}
    for name, one in found.splits.items():
        spreads |= {f"{name}: response": one.response_tokens, f"{name}: context utterance": one.context_tokens}
    train = found.splits["train"]
    plots = (
        _histogram(train.response_tokens, "responses of the training split", "tokens"),
        _histogram(train.context_tokens, "context utterances of the training split", "tokens"),
    )
    return join([_spreads("tokens", spreads), _small(plots)])


def _words(found: CorpusCheck, tokenizer: str) -> Markup:
    rows: list[list[Markup | str]] = [[name, f"{share:.1%}"] for name, share in found.scripts.items()]
    text = f"The tokenizer is {tokenizer}. Characters of the training tokens within the vocabulary, by script:"
    return join([_coverage(found.coverage), tag("p", text), grid(("script", "share"), rows)])


def _coverage(found: Sequence[Sequence[float]]) -> Markup:
    """A curve, or a sentence if the vocabulary is so small that the curve is a single point."""
    xs, ys = [words for words, _ in found], [share for _, share in found]
    if len(found) < 2:
        covered = [
            f"The {counted(int(x), 'word')} of the vocabulary cover {y:.1%} of the training tokens." for x, y in found
        ]
        return paragraphs(*covered)
    label = "Share of the training tokens that the most frequent words cover"
    plot = chart([Series("covered", xs, ys)], label, "words", size=(WIDTH, HEIGHT))
    return _small([figure(plot, tag("b", label))])


def _repeated(repeated: Sequence[Sequence[object]]) -> Markup:
    if not repeated:
        return tag("p", "No response of the training split occurs twice.")
    return grid(
        ("response", "sessions"), [[said(str(text), LONGEST_RESPONSE), f"{count:,}"] for text, count in repeated]
    )


def _spreads(what: str, spreads: Mapping[str, Spread]) -> Markup:
    rows: list[list[Markup | str]] = [
        [name, f"{one.count:,}", f"{one.mean:g}", f"{one.median:g}", f"{one.p95:g}", f"{one.largest:,}"]
        for name, one in spreads.items()
    ]
    return grid((what, "count", "mean", "median", "95%", "largest"), rows)


def _histogram(one: Spread, name: str, what: str) -> Markup:
    title = tag("b", name[:1].upper() + name[1:])
    if not one.histogram:
        return figure(tag("p", "There are none.", class_="muted"), title)
    more = f"{one.beyond:,} more, up to {one.largest:,}" if one.beyond else ""
    return figure(histogram(one.histogram, one.width, f"How many {name}", what, more), title)
