"""The processes that train one run together, as ``torchrun`` starts them; otherwise a single one.

Every process takes the same steps on the same weights. Only the first one writes and prints; sums are taken over all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

import torch
import torch.distributed as dist
from torch import Tensor

from pwae_core.errors import ConfigError, DivergenceError, Interrupted, LostProcessError, PwaeError


class Followed(PwaeError):  # noqa: N818 - it says nothing of its own
    """Another process of the run has reported what is wrong; this one ends with the same exit code."""

    told = True

    def __init__(self, exit_code: int) -> None:
        super().__init__("another process of the run has reported what is wrong")
        self.exit_code = exit_code


def launched() -> bool:
    """Whether torchrun (or anything that sets the same variables) started this process."""
    return all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"))


def speaks() -> bool:
    """Whether this process prints the result: the first one, or the only one."""
    return not launched() or os.environ["RANK"] == "0"


def local_device(device: torch.device) -> torch.device:
    """This process's own CUDA device on its machine. Raises ConfigError if there is not one for each process."""
    if device.type != "cuda" or not launched():
        return device
    if device.index is not None and os.environ["WORLD_SIZE"] != "1":
        raise ConfigError(
            f"--device {device} is one device for {os.environ['WORLD_SIZE']} processes. Give cuda or auto."
        )
    number, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if number >= there:
        raise ConfigError(f"torchrun started process {number + 1} on a machine of {there} CUDA devices. Start fewer.")
    return torch.device("cuda", number)


@dataclass(frozen=True)
class Group:
    """``size`` processes; this one has the number ``rank``."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replaces ``tensors`` by their sums over all processes."""
        if self.size > 1:
            with _lost():
                for tensor in tensors:
                    dist.all_reduce(tensor)

    def largest(self, number: int) -> int:
        """The largest number of all processes."""
        if self.size == 1:
            return number
        told = torch.tensor(int(number))
        with _lost():
            dist.all_reduce(told, dist.ReduceOp.MAX)
        return int(told)

    def of_first(self, values: Mapping[str, float]) -> dict[str, float]:
        """The first process's numbers, which replace those of the others under the same names."""
        if not values:
            return {}
        told = torch.tensor([value if self.first else 0.0 for value in values.values()], dtype=torch.float64)
        self.add([told])
        return dict(zip(values, told.tolist(), strict=True))

    def wait(self) -> None:
        """Waits until all processes are here."""
        self.largest(0)

    @contextmanager
    def in_step(self) -> Iterator[None]:
        """Ends when the block has ended in every process. An error in one process ends all; the first that has one
        reports it.
        """
        caught = None
        try:
            yield
        except PwaeError as error:
            caught = error
        teller = self.size - self.largest(self.size - self.rank if caught else 0)
        code = self.largest(caught.exit_code if caught else 0)
        if caught is not None and teller == self.rank:
            raise caught
        if teller < self.size:
            raise Followed(code)

    @contextmanager
    def one_voice(self) -> Iterator[None]:
        """If something happens to all of them alike, only the first process reports it."""
        try:
            yield
        except (DivergenceError, Interrupted) as error:
            if self.first:
                raise
            raise Followed(error.exit_code) from error


ALONE = Group()


@contextmanager
def joined(device: torch.device) -> Iterator[Group]:
    """The group that torchrun started: numbers go over gloo, tensors on CUDA over NCCL. Raises ConfigError if
    torchrun's variables are wrong, LostProcessError if a process is lost.
    """
    if not launched():
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # The functions of this module have the group of the moment of its import as a default. Imported later, by an
    # optimiser, it would keep the group's threads until the interpreter ends, which they can abort.
    import_module("torch.distributed.nn.functional")
    try:
        with _lost():
            dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    except ValueError as error:
        raise ConfigError(f"RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT: not as torchrun sets them: {error}.") from error
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostProcessError(
            "Another of the processes that train together has stopped; its own message says why. Run the same command "
            "again: it continues from the last checkpoint."
        ) from error
