"""``pwae doctor``: what a maintainer asks first about a machine, without anything that reveals whose machine it is."""

from __future__ import annotations

import locale
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TextIO

import torch

from pwae_core import __version__, memory
from pwae_core.artifacts.environment import processor
from pwae_core.processes import processors

SHOWN = ("TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LANG", "LC_ALL", "PYTHONUTF8", "PYTHONIOENCODING")
"""Environment variables that change what a terminal shows. Only these and THREADS are read."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
PLAIN = re.compile(r"[\w.,:@+-]{1,40}")
ABSENT = "not installed"


@dataclass(frozen=True)
class DoctorReport:
    """What was found, by topic, in words for people. ``notes`` are facts that are likely to matter."""

    pwae: str
    python: str
    platform: str
    packages: Mapping[str, str]
    extras: Mapping[str, str]
    torch: Mapping[str, str]
    machine: Mapping[str, str]
    terminal: Mapping[str, str]
    notes: tuple[str, ...]


def doctor(stdout: TextIO) -> DoctorReport:
    """Examines this installation and this machine. The report contains no path, user name, host name or token.

    ``stdout``: where the command prints.
    """
    needed, extras = _requirements()
    there = {name: _version(name) for name in needed}
    terminal = _terminal(stdout)
    missing = [f"{name} is {ABSENT}, though pwae needs it." for name, found in there.items() if found == ABSENT]
    return DoctorReport(
        pwae=__version__,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages=there,
        extras={name: _extra(packages) for name, packages in extras.items()},
        torch=_torch(),
        machine=_machine(),
        terminal=terminal,
        notes=(*missing, *_remarks(terminal)),
    )


def _requirements() -> tuple[list[str], dict[str, list[str]]]:
    """The packages that pwae needs, and those of each extra, from the metadata of the installation."""
    try:
        found = requires("pwae") or []
    except PackageNotFoundError:  # a checkout that was never installed
        return [], {}
    needed: list[str] = []
    extras: dict[str, list[str]] = {}
    for one in found:
        name = re.split(r"[\s<>=!~\[;(]", one, maxsplit=1)[0]
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", one)
        (extras.setdefault(extra[1], []) if extra else needed).append(name)
    return needed, extras


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT


def _extra(packages: Iterable[str]) -> str:
    return ", ".join(f"{name} {_version(name)}" for name in packages)


def _torch() -> dict[str, str]:
    devices = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return {
        "version": torch.__version__,
        "CUDA build": torch.version.cuda or "none",
        "devices": ", ".join(devices) or "cpu only",
        "threads": f"{torch.get_num_threads()} within, {torch.get_num_interop_threads()} between operations",
    }


def _machine() -> dict[str, str]:
    free = shutil.disk_usage(".").free
    return {
        "processors": f"{processors()} usable of {os.cpu_count()}: {processor()}",
        "memory": f"{memory.of_machine() / 1e9:,.1f} GB",
        "free disk here": f"{free / 1e9:,.1f} GB",
    } | _environment(THREADS)


def _terminal(stdout: TextIO) -> dict[str, str]:
    size = shutil.get_terminal_size()
    return {
        "stdout": f"{'a terminal' if stdout.isatty() else 'no terminal'}, {size.columns} columns",
        "stdout's encoding": stdout.encoding or "none",
        "file names' encoding": sys.getfilesystemencoding(),
        "locale's encoding": locale.getpreferredencoding(False),
    } | _environment(SHOWN)


def _environment(names: Iterable[str]) -> dict[str, str]:
    """The variables that are set; a value that is not a plain word is not shown."""
    found = {name: os.environ[name] for name in names if name in os.environ}
    return {name: value if PLAIN.fullmatch(value) else "(set)" for name, value in found.items()}


def _remarks(terminal: Mapping[str, str]) -> list[str]:
    remarks = []
    if not terminal["stdout's encoding"].lower().replace("-", "").startswith("utf"):
        remarks.append("Stdout is not UTF-8: other characters are printed as escapes. Set PYTHONUTF8=1.")
    if not torch.cuda.is_available():
        remarks.append("No CUDA device: training runs on the CPU. --preset small is meant for that.")
    return remarks
