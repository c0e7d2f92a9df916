"""What an artifact was made with: recorded, but not part of its identity."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = {
    "corpus": ("nltk", "numpy", "pyarrow", "rjieba"),
    "vectors": ("gensim", "numpy", "pyarrow"),
    "run": ("numpy", "pyarrow", "torch"),
    "people": ("numpy", "torch"),
    "responses": ("numpy", "pyarrow", "torch"),
    "diagnosis": ("numpy", "pyarrow", "torch"),
    "persona-scores": ("numpy", "pyarrow", "scikit-learn", "torch"),
}
ALWAYS = ("numpy", "pyarrow")
PROCESSORS = Path("/proc/cpuinfo")


def environment(kind: str) -> dict[str, str | int]:
    """The versions of Python and of the packages that affect the numbers of such an artifact."""
    found = {name: version(name) for name in PACKAGES.get(kind, ALWAYS)}
    return {"python": platform.python_version(), **found}


def processor() -> str:
    """The name of the processor; of its architecture where the system does not tell more."""
    lines = PROCESSORS.read_text("utf-8", errors="replace").splitlines() if PROCESSORS.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
