"""Training and generation against the matrix products that they cannot do without, in one process on one machine.

    python benchmarks/train.py                 both sizes, all measures
    python benchmarks/train.py --size small    batch 32, hidden 300, vocabulary 10,002 (DialogWAE's)
    python benchmarks/train.py --size paper    batch 100, vocabulary 31,000 (section 4.3)
    python benchmarks/train.py --size preset   the small preset: batch 64, vocabulary 8,004
    python benchmarks/train.py --size SIZE --before FOLDER      against the version whose source is in FOLDER, in turn

An iteration is PersonaWAE's (one autoencoder, one generator and five critic steps) or that of --model, on sessions of
Zipf's words whose lengths are spread as in chat (2 to 40 tokens, 11 on average). Its matrix products are recorded with
their shapes and layouts, then done alone on random numbers with the same threads: the ratio says what everything else
costs. Iterations and products take turns, and the ratio is that of their medians, so that a busy machine slows both.
Generation is greedy per z, 10 samples a context, for answers of such lengths and for answers of 40 tokens each.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pwae_core.config.sample import DecodingConfig
from pwae_core.config.train import PRESETS, TrainConfig
from pwae_core.data.sessions import Batch, Sessions, from_lists
from pwae_core.decoding import decode
from pwae_core.nn.noise import seeded
from pwae_core.progress import SILENT
from pwae_core.text.vocabulary import EOS
from pwae_core.training.gradients import differentiate
from pwae_core.training.loop import Trainer
from pwae_core.training.runs import build_model
from pwae_core.training.signals import StopRequest

CPU = torch.device("cpu")
OPERATIONS = ("mm", "addmm", "addmm_", "bmm", "baddbmm", "baddbmm_")
PRODUCTS = {f"aten.{name}.{form}" for name in OPERATIONS for form in ("default", "out")}
SIZES: dict[str, dict[str, Any]] = {
    "small": {"vocabulary": 10_002, "settings": {"batch_size": 32, "model": {"hidden_size": 300, "user_size": 300}}},
    "paper": {"vocabulary": 31_004, "settings": {"batch_size": 100}},
    "preset": {"vocabulary": 8_004, "settings": PRESETS["small"]},
}
LIMITS = {"small": 1.4, "paper": 1.3}
USERS = 5_000


@dataclass(frozen=True)
class Product:
    """One matrix product: its operation and, for each matrix, its shape and strides."""

    operation: Any
    layouts: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


class Recorder(TorchDispatchMode):
    """Notes the matrix products that are done while it is active, those of the backward passes too."""

    def __init__(self) -> None:
        super().__init__()
        self.products: list[Product] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if str(func) in PRODUCTS:
            matrices = [a for a in args if isinstance(a, torch.Tensor) and a.dim() >= 2][-2:]
            operation = torch.bmm if matrices[0].dim() == 3 else torch.mm
            self.products.append(Product(operation, tuple((tuple(m.shape), m.stride()) for m in matrices)))
        return func(*args, **(kwargs or {}))


def zipf_sessions(count: int, vocabulary: int, seed: int = 0) -> Sessions:
    """Sessions of two utterances and a response, of words drawn by Zipf's law."""
    random = np.random.default_rng(seed)
    weights = 1 / np.arange(1, vocabulary - 3)

    def utterance() -> list[int]:
        length = int(np.clip(random.gamma(1.6, 7), 2, 40))
        return (4 + random.choice(vocabulary - 4, length, p=weights / weights.sum())).tolist()

    contexts = [[utterance(), utterance()] for _ in range(count)]
    users = random.integers(1, USERS, count).tolist()
    return from_lists(contexts, [[True, False]] * count, users, 40, [utterance() for _ in range(count)])


