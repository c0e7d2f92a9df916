"""Checks before a plan's first run: that its inputs fit together, and that every run can start."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pwae_core.artifacts import Artifact, Plan, describe_difference, load, same_vocabulary
from pwae_core.artifacts.notes import manifest_of, plan_of
from pwae_core.config.evaluate import DEFAULTS
from pwae_core.config.experiment import ExperimentConfig, PlannedRun, planned_runs
from pwae_core.config.train import ALIASES
from pwae_core.data.candidate_users import candidates
from pwae_core.data.sessions import some_of
from pwae_core.errors import ArtifactError, ConfigError, EmptyResultError
from pwae_core.metrics.own import metrics_called
from pwae_core.models import MODELS, inputs_of, system_of
from pwae_core.stages.train import matching_vectors
from pwae_core.training.best import AVERAGE
from pwae_core.training.periods import periods_of
from pwae_core.training.resuming import refuse_other_budget
from pwae_core.training.runs import choose_device
from pwae_core.training.sizes import outlined

OPTIONS = ("--corpus", "--embeddings", "--out", "--device", "--jobs", "--force", "--json")
"""The options of ``pwae experiment``."""
OF_SEVERAL = ("tokenizer", "common", "compare", "base", "trials")
"""The settings of ``pwae evaluate`` that are about several systems, or about those of others."""
SENTENCE = re.compile(r"(?<=[.;:?]) +(?=[A-Z])")


def runs_of(plan: ExperimentConfig) -> list[PlannedRun]:
    """The plan's runs, named as tables name the systems of pwae and of plugins."""
    known = {*MODELS, *(one.model for one in plan.systems if one.model not in ALIASES)}
    return planned_runs(plan, {name: system_of(name).display_name for name in known})


def check(plan: ExperimentConfig, runs: Sequence[PlannedRun], device: str) -> dict[str, str]:
    """The fingerprints of the inputs. Raises one of the library's errors for anything that would make a run fail."""
    choose_device(device)
    corpus = load(plan.corpus, "corpus")
    vectors = load(plan.embeddings, "vectors") if plan.embeddings else None
    if vectors:
        same_vocabulary(corpus, vectors)
    for split in ("train", "valid", "test"):
        if not corpus.rows(f"{split}.parquet"):
            raise EmptyResultError(f"{corpus.folder} has no session in its {split} split. Give another --corpus.")
    _check_scoring(plan)
    _check_measures(plan, corpus)
    for run in runs:
        _check_run(plan, run, corpus)
    return {"corpus": corpus.fingerprint} | ({"embeddings": vectors.fingerprint} if vectors else {})


def _check_scoring(plan: ExperimentConfig) -> None:
    drawn = plan.sample.samples
    for name, scoring in (("evaluate", plan.evaluate), ("persona_scores", plan.persona_scores)):
        if scoring and scoring.samples and scoring.samples > drawn:
            raise ConfigError(
                f"[{name}] samples: {scoring.samples} of each context, but [sample] samples draws {drawn}."
            )
    metrics_called(plan.evaluate.metrics)
    given = [name for name in OF_SEVERAL if getattr(plan.evaluate, name) != getattr(DEFAULTS, name)]
    if given:
        raise ConfigError(
            f"[evaluate] {', '.join(given)}: an experiment scores every run separately. Leave "
            f"{'it' if len(given) == 1 else 'them'} out, and give the responses to 'pwae evaluate'."
        )


def _check_measures(plan: ExperimentConfig, corpus: Artifact) -> None:
    """Raises EmptyResultError for a corpus with too few users for [persona_scores]."""
    if plan.persona_scores:
        answered = some_of(corpus.table("test.parquet", ["session_id", "user_id"]), plan.sample.limit)
        try:
            candidates(
                corpus, answered["user_id"].to_pylist(), plan.persona_scores.candidates, plan.persona_scores.least
            )
        except EmptyResultError as error:
            raise EmptyResultError(f"[persona_scores]: {for_a_plan(str(error))}") from error


