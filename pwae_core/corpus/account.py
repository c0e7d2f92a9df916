"""What a corpus records about itself: counts, what was left out and why, warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.readers.times import ROUNDED
from pwae_core.corpus.steps import splits, summary
from pwae_core.corpus.steps.scan import UTTERANCES
from pwae_core.grammar import counted

LONG_CJK_TOKENS = 6.0
TIMES_THE_AVERAGE = 10


LOST_SHARE = 0.05
"""The share of reply links without a target, or of ids that two users have, from which on a warning is given."""


@dataclass(frozen=True)
class Totals:
    """The counts of every step, summed over its pieces.

    ``most``: [utterances, id] of the users who say the most; ``told``: the readers' notes on their files; ``suspect``:
    warnings about ids, texts and times; ``astray``: a reply link that leads nowhere and the id of its row;
    ``unread_time``: a timestamp that was not understood.
    """

    scanned: Counts
    threaded: Counts
    arranged: Counts
    users: Counts
    most: Sequence[Sequence[Any]]
    told: Sequence[str]
    suspect: Sequence[str]
    astray: Sequence[str] | None
    unread_time: str
    slid: Counts
    segmented: Counts
    assembled: Counts


def reasons(
    config: PreprocessConfig, skipped: Mapping[str, int], rejected: Counter[str], totals: Totals
) -> list[dict[str, Any]]:
    """The rows of ``rejected.parquet``: unit, reason, count."""
    slid, threaded = totals.slid, totals.threaded
    who = "a speaker" if config.users == "all" else "the responder"
    circular = threaded.get("circular", 0) + totals.arranged["circular"]
    found = [("file", reason, number) for reason, number in sorted(skipped.items())]
    found += [("row", reason, number) for reason, number in sorted(rejected.items()) if reason not in UTTERANCES]
    found += [
        ("row", "utterance_id occurs more than once", threaded.get("repeated", 0) + totals.arranged["repeated"]),
        ("row", "replies that run in a circle", circular),
        *(("utterance", reason, rejected.get(reason, 0)) for reason in UTTERANCES),
        ("quotation", "name of no known user, or of several", threaded.get("unknown", 0)),
        ("conversation", f"fewer than {config.min_turns} utterances", slid["few"]),
        ("conversation", f"shorter than the window of {config.window}", slid["short"]),
        ("session", f"{who} has fewer than {config.min_utterances} utterances", slid["windows"] - slid["sessions"]),
    ]
    return [{"unit": unit, "reason": reason, "count": number} for unit, reason, number in found if number]


def account(left_out: Sequence[Mapping[str, Any]], totals: Totals) -> list[dict[str, Any]]:
    """What became of the rows in the files: the first line is their number, and the others add up to it."""
    lines = [("rows in the files", totals.scanned["read"])]
    lines += [(one["reason"], one["count"]) for one in left_out if one["unit"] in ("row", "utterance")]
    lines.append(("rows kept", totals.arranged["own"]))
    return [{"what": what, "count": number} for what, number in lines]


def repaired(totals: Totals) -> list[dict[str, Any]]:
    """What was repaired, and how often."""
    found = [
        ("white space around an id removed", totals.scanned["trimmed"]),
        ("whole number that was written as a float (301.0 for 301)", totals.scanned["floats"]),
        ("reply link that names an id with something around it (t1_abc for abc)", totals.threaded.get("mended", 0)),
        ("reply link that means none (0, -1, root, null)", totals.threaded.get("rooted", 0)),
    ]
    return [{"what": what, "count": number} for what, number in found if number]


def lost_links(arranged: Counts, astray: Sequence[str] | None) -> str:
    """A sentence about reply links that lead nowhere; empty if there are few."""
    lost, links = arranged["lost"], arranged["answers"] + arranged["lost"]
    if astray is None or lost < LOST_SHARE * links:
        return ""
    return (
        f"{lost:,} of {links:,} reply links lead to no utterance, such as {astray[0]!r} of utterance {astray[1]!r}: "
        "does reply_to hold the ids of utterance_id?"
    )


def clashing_ids(threaded: Counts, kept: int) -> str:
    """A sentence about rows left out for an ``utterance_id`` that a row of somebody else has; empty if they are few."""
    number = threaded.get("clashing", 0)
    if number < LOST_SHARE * kept or not number:
        return ""
    return (
        f"{number:,} rows were left out because their utterance_id is that of a row of another user. If ids are unique "
        "only within a file or a thread, give each its conversation_id."
    )


def said_twice(arranged: Counts) -> str:
    """A sentence about messages of chats that occur more than once; empty if they are few."""
    twice, loose = arranged["twice"], arranged["loose"]
    if twice < LOST_SHARE * loose or not twice:
        return ""
    return (
        f"{twice:,} of {loose:,} messages of chats repeat another one (same chat, time, user and text). If files "
        "overlap, take out what they share, or map an utterance_id: of messages with one id, one is kept."
    )


def mixed(arranged: Counts) -> str:
    """A sentence about chats in which messages of several files alternate; empty if there are none."""
    if not arranged["mixed"]:
        return ""
    return (
        f"In {counted(arranged['mixed'], 'chat')} messages of several files alternate. If a conversation_id means "
        "another chat in each file, make the ids different."
    )


def facts(config: PreprocessConfig, totals: Totals, words: summary.Words, wanted: splits.Sizes) -> dict[str, Any]:
    """The facts of the manifest."""
    segmented, assembled = totals.segmented, totals.assembled
    without_time = [assembled[name] - assembled[f"{name}_times"] for name in splits.SPLITS]
    mean_cjk = segmented["cjk_characters"] / segmented["cjk_tokens"] if segmented["cjk_tokens"] else None
    return {
        "vocabulary": words.vocabulary.fingerprint,
        "tokenizer": config.tokenizer,
        "split_by": config.split_by,
        "split_rule": wanted.rule,
        "counts": {
            "rows": totals.scanned["read"],
            "rows_kept": totals.arranged["own"],
            "utterances": totals.arranged["utterances"],
            "quoted": totals.arranged["quoted"],
            "joined": totals.arranged["own"] + totals.arranged["quoted"] - totals.arranged["utterances"],
            "conversations": totals.arranged["conversations"],
            "users": totals.users["users"],
            "users_over_threshold": totals.users["enough"],
            "windows": totals.slid["windows"],
            "sessions": totals.slid["sessions"],
            "train": wanted.train,
            "valid": wanted.valid,
            "test": wanted.test,
            "histories": assembled["histories"],
            "tokens": words.tokens,
            "words": words.distinct,
            "vocabulary": len(words.vocabulary),
            "sessions_without_time": sum(without_time),
        },
        "out_of_vocabulary": round(words.out_of_vocabulary, 6),
        "overlap": {
            "test_responses_in_train_contexts": _share(segmented["overlap"], wanted.test),
            "test_sessions_of_train_conversations": _share(segmented["shared"], wanted.test),
        },
        "links": {name: totals.arranged[name] for name in ("roots", "answers", "headless", "lost")},
        "repaired": repaired(totals),
        "unread_times": totals.scanned["unread_times"],
        "notes": list(totals.told),
        "mean_cjk_token_length": None if mean_cjk is None else round(mean_cjk, 3),
        "warnings": _warnings(config, totals, mean_cjk, sum(without_time)),
    }


def unread_times(number: int, example: str) -> str:
    told = f"{number:,} timestamps were not understood, such as {example!r}."
    if ROUNDED.fullmatch(example):
        return f"{told} A spreadsheet has rounded them: export the file again with its times as text."
    return f"{told} Describe yours with --time-format."


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _warnings(config: PreprocessConfig, totals: Totals, mean_cjk: float | None, without_time: int) -> list[str]:
    clashing = clashing_ids(totals.threaded, totals.arranged["own"])
    told = [clashing, said_twice(totals.arranged) or mixed(totals.arranged), lost_links(totals.arranged, totals.astray)]
    found = [*totals.suspect, *filter(None, told)]
    if totals.scanned["unread_times"]:
        found.append(unread_times(totals.scanned["unread_times"], totals.unread_time))
    if config.split_by == "time" and without_time:
        found.append(f"{without_time:,} sessions have no time: they are in the training split.")
    if mean_cjk is not None and mean_cjk > LONG_CJK_TOKENS:
        found.append(
            f"Chinese tokens are {mean_cjk:.1f} characters long on average: the tokenizer {config.tokenizer} does not "
            "segment Chinese. Use --tokenizer jieba."
        )
    utterances = totals.arranged["utterances"]
    least = max(config.giant_share, TIMES_THE_AVERAGE / totals.users["users"]) * utterances
    for number, user in sorted(totals.most, key=lambda one: (-one[0], one[1])):
        if number >= least:
            found.append(
                f"User {user!r} says {number / utterances:.0%} of everything. Perhaps this is not a real person. "
                "If so, leave it out with --drop-user."
            )
    return found
