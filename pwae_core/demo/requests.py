"""The page's requests. ``make`` raises ConfigError, in one line, for values that are too long, too many or invalid."""

from __future__ import annotations

from pydantic import Field

from pwae_core.config.base import Config

TURNS, CHARACTERS, PEOPLE, SAMPLES = 50, 2000, 8, 10


class Turn(Config):
    """One utterance of the conversation."""

    who: str | None = Field(None, description="Who said it: a user; empty: you; none: the person who answers.")
    text: str = Field(description="What was said.", max_length=CHARACTERS)


class Ask(Config):
    """A conversation, and the users who continue it."""

    context: list[Turn] = Field(description="The conversation, oldest first.", min_length=1, max_length=TURNS)
    users: list[str] = Field(description="Who answers.", min_length=1, max_length=PEOPLE)
    samples: int = Field(3, gt=0, le=SAMPLES, description="Answers of each.")
    draw: int = Field(0, ge=0, lt=2**31, description="Which draw: another number, other answers.")


class Between(Ask):
    """A point in latent space between two of the answers by the first of ``users``."""

    one: int = Field(0, ge=0, lt=SAMPLES, description="The sample at share 0.")
    two: int = Field(1, ge=0, lt=SAMPLES, description="The sample at share 1.")
    share: float = Field(0.5, ge=0, le=1, description="How far from the first to the second.")
