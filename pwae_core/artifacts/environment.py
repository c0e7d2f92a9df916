"""What an artifact was made with: recorded, but not part of its identity."""

from __future__ import annotations

import platform
from importlib.metadata import version

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


def environment(kind: str) -> dict[str, str | int]:
    """The versions of Python and of the packages that affect the numbers of such an artifact."""
    found = {name: version(name) for name in PACKAGES.get(kind, ALWAYS)}
    return {"python": platform.python_version(), **found}
