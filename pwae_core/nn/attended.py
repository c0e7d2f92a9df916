"""The recurrence of the decoder with attention over all steps at once, and its gradients written out.

Autograd, step by step, gives the same numbers. It is slower, because each step adds to the gradient of every weight, of
all keys and of the whole source. It also keeps what the attention computed at each step, which is computed again here.

Shapes: ``rows``, ``steps``, ``source`` positions, ``h`` hidden units, ``a`` units of the attention.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from pwae_core.equations import additive_attention_weights


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
) -> Tensor:
    """[rows, steps, h]: the state after each word, starting from ``start`` [rows, h].

    from_words: [rows, steps, 3h], the products of the words with the reset, update and candidate weights
    query:      [a, h], the weight that makes the attention's query from the state
    recurrent:  [3h, h], the reset, update and candidate weights of the state
    bias:       [3h], of the latter
    keys:       [rows, source, a]
    source:     [rows, source, 3h], the products of the source with the reset, update and candidate weights
    scores:     [a], the vector that makes a score from query and key
    real:       [rows, source], which positions of the source are not padding
    """
    weight = torch.cat((query, recurrent))
    whole_bias = torch.cat((bias.new_zeros(len(query)), bias))
    found: Tensor = _States.apply(  # type: ignore[no-untyped-call]
        from_words, start, weight, whole_bias, keys, source, scores, real
    )
    return found


class _States(torch.autograd.Function):
    """The arithmetic of ``states``. Tensors of all steps have the step first, but for ``made``."""

    @staticmethod
    def forward(
        ctx: Any,
        from_words: Tensor,
        start: Tensor,
        weight: Tensor,
        bias: Tensor,
        keys: Tensor,
        source: Tensor,
        scores: Tensor,
        real: Tensor,
    ) -> Tensor:
        (rows, steps), h, a = from_words.shape[:2], start.shape[1], len(scores)
        inputs = from_words.transpose(0, 1).clone(memory_format=torch.contiguous_format)  # then the three gates
        products = inputs.new_empty(steps, rows, a + 3 * h)
        weights = inputs.new_empty(steps, rows, 1, keys.shape[1])
        made = inputs.new_empty(rows, steps, h)
        turned, state = weight.t(), start
        for t in range(steps):
            torch.addmm(bias, state, turned, out=products[t])
            query, to_two, to_candidate = torch.split(products[t], [a, 2 * h, h], dim=1)
            weights[t, :, 0] = additive_attention_weights(query, keys, scores, real)
            inputs[t].unsqueeze(1).baddbmm_(weights[t], source)
            two, candidate = torch.split(inputs[t], [2 * h, h], dim=1)
            reset, update = two.add_(to_two).sigmoid_().chunk(2, dim=1)
            candidate.addcmul_(reset, to_candidate).tanh_()
            state = torch.lerp(candidate, state, update, out=made[:, t])
        ctx.save_for_backward(start, weight, keys, source, scores, inputs, products, weights, made)
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        start, weight, keys, source, scores, inputs, products, weights, made = ctx.saved_tensors
        h, a = made.shape[2], len(scores)
        before = torch.cat((start.unsqueeze(0), made[:, :-1].transpose(0, 1)))
        reset, update, candidate = inputs.chunk(3, dim=2)
        others = 1 - update
        by_update = (before - candidate) * update * others
        by_candidate = others * (1 - candidate.square())
        by_reset = products[..., a + 2 * h :] * reset * (1 - reset)
        to_product, to_input = torch.empty_like(products), torch.empty_like(inputs)
        to_scores, to_energies = torch.zeros_like(scores), torch.zeros_like(weights[0])
        squared = torch.zeros_like(keys)
        heard, turned = torch.empty_like(keys), source.transpose(1, 2)
        to_state = torch.zeros_like(start)
        for t in reversed(range(len(inputs))):
            to_state = to_state + grads[0][:, t]
            of_reset, of_update, of_candidate = to_input[t].chunk(3, dim=1)
            torch.mul(to_state, by_update[t], out=of_update)
            torch.mul(to_state, by_candidate[t], out=of_candidate)
            torch.mul(of_candidate, by_reset[t], out=of_reset)
            to_weights = to_input[t].unsqueeze(1) @ turned
            to_energy = weights[t] * (to_weights - (weights[t] * to_weights).sum(dim=2, keepdim=True))
            torch.add(products[t, :, :a].unsqueeze(1), keys, out=heard).tanh_()
            to_scores.addmv_(heard.flatten(0, 1).t(), to_energy.flatten())
            to_energies += to_energy
            squared.addcmul_(heard.square_(), to_energy.transpose(1, 2))
            to_query, to_two, to_candidate = torch.split(to_product[t], [a, 2 * h, h], dim=1)
            torch.mul((to_energy @ heard).squeeze(1), -scores, out=to_query)  # a row of to_energy adds up to 0
            to_two.copy_(to_input[t, :, : 2 * h])
            torch.mul(of_candidate, reset[t], out=to_candidate)
            to_state = torch.addmm(to_state * update[t], to_product[t], weight)
        to_products = to_product.flatten(0, 1)
        return (
            to_input.transpose(0, 1),
            to_state,
            to_products.t() @ before.flatten(0, 1),
            to_products.sum(dim=0),
            (to_energies.transpose(1, 2) - squared) * scores,
            weights.squeeze(2).permute(1, 2, 0) @ to_input.transpose(0, 1),
            to_scores,
            None,
        )