def trainer_of(size: str, model_name: str, folder: Path) -> Trainer:
    sizes = SIZES[size]
    settings = sizes["settings"]
    config = TrainConfig.make(settings | {"model": settings.get("model", {}) | {"name": model_name}})
    sessions = zipf_sessions(12 * config.batch_size, sizes["vocabulary"])
    model = build_model(config.model, sizes["vocabulary"], USERS, 0)
    return Trainer(model, sessions, sessions, config, folder, CPU, SILENT, StopRequest())


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def replayer(products: list[Product]) -> Callable[[], None]:
    """Does the products again, on random numbers; one matrix for each layout, so that no memory is added."""
    tensors: dict[Any, torch.Tensor] = {}
    for product in products:
        for layout in product.layouts:
            if layout not in tensors:
                tensors[layout] = _random(*layout)

    def replay() -> None:
        for product in products:
            product.operation(*(tensors[layout] for layout in product.layouts))

    return replay


def _random(shape: tuple[int, ...], stride: tuple[int, ...]) -> torch.Tensor:
    extent = 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
    return torch.randn(extent).as_strided(shape, stride)


def measure_training(size: str, model_name: str, rounds: int) -> dict[str, Any]:
    """Medians of an iteration, of its products, of its phases; peak memory of this process so far, in GB."""
    with TemporaryDirectory() as folder:
        trainer = trainer_of(size, model_name, Path(folder))
        batches = [trainer.train.batch(rows) for rows in trainer.train.epoch(trainer.config.batch_size, 0, 0)]
        for batch in batches[:5]:
            trainer.iteration(batch)
        phases: dict[str, list[float]] = {phase.name: [] for phase in trainer.phases}
        needed: dict[str, list[float]] = {phase.name: [] for phase in trainer.phases}
        whole, alone = [], []
        for round_number in range(rounds):
            batch = batches[round_number % len(batches)]
            with Recorder() as recorder:
                trainer.iteration(batch)
            replay = replayer(recorder.products)
            replay()
            whole.append(min(seconds(lambda batch=batch: trainer.iteration(batch)) for _ in range(2)))
            alone.append(min(seconds(replay) for _ in range(2)))
            for name, (spent, least) in phase_seconds(trainer, batch).items():
                phases[name].append(spent)
                needed[name].append(least)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # before the profiler, which keeps much
        operations = operation_seconds(trainer, batches[:5])
    spent = {name: median(values) for name, values in phases.items()}
    return {
        "iteration_s": median(whole),
        "products_s": median(alone),
        "products": len(recorder.products),
        "ratio": median(one / other for one, other in zip(whole, alone, strict=True)),
        "ratio_limit": LIMITS.get(size),
        "phases_s": spent,
        "phases_products_s": {name: median(values) for name, values in needed.items()},
        "share_beside_the_autoencoder": 1 - spent["autoencoder"] / sum(spent.values()),
        "operations_s": operations,
        "peak_gb": peak,
    }


def take_turns(size: str, model_name: str) -> None:
    """One iteration for each line of the standard input; prints its seconds."""
    with TemporaryDirectory() as folder:
        trainer = trainer_of(size, model_name, Path(folder))
        batches = [trainer.train.batch(rows) for rows in trainer.train.epoch(trainer.config.batch_size, 0, 0)]
        for batch in batches[:5]:
            trainer.iteration(batch)
        for turn, _ in enumerate(sys.stdin):
            print(seconds(lambda turn=turn: trainer.iteration(batches[turn % len(batches)])), flush=True)


def against(size: str, model_name: str, before: Path, rounds: int, threads: int) -> dict[str, Any]:
    """Iterations of this version and of the one in ``before``, a process each, on the same batches in turn."""
    what = ["--size", size, "--model", model_name, "--threads", str(threads), "--turns"]
    versions = {"before": before, "now": Path(__file__).parents[1]}
    running = {}
    for name, tree in versions.items():
        place = os.environ | {"PYTHONPATH": str(tree)}
        command = [sys.executable, __file__, *what]
        running[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=place)
    spent: dict[str, list[float]] = {name: [] for name in versions}
    for _ in range(rounds):
        for name, process in running.items():
            print(file=process.stdin, flush=True)
            spent[name].append(float(process.stdout.readline()))
    for process in running.values():
        process.communicate()
    shown = {f"{name}_s": {"least": min(times), "median": median(times)} for name, times in spent.items()}
    pairs = [now / then for now, then in zip(spent["now"], spent["before"], strict=True)]
    return {**shown, "ratio_of_least": min(spent["now"]) / min(spent["before"]), "median_ratio": median(pairs)}


