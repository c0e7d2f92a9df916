"""Processes that work for another one leave Ctrl-C to it, from their very beginning."""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import jobs
import pytest

from pwae_core.corpus.engine.runner import runner
from pwae_core.processes import follow_parent, uninterrupted
from pwae_core.progress import SILENT


def work(pipe) -> None:
    follow_parent()
    pipe.send("there")


def test_an_interrupt_while_a_process_starts_does_not_end_it():
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,))
    with uninterrupted():
        process.start()
    assert process.pid
    os.kill(process.pid, signal.SIGINT)
    theirs.close()
    assert ours.recv() == "there"
    process.join()
    assert process.exitcode == 0


def test_one_that_waited_comes_at_the_end_of_the_block():
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        begun = True
    assert begun
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@dataclass(frozen=True)
class Job:
    folder: Path


def test_those_of_preprocess_are_started_so(tmp_path):
    with runner(Job(tmp_path), SILENT, 2) as running:
        assert running.run("looking", jobs.disturbed_piece, 2) == [{"disturbed": False}] * 2
