"""A run in memory, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pwae_core.api.given import listed, names, path
from pwae_core.api.stored import Split, split_file
from pwae_core.errors import InputError, in_one_line
from pwae_core.grammar import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from pwae_core.config.sample import SampleConfig
    from pwae_core.data.sessions import Sessions
    from pwae_core.stages.chat import Chat
    from pwae_core.training import runs

NOBODY = "<unk>"
"""Who answers by default: nobody in particular, row 0 of the user table."""

Utterance = str | tuple[str, str]
"""One utterance of a context: a text, or the speaker's name and a text. If no speakers are named they take turns, and
the last utterance is not by the answering user."""


@in_one_line
def open_run(
    folder: str | Path, *, device: str = "auto", checkpoint: Literal["best", "last", "average"] = "best"
) -> Run:
    """Loads a trained run, once for any number of answers.

    Args:
        folder: The folder that ``pwae train`` wrote.
        device: ``cpu``, ``cuda``, or ``auto``: CUDA if available.
        checkpoint: Which weights to use: those of the best validation, the last, or the mean of the best ones.

    Raises:
        ArtifactError: The run is missing, unfinished or damaged.
        ConfigError: There is no such device or checkpoint.
    """
    from pwae_core.training.runs import choose_device, open_run

    config = _sampling(checkpoint=checkpoint)
    return Run(open_run(path(folder, "folder"), choose_device(device, "device"), config.checkpoint))


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A trained run in memory; ``open_run`` makes it.

    The answers are those of ``pwae sample`` and ``pwae chat`` for the same contexts, seed and settings. The random
    draws of an answer depend on the seed, the context and the number of the sample, not on what else is answered.
    """

    _run: runs.Run

    def __repr__(self) -> str:
        return f"<Run {self.folder}: {self.system}>"

    @property
    def folder(self) -> Path:
        """Where the run is."""
        return self._run.artifact.folder

    @property
    def system(self) -> str:
        """The system's name as in Table 2, with its ablations."""
        return self._run.system

    @property
    def tokenizer(self) -> str:
        """The tokenizer of the run's corpus. ``score`` needs it to score these answers as ``pwae evaluate`` does."""
        return str(self._run.artifact.facts["tokenizer"])

    @property
    def users(self) -> list[str]:
        """Who can answer, including ``NOBODY`` and people added by ``pwae adapt``."""
        return list(self._run.users)

    def remark(self, user: str) -> str:
        """A remark on ``user``'s answers, if the run learned nothing about this user. Empty otherwise.

        Raises:
            InputError: The run knows no such user.
        """
        self._run.user_number(user, "user")
        return self._run.remark(user)

    def answer(
        self,
        context: Sequence[Utterance],
        user: str = NOBODY,
        *,
        samples: int = 10,
        seed: int = 7,
        decoding: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """What ``user`` answers to one context.

        Args:
            context: The utterances before the answer, oldest first.
            user: Who answers, one of ``users``.
            samples: How many answers to draw (4.4: 10). A deterministic system gives the same answer each time.
            seed: Seed of z and of sampled words.
            decoding: Settings of ``[sample.decoding]`` in docs/experiments.md, such as ``{"strategy": "nucleus"}``.

        Returns:
            ``samples`` texts, in the order in which they were drawn.

        Raises:
            InputError: An unknown user, or an utterance of which cleaning leaves nothing.
            ConfigError: A setting out of range.
        """
        return self.answer_batch([context], [user], samples=samples, seed=seed, decoding=decoding)[0]

    def answer_as(
        self,
        context: Sequence[Utterance],
        users: Sequence[str],
        *,
        samples: int = 10,
        seed: int = 7,
        decoding: Mapping[str, Any] | None = None,
    ) -> dict[str, list[str]]:
        """What each of ``users`` answers to one context (Table 6). Everything else is equal, including the noise.

        Arguments and errors are those of ``answer``.

        Returns:
            The answers by user.
        """
        people = list(dict.fromkeys(names(users, "users")))
        said = [_context(context)] * len(people)
        answers = self.answer_batch(said, people, samples=samples, seed=seed, decoding=decoding)
        return dict(zip(people, answers, strict=True))

    @in_one_line
    def answer_batch(
        self,
        contexts: Sequence[Sequence[Utterance]],
        users: Sequence[str] | None = None,
        *,
        samples: int = 10,
        seed: int = 7,
        decoding: Mapping[str, Any] | None = None,
        batch_size: int = 64,
    ) -> list[list[str]]:
        """Answers to many contexts, decoded together.

        Args:
            contexts: The contexts, each as ``answer`` takes it.
            users: Who answers each of them, one name per context; None: nobody in particular.
            samples: How many answers to draw for each context.
            seed: Seed of z and of sampled words.
            decoding: As in ``answer``.
            batch_size: Contexts decoded together; it changes the speed, not what is drawn.

        Returns:
            ``samples`` texts for each context, in the order of ``contexts``.

        Raises:
            InputError: As for ``answer``; or the numbers of users and contexts differ.
            ConfigError: A setting out of range, or answers that cannot fit in memory.
        """
        from pwae_core.training.typed import typed_sessions

        config = _sampling(samples=samples, seed=seed, decoding=decoding, batch_size=batch_size)
        said = [_context(one) for one in listed(contexts, "contexts", "contexts")]
        people = [NOBODY] * len(said) if users is None else names(users, "users")
        if len(people) != len(said):
            raise InputError(f"users: {len(people):,} named for {counted(len(said), 'context')}. Name one for each.")
        return self._texts(*typed_sessions(self._run, said, people, ("context", "user")), config) if said else []

    @in_one_line
    def answer_sessions(
        self,
        session_ids: Sequence[str] | None = None,
        *,
        corpus: str | Path | None = None,
        split: Split = "test",
        samples: int = 10,
        seed: int = 7,
        decoding: Mapping[str, Any] | None = None,
        batch_size: int = 64,
    ) -> dict[str, list[str]]:
        """Answers to sessions of the run's corpus, as ``pwae sample`` gives for its test split.

        Users about whom the run learned nothing are answered as nobody in particular.

        Args:
            session_ids: Which sessions; None: all of the split.
            corpus: The run's corpus, if it has moved.
            split: Where the sessions are.
            samples: How many answers to draw for each session.
            seed: Seed of z and of sampled words.
            decoding: As in ``answer``.
            batch_size: As in ``answer_batch``.

        Returns:
            The texts by session id, in the order of ``session_ids``.

        Raises:
            InputError: The split has no such session.
            ArtifactError: The corpus is missing, or not the run's.
            ConfigError: A setting out of range, or answers that cannot fit in memory.
        """
        from pwae_core.data.sessions import COLUMNS
        from pwae_core.training.answers import corpus_sessions
        from pwae_core.training.own_corpus import corpus_of

        config = _sampling(samples=samples, seed=seed, decoding=decoding, batch_size=batch_size)
        data = corpus_of(self._run.artifact, path(corpus, "corpus") if corpus is not None else None)
        table = _chosen(data.table(split_file(split), COLUMNS), session_ids, f"the {split} split of {data.folder}")
        if not len(table):
            return {}
        sessions, _ = corpus_sessions(self._run, table)
        keys = table["session_id"].to_pylist()
        return dict(zip(keys, self._texts(sessions, keys, config), strict=True))

    @in_one_line
    def chat(self, user: str = NOBODY, *, seed: int = 7, decoding: Mapping[str, Any] | None = None) -> Chat:
        """Starts a conversation, as ``pwae chat`` does: ``chat.say("hello")`` gives the answer.

        ``chat.switch(name)`` makes another user answer from then on; ``chat.why()`` shows what led to the last answer.

        Args:
            user: Who answers.
            seed: Seed of z and of sampled words.
            decoding: As in ``answer``.

        Raises:
            InputError: The run knows no such user.
            ConfigError: A setting out of range.
        """
        from pwae_core.stages.chat import Chat

        chat = Chat(self._run, _sampling(seed=seed, decoding=decoding))
        chat.switch(user, "user")
        return chat

    def _texts(self, sessions: Sessions, keys: Sequence[str], config: SampleConfig) -> list[list[str]]:
        from pwae_core.progress import SILENT
        from pwae_core.text.tokenize import detokenise
        from pwae_core.training.answers import answer

        answers = answer(self._run, sessions, keys, config, SILENT)
        return [[detokenise(tokens) for tokens in each] for each in answers]


def _sampling(**values: Any) -> SampleConfig:
    from pwae_core.config.sample import SampleConfig

    return SampleConfig.make({name: value for name, value in values.items() if name != "decoding" or value is not None})


def _context(context: Sequence[Utterance]) -> list[Utterance]:
    """Raises InputError unless it is a list of texts, or of pairs of a speaker and a text."""
    said = listed(context, "context", "utterances")
    for one in said:
        pair = isinstance(one, tuple) and len(one) == 2 and all(isinstance(part, str) for part in one)
        if not (isinstance(one, str) or pair):
            raise InputError(f"context: expected a text, or a pair of a speaker and a text, got {one!r:.80}.")
    return said


def _chosen(table: pa.Table, session_ids: Sequence[str] | None, where: str) -> pa.Table:
    """The rows of those sessions, in that order, each once. Raises InputError for an unknown one."""
    import pyarrow as pa

    if session_ids is None:
        return table
    rows = {session: row for row, session in enumerate(table["session_id"].to_pylist())}
    wanted = list(dict.fromkeys(names(session_ids, "session_ids")))
    for session in wanted:
        if session not in rows:
            raise InputError(f"session_ids: {session!r:.80} is not in {where}.")
    return table.take(pa.array([rows[session] for session in wanted], pa.int64()))