def _check_run(plan: ExperimentConfig, run: PlannedRun, corpus: Artifact) -> None:
    """Checks that the word vectors fit the model, the periods the system, and what is measured the checkpoints.

    Raises ConfigError or ArtifactError, with the run's name in front.
    """
    config = run.train
    try:
        if plan.embeddings:
            matching_vectors(plan.embeddings, corpus, config)
        model = outlined(config.model, corpus.rows("vocabulary.parquet"), corpus.rows("users.parquet"))
        periods_of(model, config)
        diagnose = plan.diagnose if model.latent else None
        for name, part in (("persona_scores", plan.persona_scores), ("diagnose", diagnose)):
            if part and part.checkpoint == AVERAGE and config.keep_best == 1:
                raise ConfigError(f"[{name}] checkpoint = average: only one is kept. Set keep_best in [train].")
    except (ConfigError, ArtifactError) as error:
        raise type(error)(f"{run.folder}: {for_a_plan(str(error))}") from error


def refuse_other_plans(
    plan: ExperimentConfig, runs: Sequence[PlannedRun], out: Path, inputs: Mapping[str, str]
) -> None:
    """Raises ArtifactError if anything that exists of a run, finished or not, differs from what the plan makes.

    If only the budget of a run differs, the error speaks of --resume.
    """
    for run in runs:
        parts = parts_of(plan, run, inputs, out / run.folder)
        refuse_other_budget(out / run.folder / "run", parts[0])
        for part in parts:
            folder = out / run.folder / part.kind
            difference = difference_of(folder, part)
            if difference:
                raise ArtifactError(
                    f"{folder} was made by another plan ({difference}). Choose another --out, or --force to make "
                    "again what differs from the plan."
                )


def parts_of(plan: ExperimentConfig, run: PlannedRun, inputs: Mapping[str, str], folder: Path) -> list[Plan]:
    """What the plan makes for a run in ``folder``, in order: the settings of each part, and those inputs that exist
    beforehand.
    """
    trained = _trained(folder / "run")
    scored = plan.evaluate.model_dump(mode="json", exclude={"tokenizer"})  # each system's own is in its artifact
    system = run.train.model.name
    parts = [
        Plan("run", run.train.model_dump(mode="json"), {**inputs, **inputs_of(system)}),
        Plan("responses", plan.sample.model_dump(mode="json"), trained),
        Plan("scores", scored, {}),
    ]
    if plan.persona_scores:
        parts.append(Plan("persona-scores", plan.persona_scores.model_dump(mode="json"), {}))
    if plan.diagnose and system_of(system).latent:
        parts.append(Plan("diagnosis", plan.diagnose.model_dump(mode="json"), trained))
    return parts


def _trained(run: Path) -> dict[str, str]:
    """The fingerprint of a finished run, as what is made from it records it; nothing if it cannot be read."""
    try:
        return {"run": load(run, "run").fingerprint}
    except ArtifactError:
        return {}


def difference_of(folder: Path, part: Plan) -> str:
    """How the part's settings and inputs differ from the artifact at ``folder``; "" if there is none to read."""
    note = plan_of(folder) or manifest_of(folder)
    if note is None:
        return ""  # the stage reports what is wrong with it
    old, now = note.model_dump(), part.to_dict()
    known = {name: {key: old[name].get(key) for key in now[name]} for name in ("inputs", "config")}
    return describe_difference({"pwae": old["pwae"], **known}, now)


def failure_told(message: str, out: Path) -> str:
    """A stage's message for the results: ``for_a_plan``, and without this machine's folders, except under ``out``."""
    for place in (f"{out.resolve()}/", f"{out}/" if out.name else ""):
        message = message.replace(place, "") if place else message
    return for_a_plan(re.sub(r"(?<![\w./])/(?:[^/\s]+/)+(?=[^/\s])", "", message))


def for_a_plan(message: str) -> str:
    """A stage's message without advice to use options that ``pwae experiment`` does not have."""
    sentences = SENTENCE.split(message)
    kept = [one for one in sentences if _is_of_use(one)]
    return " ".join(kept if kept == sentences else [*kept, "Change the plan."])


def _is_of_use(sentence: str) -> bool:
    """Whether every option in a sentence belongs to ``pwae experiment``, or the sentence names another command."""
    return "'pwae " in sentence or all(option in OPTIONS for option in re.findall(r"--[a-z][a-z-]*", sentence))
