"""Signatures: how a number was computed, in one line that travels with it (after sacreBLEU, Post 2018)."""

from __future__ import annotations

from collections.abc import Mapping

from pwae_core import __version__


def sign(metric: str, parts: Mapping[str, object]) -> str:
    """``sign("BLEU-F1", {"n": 3})`` is ``"BLEU-F1|n:3|v:0.2.0"``. A ``|`` in a part would be read as a border."""
    named = [" ".join(f"{name}:{value}".replace("|", "/").split()) for name, value in parts.items()]
    return "|".join([metric, *named, f"v:{__version__}"])
