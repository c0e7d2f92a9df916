"""What ``pwae diagnose`` measures about z, as totals: numbers with signatures that say how they were computed."""

from __future__ import annotations

from collections.abc import Mapping

from pwae_core.metrics.signature import sign
from pwae_core.metrics.table import Total

DISTINCT, ACTIVE, NATS, GAP = "Latent-Distinct", "Latent-Active", "Latent-Nats", "Latent-Gap"
METRICS = (DISTINCT, ACTIVE, NATS, GAP)


def totals(values: Mapping[str, float], contexts: int, parts: Mapping[str, object]) -> dict[str, Total]:
    """Totals without intervals, in the order of ``METRICS``; ``parts`` are those of the signatures."""
    return {name: Total(values[name], None, None, contexts, sign(name, parts)) for name in METRICS if name in values}
