"""``pwae experiment``: from a plan to one table of results. Only this room runs several stages in a row."""

from pwae_core.experiment.preview import preview
from pwae_core.experiment.results import ExperimentReport, Row, RunResult, columns, contexts_of, legend, remarks
from pwae_core.experiment.running import experiment

__all__ = [
    "ExperimentReport",
    "Row",
    "RunResult",
    "columns",
    "contexts_of",
    "experiment",
    "legend",
    "preview",
    "remarks",
]
