"""The written-out gradients against finite differences, autograd over the equations, and torch's GRU."""

from collections.abc import Iterable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from pwae_core.nn.decoders import GatedDecoder, PlainDecoder
from pwae_core.nn.encoders import UtteranceEncoder, final_states, states_and_final
from pwae_core.nn.recurrence import Gate, states

D, H, G, SIZES = 2, 3, 4, [3, 3, 2, 1]
LENGTHS = torch.tensor([2, 5, 1, 4])


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def test_the_gradients_are_those_of_finite_differences() -> None:
    tokens = sum(SIZES)
    inputs = _random(D, tokens, 3 * H), _random(D, 3, H), _random(D, 3 * H, H), _random(D, 3 * H)
    assert torch.autograd.gradcheck(lambda *given: states(*given, SIZES), inputs)


def test_the_gradients_through_the_gate_are_those_of_finite_differences() -> None:
    tokens = sum(SIZES)
    inputs = _random(D, tokens, 3 * H), _random(D, 3, H), _random(D, G + 3 * H, H), _random(D, 3 * H)
    gate = _random(D, tokens, G), _random(D, tokens, G), _random(D, 3 * H, G)
    assert torch.autograd.gradcheck(lambda *given: states(*given[:4], SIZES, Gate(*given[4:])), (*inputs, *gate))


def _gradients(values: Tensor, towards: Iterable[Tensor]) -> Sequence[Tensor]:
    return torch.autograd.grad((values * torch.arange(values.numel()).view_as(values).cos()).sum(), list(towards))


@pytest.mark.parametrize("gated", [True, False])
def test_a_decoder_that_knows_the_lengths_is_one_that_does_not(gated: bool) -> None:
    decoder = GatedDecoder(3, 5, 4) if gated else PlainDecoder(3, 4)
    start, words, user = (torch.randn(4, size, requires_grad=True) for size in (4, 18, 5))
    read = (words.view(4, 6, 3), user) if gated else (words.view(4, 6, 3),)
    towards = [start, words, *([user] if gated else []), *decoder.parameters()]
    real = (torch.arange(6) < LENGTHS.unsqueeze(1)).unsqueeze(2)
    expected, found = decoder(start, *read) * real, decoder(start, *read, LENGTHS)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(_gradients(found, towards), _gradients(expected, towards))


def test_an_encoder_that_learns_is_torch_gru() -> None:
    gru = nn.GRU(3, 4, batch_first=True, bidirectional=True)
    words = torch.randn(4, 5, 3, requires_grad=True)
    packed = [pack_padded_sequence(words, LENGTHS, batch_first=True, enforce_sorted=False) for _ in range(2)]
    expected, found = gru(packed[0])[1], final_states(gru, packed[1])
    torch.testing.assert_close(found, expected)
    towards = [words, *gru.parameters()]
    torch.testing.assert_close(_gradients(found, towards), _gradients(expected, towards))


@pytest.mark.parametrize("is_sorted", [False, True])
def test_the_states_of_an_encoder_that_learns_are_torch_gru(is_sorted: bool) -> None:
    gru = nn.GRU(3, 4, batch_first=True, bidirectional=True)
    words = torch.randn(4, 5, 3, requires_grad=True)
    lengths = LENGTHS.sort(descending=True).values if is_sorted else LENGTHS
    packed = [pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=is_sorted) for _ in range(2)]
    towards = [words, *gru.parameters()]
    (expected, expected_last), (found, found_last) = gru(packed[0]), states_and_final(gru, packed[1])
    torch.testing.assert_close(found_last, expected_last)
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other)
    torch.testing.assert_close(_gradients(found.data, towards), _gradients(expected.data, towards))


def test_an_encoder_that_only_answers_is_torch_gru_to_the_bit() -> None:
    encoder, words = UtteranceEncoder(3, 4), torch.randn(4, 5, 3)
    with torch.no_grad():
        final = encoder.rnn(pack_padded_sequence(words, LENGTHS, batch_first=True, enforce_sorted=False))[1]
        assert torch.equal(encoder(words, LENGTHS), torch.cat((final[0], final[1]), dim=-1))


def test_bfloat16_is_near() -> None:
    decoder = GatedDecoder(3, 5, 4)
    given = torch.randn(4, 4), torch.randn(4, 6, 3), torch.randn(4, 5), LENGTHS
    with torch.autocast("cpu", torch.bfloat16):
        rough = decoder(*given)
        rough.float().sum().backward()
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), decoder(*given), rtol=0.05, atol=0.05)
