"""A sheet as tasks for Label Studio, and the labelling interface that shows them.

Its exports name columns as the sheets do, so that filled tasks are read like any other sheet. One is renamed: Label
Studio has a column ``history`` of its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from xml.sax.saxutils import quoteattr

from pwae_core.human_eval.sheets.questions import CRITERIA, Criterion
from pwae_core.human_eval.sheets.sheet import REMARK, Sheet

CONFIG_FILE = "label-studio.xml"
HISTORY = "responder_history"
RENAMED = {"history": HISTORY}
TEXTS = {
    "conversation": "Conversation",
    HISTORY: "What the responder has said elsewhere",
    "response": "The response to judge",
}


def to_tasks(sheet: Sheet) -> bytes:
    """The tasks in the sheet's order, to be imported as JSON."""
    tasks = [{"data": {RENAMED.get(name, name): value for name, value in asdict(row).items()}} for row in sheet.rows]
    return (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode()


def interface() -> bytes:
    """The labelling configuration: the same for every sheet. Texts are shown by tags that read no markup."""
    lines = ["<View>"]
    for name, heading in TEXTS.items():
        lines += [f"  <Header value={quoteattr(heading)}/>", f'  <Text name="{name}" value="${name}"/>']
    for criterion in CRITERIA:
        lines += _choices(criterion)
    lines += [
        '  <Header value="Remark"/>',
        f'  <TextArea name="{REMARK}" toName="response" maxSubmissions="1" editable="true"/>',
        "</View>",
        "",
    ]
    return "\n".join(lines).encode()


def _choices(criterion: Criterion) -> list[str]:
    begin = f'  <Choices name="{criterion.name}" toName="response" choice="single-radio" required="true">'
    offered = [
        f'    <Choice value="{rating}" hint={quoteattr(meaning)} hotkey="{_hotkey(criterion, rating)}"/>'
        for rating, meaning in criterion.scale.items()
    ]
    heading = f"  <Header value={quoteattr(f'{criterion.question} {criterion.legend}')}/>"
    return [heading, begin, *offered, "  </Choices>"]


def _hotkey(criterion: Criterion, rating: int) -> str:
    """A key of its own for every choice: rows of the keyboard, a row per criterion."""
    row = ("123", "qwe", "as")[CRITERIA.index(criterion)]
    return row[criterion.ratings.index(rating)]
