"""From decoder states to the vocabulary, and the cross-entropy without holding all logits at once."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pwae_core.equations import token_loss
from pwae_core.nn.encoders import real_positions

CHUNK_ELEMENTS = 8_000_000


class Output(nn.Module):
    """The projection of o_t to the vocabulary (equation 11 and what follows it)."""

    def __init__(self, hidden_size: int, vocabulary_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden_size, vocabulary_size)

    def forward(self, states: Float[Tensor, "rows h"]) -> Float[Tensor, "rows vocabulary"]:
        logits: Tensor = self.linear(states)
        return logits

    def loss(
        self,
        states: Float[Tensor, "batch steps h"],
        targets: Int[Tensor, "batch steps"],
        lengths: Int[Tensor, " batch"],
        weights: Float[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, ""]:
        """Equation 12, first term: the sum over the real tokens of -log p(token), in nats. ``weights``, if given,
        multiply the tokens of each session.
        """
        kind = states.device.type
        if torch.is_autocast_enabled(kind):
            states = states.to(torch.get_autocast_dtype(kind))
        real = real_positions(lengths, targets.shape[1])
        each = None if weights is None else weights.unsqueeze(1).expand_as(real)[real]
        total: Tensor = SummedTokenLoss.apply(  # type: ignore[no-untyped-call]
            states[real], self.linear.weight, self.linear.bias, targets[real], each, torch.is_grad_enabled()
        )
        return total

    @torch.no_grad()
    def log_likelihood(
        self,
        states: Float[Tensor, "batch steps h"],
        targets: Int[Tensor, "batch steps"],
        lengths: Int[Tensor, " batch"],
    ) -> Float[Tensor, " batch"]:
        """The mean over each session's real tokens of log p(token), in nats; without gradients."""
        real = real_positions(lengths, targets.shape[1])
        size = max(1, CHUNK_ELEMENTS // self.linear.out_features)
        losses = self.linear.weight.new_zeros(targets.shape)
        losses[real] = torch.cat(
            [
                token_loss(torch.log_softmax(self(part).to(losses.dtype), dim=-1), target)
                for part, target in zip(torch.split(states[real], size), torch.split(targets[real], size), strict=True)
            ]
        )
        return -losses.sum(dim=1) / lengths


class SummedTokenLoss(torch.autograd.Function):
    """sum_i -log softmax(states W^T + b)[target_i], in nats, in chunks: only the logits of one chunk are ever in
    memory, and the gradients are computed in the same pass. Token i counts ``weights[i]`` times; None: once.

    Products are computed in the precision of ``states``, everything else in that of the weight.
    """

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, weights: Tensor | None, needed: bool
    ) -> Tensor:
        to_states = torch.empty_like(states) if needed else None
        to_weight, to_bias = (torch.zeros_like(weight), torch.zeros_like(bias)) if needed else (None, None)
        total = weight.new_zeros(())
        weight, bias = weight.to(states.dtype), bias.to(states.dtype)
        size = max(1, CHUNK_ELEMENTS // len(weight))
        buffer = states.new_empty(min(size, len(states)), len(weight))
        for start in range(0, len(states), size):
            part, target = states[start : start + size], targets[start : start + size]
            logits = torch.addmm(bias, part, weight.t(), out=buffer[: len(part)]).to(total.dtype)
            rows = torch.arange(len(part), device=target.device)
            losses, softmax = _loss_and_softmax_in_place(logits, rows, target)
            each = None if weights is None else weights[start : start + size]
            total += losses.sum() if each is None else losses @ each
            if to_states is not None and to_weight is not None and to_bias is not None:
                softmax_minus_target = softmax
                softmax_minus_target[rows, target] -= 1
                if each is not None:
                    softmax_minus_target *= each.unsqueeze(1)
                to_bias += softmax_minus_target.sum(dim=0)
                error = softmax_minus_target.to(states.dtype)
                torch.mm(error, weight, out=to_states[start : start + size])
                _add_product(to_weight, error.t(), part)
        ctx.save_for_backward(to_states, to_weight, to_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        to_states, to_weight, to_bias = ctx.saved_tensors
        return to_states * grad, to_weight * grad, to_bias * grad, None, None, None


def _add_product(total: Tensor, one: Tensor, other: Tensor) -> None:
    """total += one @ other, with the product in the precision of the two."""
    if one.dtype == total.dtype:
        total.addmm_(one, other)
    else:
        total += one @ other


def _loss_and_softmax_in_place(logits: Tensor, rows: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """-log softmax(logits)[target] of each row, and the softmax, written over the logits: one exponential per logit."""
    peak = logits.amax(dim=-1, keepdim=True)
    of_target = logits[rows, target]
    sums = logits.sub_(peak).exp_().sum(dim=-1, keepdim=True)
    return (sums.log() + peak).squeeze(-1) - of_target, logits.div_(sums)
