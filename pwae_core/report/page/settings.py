"""What a reader of Table 2 needs to know: how the corpus was split, what was trained, for how long, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from pwae_core.artifacts import Artifact
from pwae_core.config.resolve import preset_of
from pwae_core.report.gather import Sources
from pwae_core.report.safe_html import Markup, join, short, tag
from pwae_core.schemas import TIMING
from pwae_core.training.timing import timings

NAME = 60


def settings(sources: Sources) -> Markup:
    """The corpus's split and a table of the runs; empty if neither was given."""
    corpus = tag("p", _split(sources.corpus), class_="note") if sources.corpus else None
    heads = ("Run", "Preset", "Iterations", "Best", "Batch", "Seed", "Trained")
    names = sources.run_names
    rows = [_row(names[one.fingerprint], one) for one in sources.runs]
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in heads)))
    runs = tag("div", tag("table", head, tag("tbody", *rows)), class_="scroll", tabindex=0) if rows else None
    title = tag("h3", "What was trained, and on what") if corpus or rows else None
    return tag("div", title, runs, corpus, class_="table") if title else join([])


def _row(name: str, run: Artifact) -> Markup:
    facts, config = run.facts, run.config
    values = (facts["steps"], facts["best_step"], config["batch_size"])
    numbers = [tag("td", f"{value:,}", class_="number") for value in values]
    numbers.append(tag("td", str(config["seed"]), class_="number"))
    head = tag("th", tag("bdi", short(name, NAME)), scope="row")
    return tag("tr", head, tag("td", preset_of(config)), *numbers, tag("td", trained_on(run)))


def trained_on(run: Artifact) -> str:
    """The date (UTC) of the last iteration, from the run's own log; a dash if it has none."""
    lines = timings(run.folder / TIMING)
    return datetime.fromtimestamp(lines[-1]["time"], UTC).date().isoformat() if lines else "–"


def _split(corpus: Artifact) -> str:
    counts = [corpus.rows(f"{name}.parquet") for name in ("train", "valid", "test")]
    told = "The corpus has {:,} training, {:,} validation and {:,} test sessions".format(*counts)
    shares = corpus.facts.get("overlap", {})
    overlap = (
        f" {shares['test_responses_in_train_contexts']:.1%} of the test responses are in a training context, and "
        f"{shares['test_sessions_of_train_conversations']:.1%} of the test sessions share a conversation with training."
        if shares
        else ""
    )
    return f"{told}, split by {corpus.config.get('split_by', 'session')}.{overlap}"
