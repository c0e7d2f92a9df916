"""Reddit dumps (Pushshift's and its successors'): JSON lines of comments or of submissions, often as ``.zst``."""

from __future__ import annotations

import html
from collections.abc import Iterable

from pwae_core.corpus.readers.base import Row, link
from pwae_core.corpus.readers.markdown import own_words
from pwae_core.corpus.readers.records import Record, record_reader

COMMENT, SUBMISSION = "t1_", "t3_"
GONE = {"[deleted]", "[removed]", "[removed by reddit]", "[deleted by user]", "[ removed by reddit ]"}


def recognises(record: Record) -> bool:
    """Whether an object is a comment or a submission."""
    known = record.keys()
    return {"author", "created_utc", "subreddit"} <= known and ({"body", "parent_id"} <= known or "title" in known)


def rows(record: Record) -> Iterable[Row | str]:
    """A comment answers a comment (``t1_``) or the submission (``t3_``), whose thread it belongs to."""
    if not recognises(record):
        return ["neither a comment nor a submission"]
    row = {"user_id": record.get("author"), "timestamp": record.get("created_utc")}
    if "body" in record:
        above = link(record.get("parent_id"))
        row |= {
            "conversation_id": prefixed(SUBMISSION, record.get("link_id")) or _post(above),
            "utterance_id": prefixed(COMMENT, record.get("id")),
            "reply_to": above,
            "text": text_of(record.get("body")),
        }
    else:
        name = prefixed(SUBMISSION, record.get("id"))
        said = filter(None, (text_of(record.get(part)) for part in ("title", "selftext")))
        row |= {"conversation_id": name, "utterance_id": name, "text": "\n".join(said)}
    return [row]


def _post(above: str | None) -> str | None:
    return above if above and above.startswith(SUBMISSION) else None


def prefixed(kind: str, name: object) -> str | None:
    """An id as ``parent_id`` writes it, with its kind as a prefix; None if there is none."""
    known = str(name).strip() if isinstance(name, (str, int)) else ""
    return kind + known.removeprefix(kind) if known else None


def text_of(text: object) -> str | None:
    """The writer's own words, without quotations and markup. None for a text that was removed.

    Reddit writes ``&``, ``<`` and ``>`` as entities; entities that people type are escaped twice.
    """
    if not isinstance(text, str) or text.strip().lower() in GONE:
        return None
    return html.unescape(own_words(html.unescape(text))) if "&" in text else own_words(text)


READER = record_reader(
    name="reddit",
    recognises=recognises,
    rows=rows,
    holds="Reddit's comments (author, body, parent_id) or submissions (author, title)",
    nobody=frozenset({"[deleted]", "automoderator"}),
    names_people=True,
    bytes_a_row=1_000,
)
