"""How much memory is available. Settings that cannot fit are refused before anything is built."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from pwae_core.errors import ConfigError

GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def of_machine() -> int:
    """The maximum bytes that this process may use: the machine's memory, or its own limit."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), resource.getrlimit(resource.RLIMIT_AS)[0]]
    limits.append(resource.getrlimit(resource.RLIMIT_DATA)[0])
    if GROUP_LIMIT.is_file() and (told := GROUP_LIMIT.read_text().strip()).isdigit():
        limits.append(int(told))
    return min(limit for limit in limits if limit >= 0)


def refuse_beyond(needed: int, what: str, advice: str, there: int | None = None) -> None:
    """Raises ConfigError if ``what`` needs more bytes than are ``there`` (None: ``of_machine()``)."""
    there = of_machine() if there is None else there
    if needed > there:
        raise ConfigError(f"{what} would take about {_shown(needed)} of memory; the limit is {_shown(there)}. {advice}")


def _shown(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
