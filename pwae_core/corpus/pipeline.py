"""All of preprocessing: the steps over the pieces of a job, and the decisions between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce

import numpy as np
import pyarrow as pa

from pwae_core.artifacts import Draft
from pwae_core.artifacts.tables import table_writer
from pwae_core.corpus import readers
from pwae_core.corpus.account import Totals, account, facts, lost_links, reasons, unread_times
from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import Job
from pwae_core.corpus.engine.runner import Counts, Runner
from pwae_core.corpus.readers import Source
from pwae_core.corpus.readers.sources import Found
from pwae_core.corpus.steps import clocks, garbled, identifiers, naming, splits, summary, threads
from pwae_core.corpus.steps.arrange import arrange, count
from pwae_core.corpus.steps.assemble import assemble
from pwae_core.corpus.steps.scan import Rules, Seen, judged, prepared, scan
from pwae_core.corpus.steps.segment import segment
from pwae_core.corpus.steps.windows import slide
from pwae_core.errors import ConfigError, EmptyResultError, InputError
from pwae_core.schemas import ARTIFACTS, REJECTED
from pwae_core.text.vocabulary import Vocabulary

MANY_LEFT_OUT = 0.1
"""The share of rows left out from which on an error that nothing is left says why."""
PACKED = (*splits.SPLITS, "histories")


def preprocess_job(runner: Runner[Job], draft: Draft, found: Found, vocabulary: Vocabulary | None = None) -> None:
    """Runs the steps and fills the draft. ``found`` says which files were skipped; ``vocabulary`` is another corpus's,
    or None for the most frequent words of the training split.

    A step's files are removed when no later step needs them. Raises InputError and EmptyResultError for what the data
    lacks.
    """
    job = runner.job
    scanned, rejected, suspect, absent, unread_time = _scan(runner)
    threaded = _thread(runner) if scanned["nodes"] else {}
    job.drop("nodes", "names", "handles", "known", "links", "roots")
    ordered = _arrange(runner)
    arranged = _added(ordered)
    astray = min((counts["astray"] for counts in ordered if counts["astray"]), default=None)
    job.drop("rows", "messages", "threads")
    naming.settle(job)
    counted = runner.run("Counting users", count, job.shards)
    job.drop("users")
    slid = _added(runner.run("Sliding the window", slide, job.shards))
    hint = " ".join(filter(None, [_left_out(scanned, rejected), lost_links(arranged, astray), *suspect[:1]]))
    wanted = _split(job, slid, arranged, _added(counted), hint)
    segmented = _added(runner.run("Tokenising", segment, job.shards))
    words, people = summary.count_words(job, vocabulary), summary.list_users(job)
    assembled = _added(runner.run("Assembling", assemble, job.shards))
    job.drop("dialogue", "tokens")
    runner.run("Writing", pack, len(PACKED))
    draft.write("vocabulary.parquet", words.vocabulary.to_table())
    draft.write("users.parquet", people)
    most = [one for counts in counted for one in counts["most"]]
    totals = Totals(
        scanned=scanned,
        threaded=threaded,
        arranged=arranged,
        users=_added(counted),
        most=most,
        told=[*found.told, *(sentence for source in job.sources for sentence in source.told), *absent],
        suspect=suspect,
        astray=astray,
        unread_time=unread_time,
        slid=slid,
        segmented=segmented,
        assembled=assembled,
    )
    left_out = reasons(job.config, found.skipped, rejected, totals)
    draft.write("rejected.parquet", pa.Table.from_pylist(left_out, schema=REJECTED))
    told = {"rejected": left_out, "account": account(left_out, totals)}
    draft.facts = facts(job.config, totals, words, wanted) | told


def _scan(runner: Runner[Job]) -> tuple[Counts, Counter[str], list[str], list[str], str]:
    """The counts, rows left out by reason, warnings about ids, texts and times, notes on users to drop that do not
    exist, and a time that was not understood.
    """
    job = runner.job
    scanned = runner.run("Reading", scan, len(job.spans))
    suspect = []
    of_source: dict[Source, list[Counts]] = {}
    for one, span in zip(scanned, job.spans, strict=True):
        of_source.setdefault(span.source, []).append(one)
    for source, pieces in of_source.items():
        suspect += identifiers.judged(source.name, reduce(identifiers.together, [one["damage"] for one in pieces]))
        suspect += garbled.judged(source.name, reduce(garbled.together, [one["texts"] for one in pieces], {}))
        found = sum((Counter(one["clocks"]) for one in pieces), Counter[str]())
        suspect += clocks.judged(source.name, found, job.config.gap)
    rejected: Counter[str] = Counter()
    for counts in scanned:
        rejected.update(counts["rejected"])
    total = _added(scanned)
    unread = min((one["unread_time"] for one in scanned if one["unread_time"]), default="")
    times = unread_times(total["unread_times"], unread) if unread else ""
    if not total["kept"]:
        why = _by_reason(rejected) or "none was read"
        raise EmptyResultError(f"No utterance is left of {total['read']} rows ({why}). {times}".rstrip())
    if times and job.config.split_by == "time":
        raise ConfigError(f"--split-by time: {times} Without them, split by session or conversation.")
    dropped = {user for one in scanned for user in one["dropped"]}
    absent = [
        f"--drop-user {user!r}: no row has this user id. Is it misspelt?"
        for user in dict.fromkeys(job.config.drop_users)
        if user not in dropped
    ]
    return total, rejected, suspect, absent, unread


def _by_reason(rejected: Counter[str]) -> str:
    return ", ".join(f"{reason}: {number}" for reason, number in rejected.most_common() if number)


def _left_out(scanned: Counts, rejected: Counter[str]) -> str:
    """A sentence about rows that were left out; empty if they are few."""
    number = rejected.total()
    if number < MANY_LEFT_OUT * scanned["read"]:
        return ""
    return f"{number} of {scanned['read']} rows were left out ({_by_reason(rejected)})."


def _thread(runner: Runner[Job]) -> Counts:
    """The steps that only reply trees need."""
    shards = runner.job.shards
    runner.run("Collecting names", threads.names, shards)
    gathered = runner.run("Gathering utterances", threads.gather, shards)
    runner.run("Following replies", threads.link, 1)
    dealt = runner.run("Sorting threads", threads.deal, shards)
    return _added(gathered) | _added(dealt)


def _arrange(runner: Runner[Job]) -> list[Counts]:
    arranged = runner.run("Ordering", arrange, runner.job.shards)
    duplicates = [counts["duplicate"] for counts in arranged if counts["duplicate"]]
    if duplicates:
        conversation, turn = min(duplicates)
        places = _places(runner.job, conversation, turn)
        raise InputError(
            f"Turn {turn} of conversation {conversation!r} occurs more than once ({' and '.join(places[:2])}). "
            "Remove one of the two, or renumber the turns."
        )
    return arranged


def _places(job: Job, conversation: str, turn: int) -> list[str]:
    """Where a turn is in the raw files: read again, since only an error message needs it."""
    places = []
    for source in job.sources:
        rules, seen = Rules.of(source, job.config), Seen()
        spans = [span for span in job.spans if span.source == source]
        whole = readers.Span(source, spans[0].start, spans[-1].end)
        for batch in readers.read(whole, job.config):
            if batch.shape != "turns":
                continue
            rows, why = judged(prepared(batch.table, rules, seen), batch.shape, rules, seen)
            columns = (why, rows["conversation_id"], rows["turn"])
            known = zip(*(column.to_pylist() for column in columns), strict=True)
            found = [i for i, row in enumerate(known) if row == ("", conversation, turn)]
            places += [f"{source.name}, {readers.reader(source).unit} {batch.places[i]}" for i in found]
    return places


def _split(job: Job, slid: Counts, arranged: Counts, users: Counts, hint: str) -> splits.Sizes:
    """Decides every session's split; ``hint`` says what else is missing if nothing is left."""
    config = job.config
    if not slid["windows"]:
        longest = max(config.window, config.min_turns)
        pauses = f" {arranged['late']} of them begin after a pause (--gap)." if arranged["late"] else ""
        raise EmptyResultError(
            f"No session is left: none of {arranged['conversations']} conversations has {longest} utterances "
            f"(--window, --min-turns).{pauses} {hint}".rstrip()
        )
    if not slid["sessions"]:
        who = "all its speakers" if config.users == "all" else "a responder"
        raise EmptyResultError(
            f"No session is left: {users['enough']} of {users['users']} users have {config.min_utterances} utterances, "
            f"and none of {slid['windows']} windows has {who} among them (--min-utterances, --min-utterances-of). "
            f"{hint}".rstrip()
        )
    wanted = splits.sizes(slid["sessions"], config)
    if slid["untimed"] > wanted.train:
        raise ConfigError(
            f"{slid['untimed']} of {slid['sessions']} sessions have no time by which they could be split. "
            "Use --split-by session or --split-by conversation."
        )
    numbers = [spill.read(path)["number"].to_numpy() for path in job.files("windows", job.shards)]
    split = splits.assign(np.concatenate(numbers), wanted, config.split_by == "conversation")
    splits.save(job.folder, split, [len(part) for part in numbers])
    return splits.counted(split, wanted)


def pack(job: Job, piece: int) -> Counts:
    """Writes one table of the corpus, shard after shard; the result does not depend on the number of shards."""
    table = PACKED[piece]
    name = f"{table}.parquet"
    with table_writer(job.target / name, ARTIFACTS["corpus"][name]) as write:
        for path in job.files(table, job.shards):
            write(spill.read(path))
    return {}


def _added(counts: Sequence[Counts]) -> Counts:
    """Numbers summed over the pieces; anything else is left out."""
    names = [name for name, value in counts[0].items() if isinstance(value, int)]
    return {name: sum(one[name] for one in counts) for name in names}