def phase_seconds(trainer: Trainer, batch: Batch) -> dict[str, tuple[float, float]]:
    """The time of each phase of one iteration, its repeats together, and that of its products alone."""
    spent = {}
    for phase in trainer.phases:

        def run(phase: Any = phase) -> None:
            for repeat in range(phase.repeats):
                source = trainer.recent[repeat % len(trainer.recent)] if phase.reuses_codes else batch
                found = differentiate(phase, source, trainer.noise, trainer.cutter, "fp32")
                trainer._step(phase, found.values)
                if found.codes:
                    trainer.recent.appendleft(found.codes)

        with Recorder() as recorder:
            run()
        replay = replayer(recorder.products)
        replay()
        spent[phase.name] = seconds(run), seconds(replay)
    return spent


def operation_seconds(trainer: Trainer, batches: list[Batch], most: int = 16) -> dict[str, float]:
    """The time of an iteration that is spent in each of torch's operations itself, the longest first."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for batch in batches:
            trainer.iteration(batch)
    events = sorted(profile.key_averages(), key=lambda event: event.self_cpu_time_total, reverse=True)
    return {event.key: round(event.self_cpu_time_total / 1e6 / len(batches), 5) for event in events[:most]}


def measure_generation(contexts: int) -> dict[str, Any]:
    """Contexts a second, 10 samples each, at hidden 300 and vocabulary 10,002: batched, and one context at a time."""
    sizes = SIZES["small"]
    config = TrainConfig.make(sizes["settings"])
    model = build_model(config.model, sizes["vocabulary"], USERS, 0)
    sessions = zipf_sessions(contexts, sizes["vocabulary"])

    def answers(lengths: np.ndarray, together: int, count: int = contexts) -> list[list[int]]:
        made: list[list[int]] = []
        for start in range(0, count, together):
            rows = np.arange(start, min(start + together, count))
            state = model.begin(sessions.batch(rows), 10, seeded(0, CPU, training=False))
            left = torch.from_numpy(np.repeat(lengths[rows], 10))
            made += decode(ending(model.step), state | {"left": left}, DecodingConfig(), seeded(0, CPU))
        return made

    found = {}
    with torch.no_grad():
        typical = np.diff(sessions.response.offsets)
        for name, lengths in (("typical", typical), ("all of 40 tokens", np.full(contexts, 40))):
            answers(lengths[:], 64)
            found[name] = contexts / min(seconds(lambda lengths=lengths: answers(lengths, 64)) for _ in range(3))
        few = 20
        alone = seconds(lambda: answers(typical, 1, few))
        found["typical, one at a time"] = few / alone
    return {"contexts_a_second": found, "mean_length": float(typical.mean())}


def ending(step: Any) -> Any:
    """``step``, with </s> forced where a row's length is reached: weights that were not trained never say it."""

    def ended(tokens: torch.Tensor, state: dict[str, torch.Tensor]) -> Any:
        left = state["left"]
        logits, after = step(tokens, {name: value for name, value in state.items() if name != "left"})
        logits[:, EOS] = torch.where(left == 0, 1e9, -torch.inf)
        return logits, after | {"left": left - 1}

    return ended


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=[*SIZES, "generation"], help="only this; default: everything")
    parser.add_argument("--model", default="personawae", help="the system that is trained; default: %(default)s")
    parser.add_argument("--before", type=Path, help="a folder with another version's source")
    parser.add_argument("--turns", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.size is None:  # a process each: the peak memory is that of one size
        for size in (*SIZES, "generation"):
            subprocess.run([sys.executable, __file__, "--size", size, *sys.argv[1:]], check=True)
        return 0
    if arguments.turns:
        take_turns(arguments.size, arguments.model)
        return 0
    if arguments.before:
        found = against(arguments.size, arguments.model, arguments.before, arguments.rounds, arguments.threads)
    elif arguments.size == "generation":
        found = measure_generation(200)
    else:
        found = measure_training(arguments.size, arguments.model, arguments.rounds)
    machine = {"processor": platform.machine(), "torch": torch.__version__, "threads": torch.get_num_threads()}
    print(json.dumps({"size": arguments.size, "model": arguments.model, **machine, **found}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
