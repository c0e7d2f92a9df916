"""The settings of ``pwae preprocess``: the paper's section 4.1."""

from __future__ import annotations

import difflib
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from pwae_core import plugins
from pwae_core.config.base import Config

FIELDS = ("conversation_id", "turn", "user_id", "text", "timestamp", "utterance_id", "reply_to", "user_name")
FORMATS = {
    "jsonl": "your own rows: JSON, one object per line",
    "json": "your own rows: a JSON array, or objects that span several lines",
    "csv": "your own rows: a table with a header, separated by commas, tabs, semicolons or bars",
    "parquet": "your own rows: Parquet",
    "weibo-spider": "nghuyong/WeiboSpider: comments, posts and reposts",
    "weibo-crawler-json": 'dataabc/weibo-crawler: {"user": {...}, "weibo": [...]}',
    "weibo-crawler-sqlite": "dataabc/weibo-crawler: SQLite with the tables comments, reposts, weibo",
    "media-crawler": "NanmiCoder/MediaCrawler: posts and comments of all its platforms",
    "pchatbot": "Pchatbot: six tab-separated fields per line, a post and its response",
    "reddit": "Reddit dumps (Pushshift and its successors): comments and submissions",
    "convokit": "ConvoKit corpora: utterances.jsonl",
    "telegram": "Telegram Desktop: result.json, of one chat or a whole account",
    "discord": "Tyrrrz/DiscordChatExporter: the JSON of a channel",
    "whatsapp": "WhatsApp: the text file of an exported chat",
}
"""Every format, with one line about it (``--format list``). ``corpus.readers.registry`` has each format's reader."""

CLEANING = (
    "html",
    "widths",
    "emoji",
    "brackets",
    "links",
    "images",
    "replies",
    "reposts",
    "mentions",
    "titles",
    "topics",
    "marks",
)
CLEANING_BY_DEFAULT = ("emoji", "brackets", "links", "images", "replies", "reposts", "marks")
HELD_OUT_COUNT = 5_000
HELD_OUT_SHARE = 0.05


def _are_changes(names: Any) -> bool:
    return bool(names) and all(isinstance(name, str) and name[:1] in ("+", "-") for name in names)


