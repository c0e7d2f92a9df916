"""Attention checks: items like all others, from the annotator's own contexts, but with a known answer.

They are made of words that people have said, and become text in the same way as every response, so only their meaning
gives them away. Two kinds alternate. One is words in random order, which are not readable. The other repeats one of the
utterances shown beside the item, so it is certain to sound like that person. In a choice of two, the two kinds are
side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pwae_core.config.human_eval import Mode
from pwae_core.errors import ConfigError
from pwae_core.human_eval.blinding.placement import CHECK, Context, Item, Tokens, keyed, shuffled

SHORTEST, LONGEST = 8, 12  # words in random order
A_SENTENCE = 3
Shown = Mapping[str, Sequence[Tokens]]


def make_checks(share: Sequence[Item], shown: Shown, count: int, mode: Mode, secret: str, annotator: int) -> list[Item]:
    """``count`` checks for one annotator. Raises ConfigError if too few contexts show a history."""
    contexts = {item.context.session_id: item.context for item in share if shown[item.context.session_id]}
    if count > len(contexts):
        raise ConfigError(f"checks: {count} are too many for {len(contexts)} contexts with a history. Lower it.")
    words = sorted({word for said in shown.values() for utterance in said for word in utterance})
    chosen = shuffled(contexts.values(), lambda one: (one.session_id,), secret, "checks", annotator)[:count]
    return [
        _check(context, shown[context.session_id], words, number, mode, f"{secret} {annotator}")
        for number, context in enumerate(chosen)
    ]


def _check(
    context: Context, said: Sequence[Tokens], words: Sequence[str], number: int, mode: Mode, secret: str
) -> Item:
    salad, repeated = _salad(words, secret, context.session_id), _repeated(said, secret, context.session_id)
    if mode == "pairs":
        return Item(context, CHECK, repeated, CHECK, salad, (("better", 1), ("person", 1)))
    if number % 2:
        return Item(context, CHECK, repeated, expected=(("personalisation", 1),))
    return Item(context, CHECK, salad, expected=(("readability", 1),))


def _salad(words: Sequence[str], secret: str, name: str) -> Tokens:
    length = SHORTEST + keyed(secret, "length", name) % (LONGEST - SHORTEST + 1)
    return tuple(words[keyed(secret, "word", name, place) % len(words)] for place in range(length))


def _repeated(said: Sequence[Tokens], secret: str, name: str) -> Tokens:
    """One of the utterances shown, preferably one of at least ``A_SENTENCE`` words."""
    sentences = [one for one in said if len(one) >= A_SENTENCE] or [max(said, key=len)]
    return sentences[keyed(secret, "repeated", name) % len(sentences)]
