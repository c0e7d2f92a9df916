"""``pwae chat``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import OF_DECODING, Device, option
from pwae_core.config.sample import DecodingConfig, SampleConfig
from pwae_core.errors import InputError

if TYPE_CHECKING:
    from pwae_core.stages.chat import Chat

DEFAULTS = SampleConfig()
DECODING = DEFAULTS.decoding
HELP = """\
/user NAME   who answers
/users PART  find a user
/why         what led to the last answer
/help        these lines
/quit"""
FOUND = 20
"""How many users /users shows at a time."""


def command(
    run: Annotated[Path, typer.Argument(help="Folder written by 'pwae train'.")],
    user: Annotated[str | None, typer.Option(help="Who answers; default: nobody in particular.")] = None,
    strategy: Annotated[str, option(DecodingConfig, "strategy")] = DECODING.strategy,
    temperature: Annotated[float, option(DecodingConfig, "temperature")] = DECODING.temperature,
    no_repeat_ngram: Annotated[int, option(DecodingConfig, "no_repeat_ngram")] = DECODING.no_repeat_ngram,
    checkpoint: Annotated[str, option(SampleConfig, "checkpoint")] = DEFAULTS.checkpoint,
    seed: Annotated[int, option(SampleConfig, "seed")] = DEFAULTS.seed,
    device: Device = "auto",
) -> None:
    """Talk to a run, line by line.

    /user NAME switches who answers, in the middle of the conversation.
    """
    decoding = {"strategy": strategy, "temperature": temperature, "no_repeat_ngram": no_repeat_ngram}
    config = SampleConfig.make({"checkpoint": checkpoint, "seed": seed, "decoding": decoding}, OF_DECODING)

    from pwae_core.stages.chat import open_chat

    chat = open_chat(run, config, user, device)
    prompt = console.progress().say if sys.stdin.isatty() else None
    if prompt:
        prompt(f"{chat.run.system}, answering as {chat.user}\n{HELP}")
    _remark(chat)
    for line in console.lines():
        if line == "/quit":
            break
        try:
            _turn(chat, line)
        except InputError as error:
            console.error(str(error))


def _turn(chat: Chat, line: str | InputError) -> None:
    """Handles one line. Raises InputError for anything it cannot do; the conversation then continues."""
    if isinstance(line, InputError):
        raise line
    word, _, rest = line.partition(" ")
    if word == "/user":
        chat.switch(rest.strip(), "/user")
        _remark(chat)
    elif word == "/users":
        _print_users(chat.find(rest.strip()))
    elif word == "/help":
        console.print_line(HELP)
    elif word == "/why":
        found = chat.why()
        for name, values in found.items():
            console.print_line(f"{name}: {' '.join(f'{value:.3f}' for value in values)}")
        if not found:
            console.print_line(f"{chat.run.system} has no prior and no gate.")
    elif word.startswith("/"):
        raise InputError(f"{word}: no such command. /help lists them.")
    else:
        console.print_line(f"{chat.user}: {chat.say(line)}")
    console.flush()


def _remark(chat: Chat) -> None:
    if chat.remark:
        console.progress().say(chat.remark)


def _print_users(names: list[str]) -> None:
    if names[:FOUND]:
        console.print_line("  ".join(names[:FOUND]))
    if len(names) != len(names[:FOUND]):
        console.print_line(f"{FOUND} of {len(names):,}; /users PART narrows the list")
    if not names:
        console.print_line("nobody; /users without a PART lists some users")
