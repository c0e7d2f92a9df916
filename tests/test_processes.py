"""Processes that work for another one leave Ctrl-C to it, from their very beginning."""

import multiprocessing
import os
import signal
import threading
import time

import jobs
import pytest

from pwae_core.corpus.engine.runner import runner
from pwae_core.processes import uninterrupted
from pwae_core.progress import SILENT


def test_an_interrupt_while_a_process_starts_does_not_end_it():
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=jobs.reports, args=(theirs,))
    with uninterrupted():
        process.start()
    assert process.pid
    os.kill(process.pid, signal.SIGINT)
    theirs.close()
    assert ours.recv() == "there"
    process.join()
    assert process.exitcode == 0


def test_one_that_waited_comes_at_the_end_of_the_block_whichever_thread_received_it():
    done, handler = [], signal.getsignal(signal.SIGINT)
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    assert other.ident
    for thread in (threading.get_ident(), other.ident):
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            signal.pthread_kill(thread, signal.SIGINT)
            time.sleep(0.1)
            done.append(thread)
    over.set()
    other.join()
    assert len(done) == 2
    assert signal.getsignal(signal.SIGINT) is handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_those_of_preprocess_are_started_so(tmp_path):
    with runner(jobs.Job(tmp_path), SILENT, 2) as running:
        assert running.run("looking", jobs.disturbed_piece, 2) == [{"disturbed": False}] * 2
