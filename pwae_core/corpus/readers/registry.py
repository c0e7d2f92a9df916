"""Every format there is. The order is that in which a file is asked whether it is one of them: own data comes last."""

from __future__ import annotations

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
