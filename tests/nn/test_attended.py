"""The written-out gradients of the attention decoder against finite differences, and autograd over the equations."""

import pytest
import torch
from torch import Tensor

from pwae_core import equations
from pwae_core.nn import attended
from pwae_core.nn.attention import AttentionDecoder

ROWS, STEPS, SOURCE, H, A = 3, 4, 5, 3, 2
REAL = torch.arange(SOURCE) < torch.tensor([5, 2, 1]).unsqueeze(1)


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def test_the_gradients_are_those_of_finite_differences() -> None:
    words, start = _random(ROWS, STEPS, 3 * H), _random(ROWS, H)
    weights = _random(A, H), _random(3 * H, H), _random(3 * H)
    source = _random(ROWS, SOURCE, A), _random(ROWS, SOURCE, 3 * H), _random(A)
    assert torch.autograd.gradcheck(lambda *given: attended.states(*given, REAL), (words, start, *weights, *source))


@pytest.mark.parametrize("rows", [ROWS, 1])
@pytest.mark.parametrize("steps", [STEPS, 1])
@pytest.mark.parametrize("with_user", [True, False])
def test_a_decoder_that_learns_is_autograd_over_the_equations(with_user: bool, steps: int, rows: int) -> None:
    real = REAL[:rows]
    decoder = AttentionDecoder(3, 2 * H, H, user_size=2 if with_user else 0).double()
    start, words, source, user = (
        _random(rows, H),
        _random(rows, steps, 3),
        _random(rows, SOURCE, 2 * H),
        _random(rows, 2),
    )
    given = user if with_user else None

    def step_by_step() -> Tensor:
        inputs = decoder.word_input(words)
        if decoder.user_input is not None:
            inputs = inputs + decoder.user_input(user).unsqueeze(1)
        state, states = start, []
        for t in range(steps):
            read = equations.additive_attention(decoder.query(state), decoder.key(source), source, decoder.scores, real)
            state = equations.gru_update(inputs[:, t] + decoder.source_input(read), decoder.recurrent(state), state)
            states.append(state)
        return torch.stack(states, dim=1)

    found, expected = decoder(start, words, source, decoder.key(source), real, given), step_by_step()
    torch.testing.assert_close(found, expected)
    towards = [start, words, source, *([user] if with_user else []), *decoder.parameters()]
    weighted = [(one * torch.arange(one.numel()).view_as(one).cos()).sum() for one in (found, expected)]
    for one, other in zip(*(torch.autograd.grad(loss, towards) for loss in weighted), strict=True):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        torch.testing.assert_close(decoder(start, words, source, decoder.key(source), real, given), expected)


def test_bfloat16_is_near() -> None:
    decoder = AttentionDecoder(3, 2 * H, H)
    start, words, source = torch.randn(ROWS, H), torch.randn(ROWS, STEPS, 3), torch.randn(ROWS, SOURCE, 2 * H)
    with torch.autocast("cpu", torch.bfloat16):
        rough = decoder(start.bfloat16(), words, source, decoder.key(source), REAL)
        rough.float().sum().backward()
    smooth = decoder(start, words, source, decoder.key(source), REAL)
    torch.testing.assert_close(rough.float(), smooth, rtol=0.05, atol=0.05)
