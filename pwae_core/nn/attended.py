"""The recurrence of the decoder with attention over all steps at once, and its gradients written out.

Autograd, step by step, gives the same numbers. It is slower, because each step adds to the gradient of every weight, of
all keys and of the whole source. It also keeps what the attention computed at each step, which is computed again here.

Shapes: ``rows``, ``source`` positions, ``h`` hidden units, ``a`` units of the attention; ``tokens`` of all rows in the
order of torch's PackedSequence, as in ``recurrence``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from pwae_core.equations import additive_attention_weights
from pwae_core.nn.recurrence import of_rows, states_before


def states(
    from_words: Tensor,
    start: Tensor,
    query: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    keys: Tensor,
    source: Tensor,
    scores: Tensor,
    real: Tensor,
    sizes: list[int],
) -> Tensor:
    """[tokens, h]: the state after each word, starting from ``start`` [rows, h].

    from_words: [tokens, 3h], the products of the words with the reset, update and candidate weights
    query:      [a, h], the weight that makes the attention's query from the state
    recurrent:  [3h, h], the reset, update and candidate weights of the state
    bias:       [3h], of the latter
    keys:       [rows, source, a]
    source:     [rows, source, 3h], the products of the source with the reset, update and candidate weights
    scores:     [a], the vector that makes a score from query and key
    real:       [rows, source], which positions of the source are not padding
    sizes:      how many rows have a first word, a second, ...: all of them, then never more than before
    """
    weight = torch.cat((query, recurrent))
    whole_bias = torch.cat((bias.new_zeros(len(query)), bias))
    found: Tensor = _States.apply(  # type: ignore[no-untyped-call]
        sizes, from_words, start, weight, whole_bias, keys, source, scores, real
    )
    return found


class _States(torch.autograd.Function):
    """The arithmetic of ``states``."""

    @staticmethod
    def forward(
        ctx: Any,
        sizes: list[int],
        from_words: Tensor,
        start: Tensor,
        weight: Tensor,
        bias: Tensor,
        keys: Tensor,
        source: Tensor,
        scores: Tensor,
        real: Tensor,
    ) -> Tensor:
        tokens, h, a = len(from_words), start.shape[1], len(scores)
        inputs = from_words.clone()  # they become the reset, update and candidate of each token
        products, weights = inputs.new_empty(tokens, a + 3 * h), inputs.new_empty(tokens, keys.shape[1])
        made = inputs.new_empty(tokens, h)
        state, turned = start, weight.t()
        for rows, input_, product, attention, after in zip(
            sizes, *(torch.split(one, sizes) for one in (inputs, products, weights, made)), strict=True
        ):
            state = state[:rows]
            torch.addmm(bias, state, turned, out=product)
            query, to_two, to_candidate = torch.split(product, [a, 2 * h, h], dim=1)
            attention.copy_(additive_attention_weights(query, keys[:rows], scores, real[:rows]))
            input_.unsqueeze(1).baddbmm_(attention.unsqueeze(1), source[:rows])
            two, candidate = torch.split(input_, [2 * h, h], dim=1)
            reset, update = two.add_(to_two).sigmoid_().chunk(2, dim=1)
            candidate.addcmul_(reset, to_candidate).tanh_()
            state = torch.lerp(candidate, state, update, out=after)
        ctx.sizes = sizes
        ctx.save_for_backward(start, weight, keys, source, scores, inputs, products, weights, made)
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        start, weight, keys, source, scores, inputs, products, weights, made = ctx.saved_tensors
        sizes, h, a = ctx.sizes, made.shape[1], len(scores)
        before = states_before(start.unsqueeze(0), made.unsqueeze(0), sizes).squeeze(0)
        reset, update, candidate = inputs.chunk(3, dim=1)
        others = 1 - update
        by_update = (before - candidate) * update * others
        by_candidate = others * (1 - candidate.square())
        by_reset = products[:, a + 2 * h :] * reset * (1 - reset)
        to_product, to_input, to_made = torch.empty_like(products), torch.empty_like(inputs), grads[0].clone()
        to_scores, to_energies = torch.zeros_like(scores), torch.zeros_like(keys[:, :, 0])
        squared, turned = torch.zeros_like(keys), source.transpose(1, 2)
        local = [torch.split(one, sizes) for one in (to_made, by_update, by_candidate, by_reset, reset, update)]
        attended = [torch.split(one, sizes) for one in (weights, products[:, :a], to_product, to_input)]
        to_start = start[:0]
        for t in reversed(range(len(sizes))):
            rows = sizes[t]
            to_state, by_update_, by_candidate_, by_reset_, reset_, update_ = (one[t] for one in local)
            attention, query, to_product_, to_input_ = (one[t] for one in attended)
            to_state[: len(to_start)] += to_start
            of_reset, of_update, of_candidate = to_input_.chunk(3, dim=1)
            torch.mul(to_state, by_update_, out=of_update)
            torch.mul(to_state, by_candidate_, out=of_candidate)
            torch.mul(of_candidate, by_reset_, out=of_reset)
            to_attention = (to_input_.unsqueeze(1) @ turned[:rows]).squeeze(1)
            to_energy = attention * (to_attention - (attention * to_attention).sum(dim=1, keepdim=True))
            heard = torch.add(query.unsqueeze(1), keys[:rows]).tanh_()
            to_scores.addmv_(heard.flatten(0, 1).t(), to_energy.flatten())
            to_energies[:rows] += to_energy
            squared[:rows].addcmul_(heard.square_(), to_energy.unsqueeze(2))
            to_query, to_two, to_candidate = torch.split(to_product_, [a, 2 * h, h], dim=1)
            # a row of to_energy adds up to 0, so only the square of tanh's slope 1 - tanh^2 is left
            torch.mul((to_energy.unsqueeze(1) @ heard).squeeze(1), -scores, out=to_query)
            to_two.copy_(to_input_[:, : 2 * h])
            torch.mul(of_candidate, reset_, out=to_candidate)
            to_start = torch.addmm(to_state * update_, to_product_, weight)
        return (
            None,
            to_input,
            to_start,
            to_product.t() @ before,
            to_product.sum(dim=0),
            (to_energies.unsqueeze(2) - squared) * scores,
            of_rows(weights, sizes).transpose(1, 2) @ of_rows(to_input, sizes),
            to_scores,
            None,
        )
