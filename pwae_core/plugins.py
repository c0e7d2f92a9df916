"""Parts from other distributions: metrics, systems and readers, found by their entry points, imported when named.

    metric  pwae.metrics  a ``pwae_core.Metric``
    system  pwae.systems  a class derived from ``pwae_core.Model``
    reader  pwae.readers  a ``pwae_core.Reader``

docs/extending.md shows how to write them. Nothing here imports one before it is asked for by name.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pwae_core.errors import ConfigError, PwaeError, of_the_system

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

Kind = Literal["metric", "system", "reader"]
T = TypeVar("T")
GROUPS = "pwae."
"""The prefix of the groups of entry points."""
PLUGIN = "plugin/"
"""The prefix of plugins among the inputs of an artifact."""


@dataclass(frozen=True)
class Plugin:
    """An installed part; ``load`` imports it."""

    kind: Kind
    name: str
    distribution: str
    version: str
    entry: EntryPoint

    @property
    def label(self) -> str:
        """Its distribution and version."""
        return f"{self.distribution} {self.version}"

    @property
    def inputs(self) -> dict[str, str]:
        """What an artifact's plan records about it: another version makes another artifact."""
        return {f"{PLUGIN}{self.distribution}": self.version}

    def load(self) -> Any:
        """The object itself. Raises ConfigError if its module cannot be imported, for whatever reason."""
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:
            raise self.refused(f"cannot be imported ({told(error)})") from error

    def refused(self, problem: str) -> ConfigError:
        """The error that says what is wrong with it, and with which distribution."""
        return ConfigError(f"The {self.kind} {self.name} of {self.label} {problem}. Repair or uninstall {self.label}.")


def told(error: BaseException) -> str:
    """What a plugin raised, on one line."""
    try:
        reason = str(error)
    except Exception:
        reason = "its message cannot be shown"
    return f"{' '.join(f'{type(error).__name__}: {reason}'.split()):.200}"


@contextmanager
def guarded(kind: Kind, name: str, own: Container[str]) -> Iterator[None]:
    """Raises ConfigError, which names the distribution, if a plugin's part fails; other errors pass."""
    try:
        yield
    except PwaeError:
        raise
    except (Exception, SystemExit) as error:
        found = find(kind, name, own)
        if found is None or (isinstance(error, Exception) and of_the_system(error)):
            raise
        raise found.refused(f"failed ({told(error)})") from error


def known(error: Exception | SystemExit) -> PwaeError | None:
    """``error`` as one of ours, if it is one, the operating system's or that of a plugin's system."""
    if isinstance(error, PwaeError):
        return error
    return (of_the_system(error) if isinstance(error, Exception) else None) or culprit(error)


def culprit(error: BaseException) -> ConfigError | None:
    """The error that names the plugin's system in whose package ``error`` was raised; None if it was raised elsewhere.

    A system is called from many places, so its errors are recognised by the frames that they passed through. Of
    several systems in a package, it is the one that was picked last.
    """
    for frame, line in reversed(list(walk_tb(error.__traceback__))):
        package = _package(frame.f_globals.get("__name__", ""))
        for one in reversed(_picked_systems):
            if _package(one.entry.module) == package:
                place = f"{Path(frame.f_code.co_filename).name}, line {line}"
                return one.refused(f"failed in {place} ({told(error)})")
    return None


def _package(module: str) -> str:
    return module.partition(".")[0]


def installed(kind: Kind) -> list[Plugin]:
    """All of a kind, by name; nothing is imported."""
    return _installed(kind, tuple(sys.path))


_picked_systems: list[Plugin] = []
"""The systems of plugins that this process has asked for, the latest last."""


@cache
def _installed(kind: Kind, path: tuple[str, ...]) -> list[Plugin]:  # noqa: ARG001 - what is there depends on it
    from importlib.metadata import distributions

    found: dict[tuple[str, str], Plugin] = {}
    for one in distributions():
        if GROUPS in _entry_points(one):
            for part in _parts(one, kind):
                found.setdefault((part.name, part.distribution), part)  # the first on the path is the one imported
    return [found[key] for key in sorted(found)]


def _entry_points(distribution: Distribution) -> str:
    """The text of its entry points; empty where it is none: some broken distribution is not pwae's to judge."""
    try:
        return distribution.read_text("entry_points.txt") or ""
    except UnicodeDecodeError:
        return ""


def _parts(distribution: Distribution, kind: Kind) -> list[Plugin]:
    """Raises ConfigError for entry points that cannot be read."""
    told: Any = distribution.metadata or {}
    name, version = (str(told.get(key) or "?") for key in ("Name", "Version"))
    try:
        points = distribution.entry_points.select(group=f"{GROUPS}{kind}s")
    except Exception as error:
        raise ConfigError(f"The entry points of {name} {version} cannot be read. Repair or uninstall it.") from error
    return [Plugin(kind, one.name, name, version, one) for one in points]


def find(kind: Kind, name: str, own: Container[str]) -> Plugin | None:
    """The plugin called ``name``; None if there is none. ``own`` are pwae's own names.

    Raises ConfigError if pwae and a plugin, or two plugins, have that name.
    """
    offered = [one for one in installed(kind) if one.name == name]
    if offered and name in own:
        raise offered[0].refused(f"has the name of one of pwae's own {kind}s")
    if len(offered) > 1:
        one, other = (part.label for part in offered[:2])
        raise ConfigError(f"Both {one} and {other} have a {kind} called {name}. Uninstall one of them.")
    return offered[0] if offered else None


def pick(kind: Kind, name: str, own: Mapping[str, T], problem: Callable[[Any, str], str]) -> T:
    """``own[name]``, or the plugin of that name.

    ``problem(part, name)`` says what is wrong with the interface of a plugin's part; empty if nothing is. Raises
    ConfigError if nobody or more than one has that name, or if the part cannot be imported or has a problem.
    """
    found = find(kind, name, own)
    if found is None and name not in own:
        raise ConfigError(f"There is no {kind} called {name}; {hint(kind, name, own)}.")
    if found is None:
        return own[name]
    part: T = found.load()
    wrong = problem(part, name)
    if wrong:
        raise found.refused(wrong)
    if kind == "system":
        _picked_systems.append(found)
    return part


def hint(kind: Kind, name: str, own: Iterable[str]) -> str:
    """A hint at what an unknown name may have meant."""
    known = {one.casefold(): one for one in (*own, *(one.name for one in installed(kind)))}
    near = difflib.get_close_matches(name.casefold(), known, n=1)
    if not known:
        return f"no plugin with a {kind} is installed"
    return f"did you mean {known[near[0]]}" if near else f"choose one of {', '.join(known.values())}"
