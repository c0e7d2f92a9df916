"""The training loop of all systems: the phases of an iteration, validation, early stopping, checkpoints, the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pwae_core.config.train import OptimiserConfig, TrainConfig
from pwae_core.data.sessions import Batch, Ints, Sessions
from pwae_core.errors import Interrupted
from pwae_core.models.base import Codes, Model, Period, Phase
from pwae_core.nn.noise import seeded
from pwae_core.progress import Progress, Task
from pwae_core.training import best, optimisers
from pwae_core.training.checkpoints import BEST, LAST, drop_checkpoint, load_checkpoint, part, prefixed, save_checkpoint
from pwae_core.training.divergence import refuse_divergence, refuse_divergent_validation
from pwae_core.training.feeding import feed
from pwae_core.training.gradients import choose_precision, differentiate
from pwae_core.training.group import ALONE, Group
from pwae_core.training.log import Listener, TrainingLog
from pwae_core.training.period_ends import keep, put_back, starting_point
from pwae_core.training.periods import Position, budget_of, periods_of
from pwae_core.training.pieces import Cutter
from pwae_core.training.signals import StopRequest
from pwae_core.training.timing import Timing
from pwae_core.training.validation import Validator


@dataclass
class Trainer:
    """Trains ``model`` in ``folder``; ``run`` starts, or continues from the folder's last checkpoint.

    Every process of ``group`` has a trainer and takes the same steps; only the first one writes.
    """

    model: Model
    train: Sessions
    valid: Sessions
    config: TrainConfig
    folder: Path
    device: torch.device
    progress: Progress
    stop: StopRequest
    group: Group = ALONE
    position: Position = field(default_factory=Position)
    listeners: Sequence[Listener] = ()

    def __post_init__(self) -> None:
        self.model.to(self.device)
        self.periods = periods_of(self.model, self.config)
        self.cutter = Cutter(self.group, self.config.micro_batches)
        self.noise = seeded(self.config.seed, self.device)
        self.budget = budget_of(self.config, self.periods, len(self.train))
        self.validator = Validator(self.model, self.train, self.valid, self.config, self.device, self.cutter)
        self._enter_period()
        self.timing = Timing(self.folder, len(self.train) / self.budget.a_pass)
        self.log = TrainingLog(self.folder / "log.jsonl", (self.timing, *self.listeners))
        self.start = starting_point(self.checkpoints, self.budget)
        if self.start:
            self._restore()

    def _enter_period(self) -> None:
        self.phases = self.period.phases
        self.optimisers = {phase.name: optimisers.build(phase) for phase in self.phases}
        self.recent: deque[Codes] = deque(maxlen=max(phase.repeats for phase in self.phases))

    @property
    def period(self) -> Period:
        return self.periods[self.position.period]

    @property
    def _in_last_period(self) -> bool:
        return self.position.period + 1 == len(self.periods)

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    # -- the run

    def run(self) -> str:
        """Trains to the end; returns why it ended. Raises DivergenceError, or Interrupted after saving a checkpoint."""
        with self.group.in_step():
            self._settle()
        self._write_best(self.log.values("valid", self.position.step) if self.group.first else {})
        self.position.precision = self.position.precision or choose_precision(self.config, self.device, self.group)
        batches = self._feed()
        with self.progress.task(f"train {self.config.model.name}", self.budget.total) as task:
            task.advance(self.position.step)
            while (reason := self.budget.over(self.position)) is None or not self._in_last_period:
                if reason is not None:
                    self.next_period()
                    continue
                if self.position.batch == self.budget.a_pass:
                    self.position.epoch, self.position.batch = self.position.epoch + 1, 0
                    batches = self._feed()
                self._one_step(next(batches), task)
        self._end_period()
        self._average()
        return reason

    def _epoch(self) -> list[Ints]:
        return self.train.epoch(self.config.batch_size, self.config.seed, self.position.epoch)

    def _feed(self) -> Iterator[Batch]:
        """The batches that remain of the epoch."""
        return feed(self.train, self._epoch()[self.position.batch :], self.device)

    def next_period(self) -> None:
        """Starts the next period, from the best checkpoint of the one that is over."""
        self._end_period()
        if self.position.best is not None:
            tensors, _ = load_checkpoint(self.checkpoints, BEST, torch.device("cpu"))
            self.model.load_state_dict(part(tensors, "model"))
        self.position.enter_next_period()
        self._enter_period()
        self.save()
        self.progress.say(f"iteration {self.position.step}: {self.period.name} begins")

    def _end_period(self) -> None:
        """Saves a checkpoint at the end of the period, and copies of what will be overwritten from now on. Then
        validates the last iteration, unless that was done: a longer training may have no validation here.
        """
        unseen = self.position.step > max(self.position.period_start, self.position.validated)
        measures = self._measure() if unseen else {}
        self.save()
        kept = [] if self._in_last_period else [LAST]
        kept += [BEST] if self.position.best is not None and (unseen or kept) else []
        self._keep(kept)
        if measures:
            self._judge(measures)
            self._write_best(measures)
            if self._in_last_period and self.position.best_step != self.position.step:
                self._keep([])
            self._prune()

    def _keep(self, names: Sequence[str]) -> None:
        if self.group.first:
            keep(self.checkpoints, self.position.period, names)

    def _one_step(self, batch: Batch, task: Task) -> None:
        self.position.least_patience = max(self.position.least_patience, self.position.waited + 1)
        terms = self.iteration(batch)
        self.position.step += 1
        self.position.batch += 1
        if (step := self.position.step) % self.config.log_every == 0 or step == 1:
            self._log("train", terms)
        loss = terms.get("reconstruction", terms[f"{self.phases[0].name}_loss"])
        task.advance(note=f"loss {loss:.3f}{self.timing}")
        every = self.config.validate_every
        if (step % every == 0) if every else self.position.batch == self.budget.a_pass:
            self._judge(measures := self._measure())
            self.save()
            self._write_best(measures)
        elif step % self.config.checkpoint_every == 0:
            self.save()
        if signal_number := self.group.largest(self.stop.signal_number):
            self.save()
            raise Interrupted(
                f"Stopped at iteration {step}; {self.folder} is saved. Run the same command again to continue.",
                signal_number,
            )

    # -- one iteration

    def iteration(self, batch: Batch) -> dict[str, float]:
        """Every phase once (or as often as it repeats) on one batch; returns the logged terms."""
        terms: dict[str, Tensor] = {}
        rates: dict[str, float] = {}
        precision = self.position.precision or self.config.precision
        self.model.iteration = self.position.step - self.position.period_start
        for phase in self.phases:
            rates[f"{phase.name}_rate"] = rate = self._rate(phase.optimiser)
            optimisers.set_rate(self.optimisers[phase.name], rate)
            for repeat in range(phase.repeats):
                source = self.recent[repeat % len(self.recent)] if phase.reuses_codes else batch
                found = differentiate(phase, source, self.noise, self.cutter, precision)
                norm = self._step(phase, found.values)
                if found.codes:
                    self.recent.appendleft(found.codes)
                terms |= {f"{phase.name}_gradient_norm": norm, **found.terms}
        values = dict(zip(terms, torch.stack([t.detach().float() for t in terms.values()]).tolist(), strict=True))
        refuse_divergence(values, self.position.step + 1, self.checkpoints, self.config.explosion)
        return values | rates

    def _rate(self, config: OptimiserConfig) -> float:
        plateaus = self.position.plateaus(config.decay_every)
        return optimisers.rate_at(config, self.position.epoch, self.model.iteration, plateaus)

    def _step(self, phase: Phase, gradients: Sequence[Tensor]) -> Tensor:
        parameters = list(phase.parameters.values())
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        norm = torch.nn.utils.get_total_norm(gradients)
        if phase.optimiser.clip:
            torch.nn.utils.clip_grads_with_norm_(parameters, phase.optimiser.clip, norm)
        self.optimisers[phase.name].step()
        for parameter in parameters:
            parameter.grad = None
        return norm

    # -- validation

    def _measure(self) -> dict[str, float]:
        """The validation measures. Raises DivergenceError for one that is not finite."""
        with self.timing.validation():
            measures = self.validator.measures(self.period)
        refuse_divergent_validation(measures, self.position.step, self.checkpoints)
        return measures

    def _judge(self, measures: dict[str, float]) -> None:
        """Logs a validation, and ranks it."""
        self._log("valid", measures)
        self.position.judge(self.validator.loss(self.period, measures), self.config.keep_best)
        self._say(f"iteration {self.position.step}", measures)

    def _write_best(self, measures: Mapping[str, float]) -> None:
        """Saves the weights where they are among the best; after the last checkpoint, which no best one may outrun."""
        kept = best.names(self.position.kept, self.position.step)
        for name in [BEST, *kept] if self.position.is_best else kept:
            self._write_weights(name, measures)

    def _average(self) -> None:
        """If several checkpoints are kept, saves the mean of their weights as a checkpoint of its own."""
        names = best.names(self.position.kept) or [BEST]  # none: nothing was done in the last period
        if self.config.keep_best > 1:
            own = {name: value.clone() for name, value in self.model.state_dict().items()}
            self.model.load_state_dict(best.mean_weights(self.checkpoints, names))
            measures = self._measure()
            self._write_weights(best.AVERAGE, measures)
            self.model.load_state_dict(own)
            self._say(f"mean of the {len(names)} best", measures)

    def _write_weights(self, name: str, measures: Mapping[str, float]) -> None:
        state = {"step": self.position.step, "epoch": self.position.epoch, **measures}
        self._write(name, prefixed("model", self.model.state_dict()), state)

    def _say(self, what: str, measures: Mapping[str, float]) -> None:
        shown = ", ".join(f"{name} {number:.4f}" for name, number in measures.items())
        self.progress.say(f"{what}: validation {shown}{self.timing.of_validation()}")

    def _log(self, split: str, values: dict[str, float]) -> None:
        if self.group.first:
            self.log.write(self.position.step, self.position.epoch, split, values)
        self.position.log_lines += 1

    # -- checkpoints

    def save(self) -> None:
        """Saves everything that the next iteration depends on, as the last checkpoint."""
        tensors = prefixed("model", self.model.state_dict())
        for name, optimiser in self.optimisers.items():
            tensors |= prefixed(f"optimiser.{name}", optimisers.state_tensors(optimiser))
        for index, codes in enumerate(self.recent):
            tensors |= prefixed(f"codes.{index}", codes)
        tensors["generator"] = self.noise.generator.get_state()
        self.budget.note(self.position)
        self._write(LAST, tensors, asdict(self.position))
        self._prune()

    def _prune(self) -> None:
        if self.group.first and self.config.keep_best > 1:
            best.prune(self.checkpoints, self.position)

    def _write(self, name: str, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        if self.group.first:
            self.log.sync()
            save_checkpoint(self.checkpoints, name, tensors, state)
        self.group.wait()

    def _restore(self) -> None:
        tensors, state = load_checkpoint(self.checkpoints, self.start, torch.device("cpu"))
        self.position = Position(**state)
        self._enter_period()
        self.model.load_state_dict(part(tensors, "model"))
        for name, optimiser in self.optimisers.items():
            optimisers.restore(optimiser, part(tensors, f"optimiser.{name}"))
        index = 0
        while codes := part(tensors, f"codes.{index}"):
            self.recent.append({name: code.to(self.device) for name, code in codes.items()})
            index += 1
        self.noise.generator.set_state(tensors["generator"])
        longer = "" if self.start == LAST else f": {self.period.name} goes on for longer"
        self.progress.say(f"continuing from iteration {self.position.step}{longer}")

    def _settle(self) -> None:
        """Restores the folder to what it was at the position."""
        if self.group.first:
            self.log.check(self.position.log_lines)
            if self.start:
                put_back(self.checkpoints, self.start, self.position)
            drop_checkpoint(self.checkpoints, best.AVERAGE)
            self.log.cut(self.position.log_lines, self.position.step)
