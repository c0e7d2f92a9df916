"""``pwae persona-scores``: how much of the person is in responses and runs, compared with chance and real responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pwae_core import artifacts
from pwae_core.artifacts import Artifact, Plan
from pwae_core.config.persona_scores import DEFAULTS, PersonaScoresConfig
from pwae_core.config.sample import SampleConfig
from pwae_core.data.candidate_users import Persons, read_persons
from pwae_core.data.comparable import Comparable, gather
from pwae_core.data.responses import Named
from pwae_core.data.sessions import COLUMNS
from pwae_core.errors import ArtifactError, InputError
from pwae_core.grammar import counted
from pwae_core.metrics import persona
from pwae_core.metrics.bootstrap import LEVEL
from pwae_core.metrics.persona import METRICS, Likelihoods, Own, Swap
from pwae_core.metrics.speakers import METHOD, Speakers, learn
from pwae_core.metrics.table import Scores, Total
from pwae_core.progress import SILENT, Progress
from pwae_core.report.system_names import Claim, distinct
from pwae_core.schemas import SCORES, TOTALS
from pwae_core.training.answers import corpus_sessions
from pwae_core.training.new_users import adapted
from pwae_core.training.runs import choose_device, computed_on, open_run
from pwae_core.training.user_swaps import answer_swapped, user_likelihoods

REAL = "real responses"


@dataclass(frozen=True)
class SystemPersona:
    """One row: ``totals`` by metric, over ``contexts`` contexts."""

    system: str
    contexts: int
    totals: Mapping[str, Total]


@dataclass(frozen=True)
class PersonaReport:
    """``chance`` is 1 / ``candidates``; ``left_out`` counts the contexts whose user is not a candidate; ``heard`` those
    in which the answering user has spoken before. ``answers`` begins with the real responses, the ceiling.
    ``notes``: what else a reader must know.
    """

    out: str | None
    standing: bool
    candidates: int
    chance: float
    utterances: int
    contexts: int
    left_out: int
    heard: int
    level: float
    answers: Sequence[SystemPersona]
    runs: Sequence[SystemPersona]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class _Judge:
    """The contexts whose users can be distinguished, and what distinguishes them."""

    persons: Persons
    speakers: Speakers
    own: Own
    rows: Sequence[int]
    table: pa.Table
    config: PersonaScoresConfig

    @property
    def users(self) -> np.ndarray:
        return np.array([self.persons.numbers[name] for name in self.table["user_id"].to_pylist()])

    @property
    def heard(self) -> np.ndarray:
        rows = zip(self.table["user_id"].to_pylist(), self.table["context_user_ids"].to_pylist(), strict=True)
        return np.array([user in speakers for user, speakers in rows])

    @property
    def parts(self) -> dict[str, object]:
        """What the signatures say."""
        learned = f"{METHOD}-{self.config.utterances}"
        return {"clf": learned, "candidates": len(self.persons.names), "words": self.config.words}


@dataclass(frozen=True)
class _Row:
    system: str
    sessions: Sequence[str]
    scores: Scores
    totals: Mapping[str, Total]


def persona_scores(
    responses: Sequence[Named],
    corpus: Path,
    config: PersonaScoresConfig = DEFAULTS,
    *,
    runs: Sequence[Path] = (),
    out: Path | None = None,
    device: str = "auto",
    force: bool = False,
    progress: Progress = SILENT,
) -> PersonaReport:
    """Scores ``responses`` and ``runs`` on the test split of ``corpus``; without either, only its real responses.

    Several runs of one system are distinguished by their paths. Raises InputError, ArtifactError or EmptyResultError
    for what cannot be scored.
    """
    data = artifacts.load(corpus, "corpus")
    trained = [_of_corpus(folder, data) for folder in runs]
    sources = _gather(responses, corpus, config) if responses else None
    inputs = {"corpus": data.fingerprint} | (sources.inputs if sources else {})
    tested = data.table("test.parquet", ["user_id"])["user_id"].to_pylist()
    for number, one in enumerate(trained):
        inputs |= {f"run/{number}": one.fingerprint} | adapted(one, tested, f"people/{number}")
    plan = Plan("persona-scores", config.model_dump(), inputs)
    standing = artifacts.standing(out, plan, force) if out else None
    if standing:
        return _report(standing.facts, out, standing=True)
    contexts = sources.aligned.sets[0].table if sources else data.table("test.parquet")
    judge = _judge(data, contexts, config, progress)
    answers = _answers(sources, judge, data, progress)
    names = distinct([Claim(str(one.facts["system"]), one.folder) for one in trained])
    ran = [_run(name, folder, data, judge, device, progress) for name, folder in zip(names, runs, strict=True)]
    facts = _facts(judge, len(contexts), answers, ran) | {"notes": _apart(sources, trained, config.checkpoint)}
    if out:
        with artifacts.draft(out, plan) as draft:
            draft.write("scores.parquet", _scores_table([*answers, *ran]))
            draft.write("totals.parquet", _totals_table([*answers, *ran]))
            draft.facts |= facts
            draft.environment |= computed_on(choose_device(device)) if runs else {}
    return _report(facts, out, standing=False)


def _of_corpus(folder: Path, data: Artifact) -> Artifact:
    run = artifacts.load(folder, "run")
    artifacts.same_vocabulary(run, data)
    if run.manifest["inputs"]["corpus"] != data.fingerprint:
        raise ArtifactError(f"{folder} was not trained on {data.folder}. Give --corpus the run's own corpus.")
    return run


def _apart(sources: Comparable | None, trained: Sequence[Artifact], checkpoint: str) -> list[str]:
    """A note for each system of which another run is measured than the one that answered, or with other weights."""
    measured, told = {one.fingerprint for one in trained}, []
    for one in sources.aligned.sets if sources else ():
        system = one.facts["system"] if one.facts else None
        if system not in [run.facts["system"] for run in trained]:
            continue
        made = artifacts.load(one.source, "responses")
        weights = made.config.get("checkpoint", checkpoint)
        if made.manifest["inputs"].get("run") not in measured:
            told.append(f"The answers of {one.system} are of another run of {system} than those of --run.")
        elif weights != checkpoint:
            told.append(
                f"{one.system} answered with the {weights} weights, --run measures the {checkpoint} ones. "
                f"--checkpoint {weights} measures the same."
            )
    return told


def _gather(responses: Sequence[Named], corpus: Path, config: PersonaScoresConfig) -> Comparable:
    settings = config.model_dump(include={"tokenizer", "samples", "common"})
    found = gather(responses, corpus=corpus, real=True, **settings)
    if any(one.system == REAL for one in found.aligned.sets):
        raise InputError(f"{REAL!r} is what the corpus's own are called here. Give another name: NAME=PATH.")
    return found


def _judge(data: Artifact, contexts: pa.Table, config: PersonaScoresConfig, progress: Progress) -> _Judge:
    names = contexts["user_id"].to_pylist()
    persons = read_persons(
        data,
        names,
        most=config.candidates,
        least=config.least,
        utterances=config.utterances,
        words=config.words,
        seed=config.seed,
    )
    learned = counted(len(persons.speakers), "utterance")
    progress.say(f"Learning to tell {counted(len(persons.names), 'user')} apart from {learned}")
    speakers = learn(persons.utterances, persons.speakers, config.seed)
    rows = [number for number, name in enumerate(names) if name in persons.numbers]
    return _Judge(persons, speakers, Own(persons.words), rows, contexts.take(rows), config)


def _answers(sources: Comparable | None, judge: _Judge, data: Artifact, progress: Progress) -> list[_Row]:
    """The real responses first, then each system."""
    said = data.table("test.parquet", ["session_id", "response"]).to_pydict()
    real = dict(zip(said["session_id"], said["response"], strict=True))
    given = {REAL: [[real[session]] for session in judge.table["session_id"].to_pylist()]}
    for one in sources.aligned.sets if sources else ():
        given[one.system] = one.table["responses"].take(judge.rows).to_pylist()
    made = []
    with progress.task("Identifying", len(given)) as task:
        for system, answers in given.items():
            known = [[judge.persons.known(tokens) for tokens in samples] for samples in answers]
            scores = persona.score_answers(known, judge.users, judge.heard, judge.speakers, judge.own)
            parts = {**judge.parts, "tok": data.config["tokenizer"], "samples": len(answers[0])}
            made.append(_row(system, judge.table["session_id"].to_pylist(), scores, parts, judge.config))
            task.advance()
    return made


def _row(
    system: str, sessions: Sequence[str], scores: Scores, parts: Mapping[str, object], config: PersonaScoresConfig
) -> _Row:
    return _Row(system, sessions, scores, persona.totals(scores, parts, config.resamples, config.seed))


def _run(name: str, folder: Path, data: Artifact, judge: _Judge, device: str, progress: Progress) -> _Row:
    """The run's answers as the true user and as another, and the likelihood of real responses by user."""
    config = judge.config
    run = open_run(folder, choose_device(device), config.checkpoint)
    random = np.random.default_rng(config.seed)
    chosen = np.sort(random.permutation(len(judge.rows))[: config.limit])
    sessions_of, users = judge.table["session_id"].take(chosen).to_pylist(), judge.users[chosen]
    names = judge.persons.names
    others = (users[:, None] + _steps(random, len(users), len(names), config.others)) % len(names)
    table = data.table("test.parquet", COLUMNS)
    place = {session: number for number, session in enumerate(table["session_id"].to_pylist())}
    sessions, untrained = corpus_sessions(run, table.take([place[session] for session in sessions_of]))
    rows = np.array([run.answering(one) for one in names])[others]
    if untrained.sessions:
        progress.say(f"{name}: {untrained.told('context')}")
    sampling = SampleConfig(samples=config.swap_samples, seed=config.seed)
    swapped = answer_swapped(run, sessions, sessions_of, rows[:, 0], sampling, progress)
    swap = Swap(swapped.true, swapped.noise, swapped.other, users, others[:, 0])
    nll = user_likelihoods(run, sessions, sessions_of, rows, config.seed, progress)
    tokens = sessions.response.lengths(np.arange(len(sessions)), sessions.max_length) + 1
    weighed = persona.score_likelihoods(Likelihoods(nll["prior_nll"], nll["posterior_nll"], tokens))
    answered = persona.score_swap(swap, judge.speakers)
    scores = Scores({**answered.contexts, **weighed.contexts}, weighed.corpus)
    parts = {**judge.parts, "samples": config.swap_samples, "others": others.shape[1]}
    parts |= {} if config.checkpoint == "best" else {"ckpt": config.checkpoint}
    return _row(name, sessions_of, scores, parts, config)


