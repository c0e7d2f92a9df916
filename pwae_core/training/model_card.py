"""The model card of a run, in Markdown: what it is, what it learned from, how good it is and what not to use it for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pwae_core.config.resolve import preset_of
from pwae_core.grammar import counted
from pwae_core.models.base import Model
from pwae_core.training.validation import warnings_in

HEAD = """\
---
library_name: pwae
pipeline_tag: text-generation
tags: [dialogue, personalisation, response-generation]
---
"""
USE = """\
## Use

```
pwae chat RUN                                                # talk to it, as one of its users
pwae sample RUN --out responses                              # answer the test split of its corpus
pwae evaluate responses --embeddings vectors --out scores    # score the answers
```

`RUN` is the folder of this file. From Python: `pwae_core.open_run("RUN")`.
"""
LIMITS = """\
## Limits

- It was made for research. Nobody has checked its answers for truth, offence or advice that does harm.
- It imitates people. Do not publish answers under a person's name, and do not let anybody believe that they talk to
  that person.
- It contains personal data: `users.parquet` has the users' ids, and the weights may reveal what they said. Ask for
  their consent, or replace the ids, before you share it.
- It knows the people it was trained on, and nobody else. `pwae adapt` learns others.
"""
YOURS = """\
## To be added by you

pwae cannot know this. It does not read this file, and never overwrites one that you have edited.

- Corpus: its name, language, source and licence.
- Consent of the people in it.
- Scores on the test split: `pwae evaluate` writes them.
- Licence of the weights, and a contact.
"""


def model_card(model: Model, note: Mapping[str, Any], last: Mapping[str, Any] | None) -> str:
    """The card of a finished run.

    ``note`` is what the manifest records: ``pwae``, ``config``, ``inputs``, ``environment`` and ``facts``. ``last`` is
    the last line of the run's timing, None if there is none. The card has no text of a corpus, no path and no user id.
    """
    facts = note["facts"]
    parts = (
        f"{HEAD}\n# {facts['system']}\n\n{_summary(facts)}",
        _section("The system", _system(model, note)),
        _section("Training data", _data(note)),
        _section("Training", _training(note, last)),
        f"{_section('Validation', _validation(facts))}{_warnings(facts)}",
        USE,
        LIMITS,
        YOURS,
    )
    return "\n".join(parts)


def _summary(facts: Mapping[str, Any]) -> str:
    people = counted(facts["users"] - 1, "user")
    return f"Answers a conversation as one of {people}. Trained with pwae, an implementation of PersonaWAE.\n"


def _system(model: Model, note: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "Proposed by", model.reference
    yield "What it knows of the user", model.user_information
    yield "Parameters", f"{note['facts']['parameters']:,}"
    yield "Same answer every time", "yes, unless words are drawn" if model.deterministic else "no: z is drawn"


def _data(note: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    facts, made = note["facts"], note["facts"]["preprocess"]
    yield "Corpus", f"fingerprint {note['inputs']['corpus'][:16]}"
    yield "Training sessions", f"{facts['train_sessions']:,}, split by {made['split_by']}"
    yield "Users", f"{facts['users'] - 1:,}, each with at least {counted(made['min_utterances'], 'utterance')}"
    yield "Users of whom nothing was learned", f"{facts['untrained_users']:,}"
    yield "Words", f"{facts['vocabulary_size']:,}, tokenizer {facts['tokenizer']}"
    yield "Responses cut at the maximum length", f"{facts['cut_responses']:,}"


def _training(note: Mapping[str, Any], last: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    facts, config, made = note["facts"], note["config"], note["environment"]
    yield "Settings", f"preset {preset_of(config)}; seed {config['seed']}"
    sessions = counted(config["batch_size"], "session")
    yield "Iterations", f"{facts['steps']:,}, each of {sessions}; ended: {facts['ended']}"
    yield "Weights", f"of iteration {facts['best_step']:,}, selected by {facts['selected_by']}"
    yield "Precision", facts["precision"]
    threads = made.get("threads")
    device = made.get("processor", made["device"])
    yield "Device", f"{device}, {counted(int(threads), 'thread')}" if threads else str(device)
    yield "Versions", f"pwae {note['pwae']}, torch {made['torch']}, Python {made['python']}"
    if last:
        day = datetime.fromtimestamp(last["time"], UTC).date().isoformat()
        yield "Duration", f"{last['elapsed'] / 60:,.1f} minutes, until {day}"


def _validation(facts: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in facts["valid"].items():
        yield f"`{name}`", f"{value:.4f}"


def _warnings(facts: Mapping[str, Any]) -> str:
    return "".join(f"\nWarning: {warning}\n" for warning in warnings_in(facts))


def _section(title: str, rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"| {name} | {value.replace('|', chr(92) + '|')} |\n" for name, value in rows)
    return f"## {title}\n\n| | |\n|---|---|\n{body}"
