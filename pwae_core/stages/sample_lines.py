"""``pwae sample --input``: one context per line in, one line of answers out, while more lines are still to come."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from pwae_core.config.sample import SampleConfig
from pwae_core.data.context_lines import LONGEST_LINE, Asked, read_line, tokenised
from pwae_core.data.sessions import Sessions, from_lists
from pwae_core.errors import InputError
from pwae_core.inputs import Arriving, arriving
from pwae_core.progress import SILENT
from pwae_core.text.tokenize import detokenise
from pwae_core.training.answers import answer
from pwae_core.training.runs import Run, choose_device, open_run

STDIN = "standard input"


@dataclass(frozen=True)
class LineAnswer:
    """The answers to a line as ``user_id``, as text; ``remarks``: on that user and the context; empty if none."""

    session_id: str | None
    user_id: str
    responses: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Ready:
    """A line that can be answered: by ``everybody``, or if that is empty, by its own user."""

    asked: Asked
    context: list[list[str]]
    everybody: Sequence[str]

    @property
    def users(self) -> Sequence[str]:
        return self.everybody or [self.asked.user_id]

    @property
    def key(self) -> str:
        """The key of the noise."""
        if self.asked.session_id is not None:
            return self.asked.session_id
        return "\n".join(" ".join(utterance) for utterance in self.context)


def sample_lines(
    run: Path, source: Path | None, users: Sequence[str], config: SampleConfig, *, device: str = "auto"
) -> Generator[list[LineAnswer | InputError]]:
    """Answers the lines of ``source`` (None: standard input), batch by batch, in order. A line that cannot be answered
    gets an InputError instead.

    A batch is what can be read without waiting, at most ``config.batch_size`` lines: a program that writes a line and
    waits for the answer gets it. A line's answers do not depend on its batch. If ``users`` are given, each of them
    answers every line instead of the line's own user. Raises InputError for a source that cannot be read, and for one
    of ``users`` whom the run does not know.
    """
    opened = open_run(run, choose_device(device), config.checkpoint)
    for name in users:
        opened.user_number(name)
    everybody = list(dict.fromkeys(users))
    with nullcontext(Arriving(sys.stdin.buffer, STDIN)) if source is None else arriving(source) as lines:
        while batch := lines.some(config.batch_size, LONGEST_LINE):
            yield _answered(opened, _ready(opened, lines.name, batch, everybody), config)


def _ready(run: Run, name: str, batch: Sequence[tuple[int, bytes]], users: Sequence[str]) -> list[_Ready | InputError]:
    read = [one for number, line in batch if (one := _read(run, line, f"{name}, line {number}", number == 1, users))]
    contexts = iter(tokenised([one for one in read if isinstance(one, Asked)], run.artifact.facts["preprocess"]))

    def ready(one: Asked | InputError) -> _Ready | InputError:
        if isinstance(one, InputError):
            return one
        context = next(contexts)
        return context if isinstance(context, InputError) else _Ready(one, context, users)

    return [ready(one) for one in read]


def _read(run: Run, line: bytes, where: str, first: bool, users: Sequence[str]) -> Asked | InputError | None:
    try:
        asked = read_line(line, where, first=first)
        if asked is not None and not users:
            run.user_number(asked.user_id, f"{where}: user_id")
    except InputError as error:
        return error
    return asked


def _answered(run: Run, lines: Sequence[_Ready | InputError], config: SampleConfig) -> list[LineAnswer | InputError]:
    """One answer for each user of each line that can be answered; those with as many samples are decoded together."""
    rows = [(line, name) for line in lines if isinstance(line, _Ready) for name in line.users]
    wanted = [line.asked.samples or config.samples for line, _ in rows]
    drawn: dict[int, list[list[str]]] = {}
    for samples in sorted(set(wanted)):
        places = [place for place, number in enumerate(wanted) if number == samples]
        some = [rows[place] for place in places]
        settings = config.model_copy(update={"samples": samples})
        drawn |= zip(
            places, answer(run, _sessions(run, some), [line.key for line, _ in some], settings, SILENT), strict=True
        )
    texts = iter(tuple(map(detokenise, drawn[place])) for place in range(len(rows)))
    return [made for line in lines for made in ([line] if isinstance(line, InputError) else _told(run, line, texts))]


def _told(run: Run, line: _Ready, texts: Iterator[tuple[str, ...]]) -> list[LineAnswer]:
    longer = run.longer(line.context)
    return [LineAnswer(line.asked.session_id, name, next(texts), (run.remark(name), longer)) for name in line.users]


def _sessions(run: Run, rows: Sequence[tuple[_Ready, str]]) -> Sessions:
    contexts = [[run.vocabulary.encode(utterance) for utterance in line.context] for line, _ in rows]
    numbers = [run.answering(name) for _, name in rows]
    own = [line.asked.own(name) for line, name in rows]
    return from_lists(contexts, own, numbers, run.model.config.max_length)
