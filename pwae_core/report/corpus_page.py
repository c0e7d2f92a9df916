"""A corpus as one page: what ``pwae data-check`` found, with plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pwae_core.corpus.check import CorpusCheck, Spread
from pwae_core.report.markup import Markup, said, tag
from pwae_core.report.page import Section, figure, paragraphs, render
from pwae_core.report.plots import BOTTOM, LEFT, TOP, Series, chart, number, svg

LONGEST_RESPONSE = 60
WIDTH, HEIGHT, LABELS = 360, 200, 9

MARK = "pwae data-check"
"""What a page of this kind has in its first line of comment."""


def corpus_page(name: str, fingerprint: str, facts: Mapping[str, object], found: CorpusCheck) -> bytes:
    """The page as UTF-8: one file, nothing loaded, text from the data escaped."""
    sections = [
        Section("advice", "Look at", "What to look at", _advice(found.advice)),
        Section("splits", "Splits", "Splits, and what leaks between them", _splits(found)),
        Section("users", "Users", "Users", _users(found)),
        Section("lengths", "Lengths", "Lengths of utterances", _lengths(found)),
        Section("words", "Words", "Vocabulary and language", _words(found, str(facts["tokenizer"]))),
        Section("repeated", "Repeated", "Responses that come again and again", _repeated(found.repeated)),
    ]
    lead = paragraphs(
        f"{found.users:,} users, {sum(one.sessions for one in found.splits.values()):,} sessions, tokenizer "
        f"{facts['tokenizer']}, split by {facts['split_by']} ({facts['split_rule']})."
    )
    return render(f"Corpus {name}", lead, sections, f"{MARK} {fingerprint}", asdict(found))


def _advice(sentences: Sequence[str]) -> Markup:
    if not sentences:
        return tag("p", "Nothing stands out.")
    return tag("ul", *(tag("li", sentence) for sentence in sentences))


def grid(columns: Sequence[str], rows: Sequence[Sequence[Markup | str]]) -> Markup:
    """A table that can be scrolled sideways on a narrow screen; the first cell of a row names it."""
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll")


def _splits(found: CorpusCheck) -> Markup:
    rows: list[list[Markup | str]] = [
        [
            name,
            f"{one.sessions:,}",
            f"{one.users:,}",
            f"{one.unknown_tokens:.2%}",
            f"{one.repeated_responses:.1%}",
            f"{one.responses_of_training:.1%}",
            f"{one.users_without_training:.1%}",
        ]
        for name, one in found.splits.items()
    ]
    columns = ("split", "sessions", "users", "unknown tokens", "repeated responses", "also in training", "new users")
    return grid(columns, rows)


def _users(found: CorpusCheck) -> Markup:
    spreads = {
        "training sessions a user answers": found.sessions_a_user,
        "utterances in the whole dump": found.utterances_a_user,
        "utterances in the history": found.history_a_user,
    }
    plots = [_histogram(one, name, "how many") for name, one in spreads.items()]
    return tag("div", _spreads("per user", spreads), *plots)


def _lengths(found: CorpusCheck) -> Markup:
    spreads: dict[str, Spread] = {}
    for name, one in found.splits.items():
        spreads |= {f"{name}: response": one.response_tokens, f"{name}: context utterance": one.context_tokens}
    train = found.splits["train"]
    plots = (
        _histogram(train.response_tokens, "responses of the training split", "tokens"),
        _histogram(train.context_tokens, "context utterances of the training split", "tokens"),
    )
    return tag("div", _spreads("tokens", spreads), *plots)


def _words(found: CorpusCheck, tokenizer: str) -> Markup:
    xs, ys = [words for words, _ in found.coverage], [share for _, share in found.coverage]
    label = "Share of the training tokens that the most frequent words cover"
    plot = chart([Series("covered", xs, ys)], label, "words")
    rows: list[list[Markup | str]] = [[name, f"{share:.1%}"] for name, share in found.scripts.items()]
    text = f"The tokenizer is {tokenizer}. Characters of the training tokens, by script:"
    return tag("div", figure(plot, label), tag("p", text), grid(("script", "share"), rows))


def _repeated(repeated: Sequence[Sequence[object]]) -> Markup:
    if not repeated:
        return tag("p", "No response comes twice.")
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
    """A bar for each bin, all equally wide; the label under a bar is where its bin begins."""
    if not one.histogram:
        return figure(tag("p", "There are none.", class_="muted"), name)
    highest = max(count for _, count in one.histogram)
    step = (WIDTH - LEFT) / len(one.histogram)
    every = -(-len(one.histogram) // LABELS)
    parts = [
        tag("line", x1=LEFT, x2=WIDTH, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM, class_="axis"),
        tag("text", number(highest), x=LEFT - 6, y=TOP + 4, text_anchor="end"),
        tag("text", what, x=(LEFT + WIDTH) / 2, y=HEIGHT - 4, text_anchor="middle"),
    ]
    ends = [f"to {after - 1:,}" for after, _ in one.histogram[1:]] + [f"to {one.largest:,}"]
    for place, ((start, count), end) in enumerate(zip(one.histogram, ends, strict=True)):
        x, tall = LEFT + place * step, (HEIGHT - TOP - BOTTOM) * count / highest
        size = {"x": round(x, 1), "y": round(HEIGHT - BOTTOM - tall, 1)}
        size |= {"width": round(step * 0.85, 1), "height": round(tall, 1)}
        parts.append(
            tag("rect", tag("title", f"{start:,} {end}: {count:,}"), fill="currentColor", opacity=0.55, **size)
        )
        if place % every == 0:
            parts.append(
                tag("text", number(start), x=round(x + step / 2, 1), y=HEIGHT - BOTTOM + 16, text_anchor="middle")
            )
    return figure(svg((WIDTH, HEIGHT), f"How many {name}", parts), name)
