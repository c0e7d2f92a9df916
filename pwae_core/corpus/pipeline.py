"""The whole of preprocessing over a job: six steps over pieces, and what is decided between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pwae_core.artifacts import Draft
from pwae_core.corpus import readers, spill, splits, summary
from pwae_core.corpus.arrange import arrange, count
from pwae_core.corpus.assemble import assemble
from pwae_core.corpus.engine import Counts, Runner
from pwae_core.corpus.job import Job
from pwae_core.corpus.scan import CLEANED_AWAY, scan
from pwae_core.corpus.segment import segment
from pwae_core.corpus.windows import slide
from pwae_core.errors import EmptyResultError, InputError
from pwae_core.schemas import REJECTED

LONG_CJK_TOKENS = 6.0


@dataclass(frozen=True)
class Totals:
    """The counts of every step, added up over its pieces."""

    scanned: Counts
    arranged: Counts
    users: Counts
    slid: Counts
    segmented: Counts


def preprocess_job(runner: Runner[Job], draft: Draft) -> None:
    """Runs the steps and fills the draft. Raises InputError and EmptyResultError for what the data lacks."""
    job = runner.job
    scanned, rejected = _scan(runner)
    arranged = _arrange(runner)
    users = _added(runner.run("Counting users", count, job.shards))
    slid = runner.run("Sliding the window", slide, job.shards)
    wanted = _split(job, slid, _added(arranged), users)
    segmented = _added(runner.run("Tokenising", segment, job.shards))
    words, people = summary.count_words(job), summary.list_users(job)
    assembled = _added(runner.run("Assembling", assemble, job.shards))
    totals = Totals(_added(scanned), _added(arranged), users, _added(slid), segmented)
    _pack(runner, draft)
    draft.write("vocabulary.parquet", words.vocabulary.to_table())
    draft.write("users.parquet", people)
    reasons = _reasons(job, rejected, totals)
    draft.write("rejected.parquet", pa.Table.from_pylist(reasons, schema=REJECTED))
    draft.facts = _facts(job, totals, words, wanted, assembled) | {"rejected": reasons}


def _scan(runner: Runner[Job]) -> tuple[list[Counts], Counter[str]]:
    scanned = runner.run("Reading", scan, len(runner.job.spans))
    rejected: Counter[str] = Counter()
    for counts in scanned:
        rejected.update(counts["rejected"])
    if not any(counts["kept"] for counts in scanned):
        reasons = ", ".join(f"{reason}: {number}" for reason, number in rejected.most_common())
        raise EmptyResultError(
            f"No utterance is left of {sum(counts['read'] for counts in scanned)} rows ({reasons or 'none was read'})."
        )
    return scanned, rejected


def _arrange(runner: Runner[Job]) -> list[Counts]:
    arranged = runner.run("Ordering", arrange, runner.job.shards)
    duplicates = [counts["duplicate"] for counts in arranged if counts["duplicate"]]
    if duplicates:
        conversation, turn = min(duplicates)
        places = _places(runner.job, conversation, turn)
        raise InputError(
            f"Turn {turn} of conversation {conversation!r} stands more than once ({' and '.join(places[:2])}). "
            "Remove one of the two, or number the turns anew."
        )
    return arranged


def _places(job: Job, conversation: str, turn: int) -> list[str]:
    """Where a turn stands in the raw files: read again, as only an error message needs it."""
    places = []
    for source in dict.fromkeys(span.source for span in job.spans):
        spans = [span for span in job.spans if span.source == source]
        whole = readers.Span(source, spans[0].start, spans[-1].end)
        for batch in readers.read(whole, job.config.columns):
            ids, turns = batch.table["conversation_id"].to_pylist(), batch.table["turn"].to_pylist()
            found = [i for i, row in enumerate(zip(ids, turns, strict=True)) if row == (conversation, turn)]
            places += [f"{source.name}, {readers.unit(source)} {batch.places[i]}" for i in found]
    return places


def _split(job: Job, slid: list[Counts], arranged: Counts, users: Counts) -> splits.Sizes:
    config = job.config
    total = _added(slid)
    if not total["windows"]:
        longest = max(config.window, config.min_turns)
        raise EmptyResultError(
            f"No session is left: none of {arranged['conversations']} conversations has {longest} utterances "
            "(--window, --min-turns)."
        )
    if not total["sessions"]:
        who = "all its speakers" if config.users == "all" else "a responder"
        raise EmptyResultError(
            f"No session is left: {users['enough']} of {users['users']} users have {config.min_utterances} utterances, "
            f"and none of {total['windows']} windows has {who} among them (--min-utterances, --users)."
        )
    wanted = splits.sizes(total["sessions"], config)
    numbers = [spill.read(path)["number"].to_numpy() for path in job.files("windows", job.shards)]
    splits.save(job.folder, splits.assign(np.concatenate(numbers), wanted), [len(part) for part in numbers])
    return wanted


def _pack(runner: Runner[Job], draft: Draft) -> None:
    """One canonical file a table, shard after shard: what comes out does not depend on how many there were."""
    tables = [*splits.SPLITS, "histories"]
    with runner.progress.task("Writing", total=len(tables) * runner.job.shards) as task:
        for name in tables:
            with draft.writer(f"{name}.parquet") as write:
                for path in runner.job.files(name, runner.job.shards):
                    write(spill.read(path))
                    task.advance(1)


def _added(counts: Sequence[Counts]) -> Counts:
    """Numbers added up over the pieces; anything else left out."""
    names = [name for name, value in counts[0].items() if isinstance(value, int)]
    return {name: sum(one[name] for one in counts) for name in names}


def _reasons(job: Job, rejected: Counter[str], totals: Totals) -> list[dict[str, Any]]:
    config, slid = job.config, totals.slid
    emptied = rejected.get(CLEANED_AWAY, 0)
    who = "a speaker" if config.users == "all" else "the responder"
    found = [("row", reason, number) for reason, number in sorted(rejected.items()) if reason != CLEANED_AWAY]
    found += [
        ("utterance", CLEANED_AWAY, emptied),
        ("conversation", f"fewer than {config.min_turns} utterances", slid["few"]),
        ("conversation", f"shorter than the window of {config.window}", slid["short"]),
        ("session", f"{who} has fewer than {config.min_utterances} utterances", slid["windows"] - slid["sessions"]),
    ]
    return [{"unit": unit, "reason": reason, "count": number} for unit, reason, number in found if number]


def _facts(job: Job, totals: Totals, words: summary.Words, wanted: splits.Sizes, assembled: Counts) -> dict[str, Any]:
    segmented = totals.segmented
    mean_cjk = segmented["cjk_characters"] / segmented["cjk_tokens"] if segmented["cjk_tokens"] else None
    return {
        "vocabulary": words.vocabulary.fingerprint,
        "tokenizer": job.config.tokenizer,
        "split_rule": wanted.rule,
        "counts": {
            "rows": totals.scanned["read"],
            "utterances": totals.arranged["utterances"],
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
            "sessions_without_time": sum(assembled[name] - assembled[f"{name}_times"] for name in splits.SPLITS),
        },
        "out_of_vocabulary": round(words.out_of_vocabulary, 6),
        "overlap": {
            "test_responses_in_train_contexts": _share(segmented["overlap"], wanted.test),
            "test_sessions_of_train_conversations": _share(segmented["shared"], wanted.test),
        },
        "mean_cjk_token_length": None if mean_cjk is None else round(mean_cjk, 3),
        "warnings": _warnings(job, mean_cjk),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _warnings(job: Job, mean_cjk: float | None) -> list[str]:
    if mean_cjk is None or mean_cjk <= LONG_CJK_TOKENS:
        return []
    return [
        f"Chinese tokens are {mean_cjk:.1f} characters long on average: the tokenizer {job.config.tokenizer} does not "
        "segment Chinese. Use --tokenizer jieba."
    ]
