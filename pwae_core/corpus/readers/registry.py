"""Every format, in the order in which files are tested for them: the user's own data comes last.

Formats of plugins are read only if they are named; files are not tested for them.
"""

from __future__ import annotations

from typing import Any

from pwae_core import plugins
from pwae_core.corpus.readers import (
    convokit,
    delimited,
    discord,
    jsonl,
    media_crawler,
    own_json,
    parquet,
    pchatbot,
    reddit,
    telegram,
    weibo_crawler_json,
    weibo_crawler_sqlite,
    weibo_spider,
    whatsapp,
)
from pwae_core.corpus.readers.base import Reader

READERS: dict[str, Reader] = {
    module.READER.name: module.READER
    for module in (
        parquet,
        weibo_crawler_sqlite,
        weibo_crawler_json,
        weibo_spider,
        media_crawler,
        pchatbot,
        reddit,
        convokit,
        telegram,
        discord,
        whatsapp,
        jsonl,
        own_json,
        delimited,
    )
}

OWN = {module.READER.name for module in (parquet, jsonl, own_json, delimited)}
"""The formats of the user's own rows."""
SHAPES = {"telegram": ("replies", "times"), "discord": ("replies", "times"), "whatsapp": ("times",)}
"""Other formats in which ``--shape`` may be chosen, from these."""


def reader_of(format: str) -> Reader:
    """The reader of a format, pwae's own or a plugin's. Raises ConfigError for an unknown name or a wrong plugin."""
    return plugins.pick("reader", format, READERS, _problem)


def inputs_of(format: str) -> dict[str, str]:
    """What the plan of a corpus records about the plugin that read it; empty for pwae's own readers."""
    found = plugins.find("reader", format, READERS)
    return found.inputs if found else {}


def _problem(part: Any, name: str) -> str:
    """What is wrong with the interface of a plugin's reader; empty if nothing is."""
    if not isinstance(part, Reader):
        return "is no pwae_core.Reader"
    return "" if part.name == name else f"calls itself {part.name!r:.80}"
