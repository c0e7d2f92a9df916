"""The written-out gradients of the decoder with attention against finite differences, and autograd step by step."""

import pytest
import torch
from torch import Tensor

from pwae_core.nn import attended
from pwae_core.nn.attention import AttentionDecoder

ROWS, STEPS, SOURCE, H, A = 3, 4, 5, 3, 2
SIZES = [3, 2, 1, 1]
REAL = torch.arange(SOURCE) < torch.tensor([5, 2, 1]).unsqueeze(1)


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def test_the_gradients_are_those_of_finite_differences() -> None:
    words, start = _random(sum(SIZES), 3 * H), _random(ROWS, H)
    weights = _random(A, H), _random(3 * H, H), _random(3 * H)
    source = _random(ROWS, SOURCE, A), _random(ROWS, SOURCE, 3 * H), _random(A)
    inputs = words, start, *weights, *source
    assert torch.autograd.gradcheck(lambda *given: attended.states(*given, REAL, SIZES), inputs)


@pytest.mark.parametrize("lengths", [[2, 4, 1], [3], [1, 1, 1]])
@pytest.mark.parametrize("with_user", [True, False])
def test_a_decoder_that_knows_the_lengths_is_one_that_does_not(lengths: list[int], with_user: bool) -> None:
    rows, real = len(lengths), REAL[: len(lengths)]
    decoder = AttentionDecoder(3, 2 * H, H, user_size=2).double()
    start, words, source = _random(rows, H), _random(rows, STEPS, 3), _random(rows, SOURCE, 2 * H)
    user = _random(rows, 2) if with_user else None

    def made(lengths: Tensor | None) -> Tensor:
        return decoder(start, words, source, decoder.key(source), real, user, lengths)

    there = (torch.arange(STEPS) < torch.tensor(lengths).unsqueeze(1)).unsqueeze(2)
    expected, found = made(None) * there, made(torch.tensor(lengths))
    torch.testing.assert_close(found, expected)
    towards = [start, words, source, *decoder.parameters(), *([user] if user is not None else [])]
    weighted = [(one * torch.arange(one.numel()).view_as(one).cos()).sum() for one in (found, expected)]
    gradients = [torch.autograd.grad(loss, towards, materialize_grads=True) for loss in weighted]
    torch.testing.assert_close(*gradients)