def _steps(random: np.random.Generator, contexts: int, candidates: int, others: int) -> np.ndarray:
    """(contexts, others): distinct offsets to other candidates, all equally likely; fewer if there are too few."""
    steps = np.tile(np.arange(1, candidates), (contexts, 1))
    return random.permuted(steps, axis=1)[:, :others]


def _facts(judge: _Judge, contexts: int, answers: Sequence[_Row], runs: Sequence[_Row]) -> dict[str, Any]:
    candidates = len(judge.persons.names)
    return {
        "candidates": candidates,
        "chance": 1 / candidates,
        "utterances": len(judge.persons.speakers),
        "contexts": len(judge.rows),
        "left_out": contexts - len(judge.rows),
        "heard": int(judge.heard.sum()),
        "level": LEVEL,
        "answers": [_told(row) for row in answers],
        "runs": [_told(row) for row in runs],
    }


def _told(row: _Row) -> dict[str, Any]:
    return asdict(SystemPersona(row.system, len(row.sessions), row.totals))


def _scores_table(rows: Sequence[_Row]) -> pa.Table:
    pieces = [SCORES.empty_table()]
    for row in rows:
        for metric, values in row.scores.contexts.items():
            there = np.flatnonzero(~np.isnan(values))
            names = [row.sessions[i] for i in there.tolist()]
            columns = [[row.system] * len(names), names, [metric] * len(names), values[there]]
            pieces.append(pa.table(columns, schema=SCORES))
    return pa.concat_tables(pieces)


def _totals_table(rows: Sequence[_Row]) -> pa.Table:
    told = [
        {"system": row.system, "metric": metric} | asdict(total) for row in rows for metric, total in row.totals.items()
    ]
    return pa.Table.from_pylist(told, schema=TOTALS)


def _report(facts: Mapping[str, Any], out: Path | None, *, standing: bool) -> PersonaReport:
    told = {name: [_restored(**row) for row in facts[name]] for name in ("answers", "runs")}
    return PersonaReport(**{**facts, **told, "out": str(out) if out else None, "standing": standing})


def _restored(totals: Mapping[str, Any], **told: Any) -> SystemPersona:
    return SystemPersona(totals={metric: Total(**totals[metric]) for metric in METRICS if metric in totals}, **told)
