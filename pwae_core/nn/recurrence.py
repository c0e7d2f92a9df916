"""Equation 11's GRU over all steps at once, with or without its gate, and its gradients written out.

Autograd, step by step, gives the same numbers. It is slower, because each step adds to the gradient of every weight.
Here the gradient of a weight is one product over all steps, whatever does not depend on the gradient of the following
step is computed for all steps at once, and padding is skipped.

Shapes: ``d`` directions side by side, ``tokens`` of all rows in the order of torch's PackedSequence (the first token of
each row, longest row first, then the second tokens, ...), ``h`` hidden units, ``g`` gate units.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence


class GRU(nn.GRU):
    """torch's. On CUDA it computes in float32 even under autocast, which makes cuDNN's recurrences float16 whatever it
    was asked for.
    """

    def forward(self, inputs: Tensor | PackedSequence, start: Tensor | None = None) -> tuple[Any, Tensor]:
        if (kind := inputs.data.device.type) == "cpu":
            return super().forward(inputs, start)
        with torch.autocast(kind, enabled=False):
            return super().forward(inputs.float(), None if start is None else start.float())


class Gate(NamedTuple):
    """What the gate adds to a step's input: ``weight`` (sigmoid(U s + ``from_input``) * ``opens``).

    from_input: [d, tokens, g]; opens: [d, tokens, g], the user's vector at each token; weight: [d, 3h, g].
    """

    from_input: Tensor
    opens: Tensor
    weight: Tensor


def states(
    from_input: Tensor, start: Tensor, weight: Tensor, bias: Tensor, sizes: list[int], gate: Gate | None = None
) -> Tensor:
    """[d, tokens, h]: the state after each token, starting from ``start`` [d, rows, h].

    from_input: [d, tokens, 3h], the products of the input with the reset, update and candidate weights
    weight:     [d, g + 3h, h], the gate's U, then the reset, update and candidate weights of the state
    bias:       [d, 3h], of the latter
    sizes:      how many rows have a first token, a second, ...: all of them, then never more than before
    """
    directions, tokens = from_input.shape[:2]
    gate = gate or Gate(*(bias.new_empty(directions, rows, 0) for rows in (tokens, tokens, bias.shape[1])))
    inputs: tuple[Tensor, ...] = (from_input, start, weight, bias, *gate)
    kind = from_input.device.type
    if torch.is_autocast_enabled(kind):
        inputs = tuple(one.to(torch.get_autocast_dtype(kind)) for one in inputs)
    with torch.autocast(kind, enabled=False):
        found: Tensor = _States.apply(sizes, *inputs)  # type: ignore[no-untyped-call]
    return found


class _States(torch.autograd.Function):
    """The arithmetic of ``states``. Columns are in the order gate, candidate of the state, reset, update, candidate of
    the input, so the columns of each product are adjacent.
    """

    @staticmethod
    def forward(
        ctx: Any,
        sizes: list[int],
        from_input: Tensor,
        start: Tensor,
        weight: Tensor,
        bias: Tensor,
        from_gate: Tensor,
        opens: Tensor,
        opened_weight: Tensor,
    ) -> Tensor:
        h, g = start.shape[2], opens.shape[2]
        weight = torch.cat((weight[:, :g], _candidate_first(weight[:, g:])), dim=1)
        bias = torch.cat((bias.new_zeros(len(bias), g), _candidate_first(bias)), dim=1).unsqueeze(1)
        gates, inputs, opened = from_gate.clone(), from_input.clone(), torch.empty_like(opens)
        products, made = inputs.new_empty(*inputs.shape[:2], g + 3 * h), torch.empty_like(inputs[..., :h])
        gate, of_user, opening, input_, product, after = _by_step(sizes, gates, opens, opened, inputs, products, made)
        two, candidate = _by_step(sizes, *torch.split(inputs, [2 * h, h], dim=2))
        to_gate, to_candidate, to_two = _by_step(sizes, *torch.split(products, [g, h, 2 * h], dim=2))
        state, turned, opened_turned = start, weight.transpose(1, 2), opened_weight.transpose(1, 2)
        for t, rows in enumerate(sizes):
            state = state[:, :rows]
            torch.baddbmm(bias, state, turned, out=product[t])
            if g:
                torch.mul(gate[t].add_(to_gate[t]).sigmoid_(), of_user[t], out=opening[t])
                input_[t].baddbmm_(opening[t], opened_turned)
            reset, update = two[t].add_(to_two[t]).sigmoid_().chunk(2, dim=2)
            candidate[t].addcmul_(reset, to_candidate[t]).tanh_()
            state = torch.lerp(candidate[t], state, update, out=after[t])
        ctx.sizes = sizes
        ctx.save_for_backward(
            start, weight, opened_weight, gates, opens, opened, inputs, products[..., g : g + h], made
        )
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        start, weight, opened_weight, gates, opens, opened, inputs, from_state, made = ctx.saved_tensors
        sizes, h, g = ctx.sizes, start.shape[2], opens.shape[2]
        reset, update, candidate = inputs.chunk(3, dim=2)
        before = states_before(start, made, sizes)
        others = 1 - update
        per_state = torch.stack(((before - candidate) * update * others, others * (1 - candidate.square()), update), 2)
        per_candidate = torch.stack((reset, from_state * reset * (1 - reset)), 2)
        per_opened = opens * gates * (1 - gates)
        found = made.new_empty(
            *made.shape[:2], g + 5 * h
        )  # the gradients of the columns, and of the state that is kept
        to_opened, to_state = torch.empty_like(opens), grads[0].clone()
        local = _by_step(sizes, to_state.unsqueeze(2), per_state, per_candidate, per_opened, to_opened)
        of_state, of_candidate = _by_step(
            sizes, found[..., g + 2 * h :].unflatten(2, (3, h)), found[..., g : g + 2 * h].unflatten(2, (2, h))
        )
        products = _by_step(sizes, found[..., : g + 3 * h], found[..., g + h : g + 4 * h], found[..., :g])
        to_start = to_state[:, :0]
        for t in reversed(range(len(sizes))):
            to_made, by_state, by_candidate, by_opened, opening = (one[t] for one in local)
            to_product, to_input, to_gate = (one[t] for one in products)
            torch.mul(to_made, by_state, out=of_state[t])
            torch.mul(of_state[t][:, :, 1:2], by_candidate, out=of_candidate[t])
            if g:
                torch.mul(torch.bmm(to_input, opened_weight, out=opening), by_opened, out=to_gate)
            to_start = torch.baddbmm(of_state[t][:, :, 2], to_product, weight)
            if t:
                local[0][t - 1][:, : sizes[t], 0].add_(to_start)
        to_weight, to_bias = _products(found[..., : g + 3 * h], before)
        to_input = found[..., g + h : g + 4 * h]
        return (
            None,
            to_input,
            to_start,
            torch.cat((to_weight[:, :g], _candidate_last(to_weight[:, g:])), dim=1),
            _candidate_last(to_bias[:, g:]),
            found[..., :g],
            to_opened * gates,
            to_input.transpose(1, 2) @ opened,
        )


def _by_step(sizes: list[int], *tensors: Tensor) -> list[tuple[Tensor, ...]]:
    """Each of the tensors, [d, tokens, ...], as the parts that belong to each step."""
    return [torch.split(tensor, sizes, dim=1) for tensor in tensors]


def _candidate_first(blocks: Tensor) -> Tensor:
    """[d, 3h, ...]: reset, update and candidate, reordered with the candidate first."""
    return blocks.roll(blocks.shape[1] // 3, dims=1)


def _candidate_last(blocks: Tensor) -> Tensor:
    return blocks.roll(-(blocks.shape[1] // 3), dims=1)


def states_before(start: Tensor, made: Tensor, sizes: list[int]) -> Tensor:
    """[d, tokens, h]: the state before each token."""
    earlier = (start, *torch.split(made, sizes, dim=1))
    return torch.cat([state[:, :rows] for state, rows in zip(earlier, sizes, strict=False)], dim=1)


def of_rows(values: Tensor, sizes: list[int], steps: int | None = None) -> Tensor:
    """[rows, steps, ...]: each of ``values`` [tokens, ...] in the place of its token; zeros elsewhere.

    ``steps``: how many there are, if more than in ``sizes``.
    """
    packed = PackedSequence(values, torch.tensor(sizes))
    whole: Tensor = pad_packed_sequence(packed, batch_first=True, total_length=steps)[0]
    return whole


def _products(gradients: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of a weight and of a bias, from those of their products."""
    return gradients.transpose(1, 2) @ factors, gradients.sum(dim=1)
