"""A sheet as tasks for Label Studio, and the labelling interface that shows them.

Its exports use the sheets' column names, so finished tasks are read like any other sheet. One column is renamed,
because Label Studio has its own column ``history``.
"""

from __future__ import annotations

import json
from xml.sax.saxutils import quoteattr

from pwae_core.human_eval.sheets.form import REMARK, Criterion, Form
from pwae_core.human_eval.sheets.sheet import Sheet

CONFIG_FILE = "label-studio.xml"
HISTORY = "responder_history"
RENAMED = {"history": HISTORY}
OWN = ("id", "annotation_id", "annotator", "created_at", "updated_at", "lead_time", "history", "project", "agreement")
"""Columns that Label Studio adds to a table."""
HOTKEYS = ("123", "qwe", "asd")
"""One key per choice: a row of the keyboard for each criterion."""


def to_tasks(sheet: Sheet) -> bytes:
    """The tasks in the sheet's order, as JSON to import."""
    given = [row.given(sheet.form) for row in sheet.rows]
    tasks = [{"data": {RENAMED.get(name, name): value for name, value in row.items()}} for row in given]
    return (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode()


def interface(form: Form) -> bytes:
    """The labelling configuration, the same for every sheet. Its tags show texts without interpreting markup."""
    lines = ["<View>"]
    for column in form.texts:
        name = RENAMED.get(column, column)
        lines += [f"  <Header value={quoteattr(form.head(column))}/>", f'  <Text name="{name}" value="${name}"/>']
    for number, criterion in enumerate(form.criteria):
        lines += _choices(criterion, HOTKEYS[number])
    lines += [
        f"  <Header value={quoteattr(form.words.page.remark)}/>",
        f'  <TextArea name="{REMARK}" toName="response" maxSubmissions="1" editable="true"/>',
        "</View>",
        "",
    ]
    return "\n".join(lines).encode()


def _choices(criterion: Criterion, hotkeys: str) -> list[str]:
    begin = f'  <Choices name="{criterion.name}" toName="response" choice="single-radio" required="true">'
    offered = [
        f'    <Choice value="{rating}" hint={quoteattr(meaning)} hotkey="{hotkey}"/>'
        for (rating, meaning), hotkey in zip(criterion.scale.items(), hotkeys, strict=False)
    ]
    heading = f"  <Header value={quoteattr(f'{criterion.question} {criterion.legend}')}/>"
    return [heading, begin, *offered, "  </Choices>"]
