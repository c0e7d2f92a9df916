"""Tasks for Label Studio: texts as data, an interface that is XML and shows them by tags that read no markup."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from forms import ENGLISH

from pwae_core.human_eval.sheets.label_studio import interface, to_tasks
from pwae_core.human_eval.sheets.sheet import Row, Sheet

EVIL = "</script><b>x</b> \u2028 =1+1 $item"


def test_tasks_are_the_rows() -> None:
    row = Row(1, "bcdf-ghjk-mnpq", "A: hi\n→ B responds", "• so", EVIL)
    assert json.loads(to_tasks(Sheet(1, (row,), ENGLISH))) == [
        {
            "data": {
                "no": 1,
                "item": "bcdf-ghjk-mnpq",
                "conversation": "A: hi\n→ B responds",
                "responder_history": "• so",
                "response": EVIL,
            }
        }
    ]


def test_the_interface_asks_every_criterion_on_its_scale() -> None:
    root = ElementTree.fromstring(interface(ENGLISH))
    asked = {one.get("name"): [choice.get("value") for choice in one] for one in root.iter("Choices")}
    assert asked == {one.name: [str(rating) for rating in one.ratings] for one in ENGLISH.criteria}
    assert {one.tag for one in root.iter()} == {"View", "Header", "Text", "Choices", "Choice", "TextArea"}
    keys = [choice.get("hotkey") for choice in root.iter("Choice")]
    assert len(keys) == len(set(keys)) == 8
    assert {one.get("value") for one in root.iter("Text")} == {"$conversation", "$responder_history", "$response"}
