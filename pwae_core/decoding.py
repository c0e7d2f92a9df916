"""Decoding with a ``step`` function: greedy, top-k, nucleus, beam. It knows nothing about models but their step.

``step(tokens [rows], state) -> (logits [rows, vocabulary], state)``; a state is a dictionary of tensors whose first
dimension is the row. Finished rows leave the batch, so short answers need not wait for long ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, islice

import torch
from torch import Tensor

from pwae_core.config.sample import DecodingConfig
from pwae_core.errors import DivergenceError
from pwae_core.nn.noise import Noise
from pwae_core.text.vocabulary import BOS, EOS, PAD, UNK

State = dict[str, Tensor]
Step = Callable[[Tensor, State], tuple[Tensor, State]]
Choose = Callable[[Tensor, Tensor, int], Tensor]


@torch.no_grad()
def decode(step: Step, state: State, config: DecodingConfig, noise: Noise) -> list[list[int]]:
    """One answer for each row of ``state``: token ids without <s> and </s>, at most ``config.max_length``.

    If words are sampled, every row draws the random numbers for all its words at the start, so its answer does not
    depend on when other rows are finished. Raises DivergenceError if a row's largest logit is not finite.
    """
    if config.strategy == "beam":
        return _beam(step, state, config)
    if config.strategy == "greedy":
        return _forward(step, state, config, lambda logits, *_: likeliest(logits))
    rows = len(next(iter(state.values())))
    uniform = noise.uniform(rows, config.max_length)

    def choose(logits: Tensor, active: Tensor, place: int) -> Tensor:
        logits = sharpened(logits, config.temperature)
        kept = top_k(logits, config.top_k) if config.strategy == "top-k" else nucleus(logits, config.top_p)
        return draw(torch.softmax(kept, dim=-1), uniform[active, place])

    return _forward(step, state, config, choose)


def likeliest(logits: Tensor) -> Tensor:
    """[rows]: the first word with the largest of the ``logits`` [rows, vocabulary]. Raises what ``checked`` raises.

    On a CPU NumPy looks for it, about ten times as fast as PyTorch 2.13.
    """
    on_cpu = logits.device.type == "cpu"
    words = torch.from_numpy(logits.numpy().argmax(axis=-1)) if on_cpu else logits.argmax(dim=-1)
    checked(logits.gather(-1, words.unsqueeze(-1)))
    return words


def checked(largest: Tensor) -> Tensor:
    """``largest``: the largest logit of each row. Raises DivergenceError if one is not finite: no word can follow."""
    finite = largest.isfinite()
    if not finite.all():
        raise DivergenceError(
            f"The likeliest next word of an answer has the logit {float(largest[~finite][0]):g}: the system has "
            "diverged, or does not decode as it should. Try another checkpoint, or train it again."
        )
    return largest


def sharpened(logits: Tensor, temperature: float) -> Tensor:
    """The logits divided by ``temperature``, after subtracting each row's largest, so that no temperature gives NaN.

    Raises what ``checked`` raises.
    """
    largest = checked(logits.amax(dim=-1, keepdim=True))
    return (logits - largest) / max(temperature, torch.finfo(logits.dtype).tiny)


def draw(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """[rows]: the word where the cumulative ``probabilities`` [rows, vocabulary] pass ``uniform`` [rows], in [0, 1)."""
    cumulated = probabilities.double().cumsum(dim=-1)
    total = cumulated[:, -1:]
    sought = torch.minimum(uniform.double().unsqueeze(1) * total, torch.nextafter(total, torch.zeros_like(total)))
    return torch.searchsorted(cumulated, sought, right=True).squeeze(-1)


def top_k(logits: Tensor, k: int) -> Tensor:
    """[rows, vocabulary]: all but the ``k`` largest logits of a row are -inf (Fan et al. 2018)."""
    if k >= logits.shape[-1]:
        return logits
    smallest = torch.topk(logits, k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < smallest, -torch.inf)


def nucleus(logits: Tensor, mass: float) -> Tensor:
    """[rows, vocabulary]: -inf outside the smallest set of words with probability ``mass`` (Holtzman et al. 2020).

    The likeliest word is always in it, even if ``mass`` is 0 in float32.
    """
    values, order = torch.sort(logits, dim=-1, descending=True)
    probabilities = torch.softmax(values, dim=-1)
    beyond = probabilities.cumsum(dim=-1) - probabilities >= mass
    beyond[..., 0] = False
    outside = torch.zeros_like(beyond).scatter_(-1, order, beyond)
    return logits.masked_fill(outside, -torch.inf)


def forbid(logits: Tensor, answers: list[list[int]], config: DecodingConfig) -> Tensor:
    """-inf for the words that may not come next: specials, <unk> unless allowed, repeated n-grams."""
    logits = logits.float()
    logits[:, [PAD, BOS] + ([] if config.allow_unknown else [UNK])] = -torch.inf
    size = config.no_repeat_ngram
    if size:
        for row, answer in enumerate(answers):
            banned = repeated(answer, size)
            if banned:
                logits[row, banned] = -torch.inf
    return logits


def repeated(answer: list[int], size: int) -> list[int]:
    """The tokens that would make an n-gram of ``size`` occur twice in ``answer``."""
    start = len(answer) - size + 1
    if start < 0:
        return []
    tail = answer[start:]
    return [answer[i + size - 1] for i in range(start) if answer[i : i + size - 1] == tail]


def _forward(step: Step, state: State, config: DecodingConfig, choose: Choose) -> list[list[int]]:
    rows = len(next(iter(state.values())))
    answers: list[list[int]] = [[] for _ in range(rows)]
    device = next(iter(state.values())).device
    active = torch.arange(rows, device=device)
    tokens = torch.full((rows,), BOS, device=device)
    for place in range(config.max_length):
        logits, state = step(tokens, state)
        tokens = choose(forbid(logits, [answers[row] for row in active.tolist()], config), active, place)
        going = tokens != EOS
        if not bool(going.all()):
            active, tokens = active[going], tokens[going]
            state = select(state, going)
        for row, token in zip(active.tolist(), tokens.tolist(), strict=True):
            answers[row].append(token)
        if not len(active):
            break
    return answers


def select(state: State, rows: Tensor) -> State:
    """The given rows (a mask or indices) of every tensor of a state."""
    return {name: tensor[rows] for name, tensor in state.items()}


@dataclass(frozen=True)
class _Hypothesis:
    """A hypothesis for the answer to ``row``: ``tokens``, with </s> if it has ended, and their log probability.

    ``place`` is the row of the last step's state from which it continues.
    """

    row: int
    tokens: list[int]
    score: float
    place: int

    def ended(self) -> bool:
        return self.tokens[-1:] == [EOS]


def _beam(step: Step, state: State, config: DecodingConfig) -> list[list[int]]:
    """Beam search. The answer is the hypothesis with the best mean log probability per token, among those that have
    ended and those that have reached ``max_length``. A row is searched until ``beam_size`` hypotheses have ended.

    Rows are searched in groups, so that a step reads about as many rows at once as with any other strategy.
    """
    some = next(iter(state.values()))
    parts = torch.arange(len(some), device=some.device).chunk(config.beam_size)
    return [answer for part in parts for answer in _beam_part(step, select(state, part), config)]


def _beam_part(step: Step, state: State, config: DecodingConfig) -> list[list[int]]:
    some = next(iter(state.values()))
    alive = [_Hypothesis(row, [], 0.0, row) for row in range(len(some))]
    found: list[list[_Hypothesis]] = [[] for _ in alive]
    for place in range(config.max_length):
        last = torch.tensor([(h.tokens or [BOS])[-1] for h in alive], device=some.device)
        logits, state = step(last, select(state, torch.tensor([h.place for h in alive], device=some.device)))
        longer = _best_longer(alive, logits, config)
        for hypothesis in longer:
            if hypothesis.ended() or place + 1 == config.max_length:
                found[hypothesis.row].append(hypothesis)
        alive = [h for h in longer if not h.ended() and len(found[h.row]) < config.beam_size]
        if not alive:
            break
    best = [max(hypotheses, key=lambda h: h.score / len(h.tokens)) for hypotheses in found]
    return [h.tokens[:-1] if h.ended() else h.tokens for h in best]


def _best_longer(alive: list[_Hypothesis], logits: Tensor, config: DecodingConfig) -> list[_Hypothesis]:
    """The ``beam_size`` best of each row's hypotheses, extended by one token, best first."""
    logits = forbid(logits, [h.tokens for h in alive], config)
    best, tokens = torch.topk(logits, min(config.beam_size, logits.shape[-1]))
    checked(best[:, 0])
    scores = best - torch.logsumexp(logits, dim=-1, keepdim=True)
    longer = [
        _Hypothesis(h.row, [*h.tokens, token], h.score + score, place)
        for place, h in enumerate(alive)
        for score, token in zip(scores[place].tolist(), tokens[place].tolist(), strict=True)
        if score > -torch.inf
    ]
    longer.sort(key=lambda h: (h.row, -h.score))
    return [h for _, rows in groupby(longer, key=lambda h: h.row) for h in islice(rows, config.beam_size)]