class PreprocessConfig(Config):
    """Section 4.1 of the paper, with its numbers as defaults. What the paper leaves open can be chosen."""

    format: str = Field(
        "auto",
        description="Format of the raw files: auto (recognised by content), or one that --format list shows.",
    )
    shape: Literal["auto", "turns", "replies", "times"] = Field(
        "auto",
        description="How your own rows (and chats, if you choose replies) form conversations: turns "
        "(conversation_id, turn), replies (utterance_id, "
        "reply_to), times (conversation_id, timestamp), or auto (the first of these for which there are columns).",
    )
    time_zone: str = Field(
        "UTC",
        description="Time zone of times without one in your own rows, for example Europe/Berlin. Crawl formats have "
        "their own.",
    )
    time_format: str | None = Field(
        None,
        description="How your own times are written, if they are not recognised; for example %d/%m/%Y %H:%M.",
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Which raw column holds a field, if it has another name: FIELD=COLUMN, for example user_id=author.",
    )
    tokenizer: Literal["nltk", "jieba", "char", "whitespace"] = Field(
        "nltk", description="Tokenizer: nltk (English), jieba (Chinese), char, or whitespace (already segmented text)."
    )
    clean: tuple[str, ...] = Field(
        CLEANING_BY_DEFAULT,
        description=f"What to remove from the text, separated by commas: any of {', '.join(CLEANING)}; or none. With +"
        " or - before every name the list changes the default: -brackets keeps [doge] and the like, as one token each.",
    )
    clean_as_format: bool = Field(
        True,
        description="Whether to add the cleaning steps that a file's format needs (html for some crawls).",
    )
    lowercase: bool = Field(False, description="Convert the text to lower case.")
    unfold: bool = Field(
        True,
        description="Turn the quotations in repost chains (text//@name:text) into turns, if the names belong to "
        "known users.",
    )
    drop_users: tuple[str, ...] = Field((), description="A user id that is not a real person: its rows are left out.")
    giant_share: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Warn of a user with at least this share of all utterances (and ten times the average).",
    )
    gap: float = Field(
        60,
        ge=0,
        allow_inf_nan=False,
        description="In chats, which have times but no turns, a new conversation begins if nobody wrote for more "
        "than this many minutes (0: never).",
    )
    merge_consecutive: bool = Field(
        False, description="Join consecutive messages of one sender into one utterance (the paper does not)."
    )
    min_utterances: int = Field(
        15, ge=1, description="Users need at least this many utterances in the whole dump (the paper: more than 14)."
    )
    users: Literal["responder", "all"] = Field(
        "responder", description="Who in a session needs that many: the responder, or all speakers."
    )
    min_turns: int = Field(2, ge=1, description="Conversations with fewer utterances are dropped.")
    window: int = Field(3, ge=2, description="Utterances in a session: the context and the response.")
    stride: int = Field(1, ge=1, description="Utterances from the start of one session to the start of the next.")
    vocabulary_size: int = Field(31_000, ge=1, description="Words in the vocabulary, not counting special tokens.")
    valid: float | None = Field(
        None,
        ge=0,
        description="Size of the validation split: a count, or a fraction below 1. Default: 5,000, at most 5%.",
    )
    test: float | None = Field(
        None, ge=0, description="Size of the test split: a count, or a fraction below 1. Default: 5,000, at most 5%."
    )
    split_by: Literal["session", "conversation", "time"] = Field(
        "session",
        description="What to split by: session (as in the paper), conversation (whole ones, nothing shared), "
        "or time (the latest sessions are the test split, those before them the validation split).",
    )
    seed: int = Field(7, ge=0, description="Seed of the random split.")

    def steps(self, needed: tuple[str, ...]) -> tuple[str, ...]:
        """The cleaning steps for a file in a format that needs the steps ``needed``."""
        wanted = {*self.clean, *(needed if self.clean_as_format else ())}
        return tuple(name for name in CLEANING if name in wanted)

    @field_validator("format")
    @classmethod
    def _format_exists(cls, name: str) -> str:
        if name not in {"auto", *FORMATS} and name not in {one.name for one in plugins.installed("reader")}:
            near = difflib.get_close_matches(name, FORMATS, n=1)
            hint = f"did you mean {near[0]}?" if near else "--format list shows them all"
            raise ValueError(f"no such format; {hint}")
        return name

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise ValueError("no such time zone; give a name such as Europe/Berlin or Asia/Shanghai") from None
        return name

    @field_validator("time_format")
    @classmethod
    def _is_a_form(cls, form: str | None) -> str | None:
        if form is not None and "%" not in form:
            raise ValueError("a time format names its parts, as in %d/%m/%Y %H:%M")
        return form

    @model_validator(mode="before")
    @classmethod
    def _what_formats_need_is_the_default(cls, values: Any) -> Any:
        """A list of the user's own is used unchanged, and ``-html`` leaves markup in."""
        names = values.get("clean") if isinstance(values, dict) else None
        if not isinstance(names, list | tuple) or "clean_as_format" in values:
            return values
        default = _are_changes(names) or tuple(names) == CLEANING_BY_DEFAULT
        return {**values, "clean_as_format": default and "-html" not in names}

    @field_validator("columns")
    @classmethod
    def _fields_exist(cls, columns: dict[str, str]) -> dict[str, str]:
        for field in columns:
            if field not in FIELDS:
                raise ValueError(f"{field!r} is not a field; the fields are {', '.join(FIELDS)}")
        return columns

    @field_validator("clean", mode="before")
    @classmethod
    def _changes_the_default(cls, names: Any) -> Any:
        if not _are_changes(names):
            return names
        changes = {name[1:]: name[0] == "+" for name in names}
        left = [name for name in CLEANING_BY_DEFAULT if changes.get(name, True)]
        return (*left, *(name for name, wanted in changes.items() if wanted or name not in CLEANING))

    @field_validator("clean")
    @classmethod
    def _cleaning_exists(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CLEANING:
                raise ValueError(f"{name!r} is not a cleaning step; the steps are {', '.join(CLEANING)}, or none")
        return tuple(name for name in CLEANING if name in names)

    @field_validator("valid", "test")
    @classmethod
    def _whole_or_fraction(cls, size: float | None) -> float | None:
        if size is not None and size >= 1 and not size.is_integer():
            raise ValueError("a size is a whole number, or a fraction below 1")
        return size


DEFAULTS = PreprocessConfig()
