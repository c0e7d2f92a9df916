"""``pwae experiment``: a plan in, one table of results out. The one room that runs stages after one another."""

from pwae_core.experiment.preview import preview
from pwae_core.experiment.results import ExperimentReport, Row, RunResult, columns, legend
from pwae_core.experiment.running import experiment

__all__ = ["ExperimentReport", "Row", "RunResult", "columns", "experiment", "legend", "preview"]
