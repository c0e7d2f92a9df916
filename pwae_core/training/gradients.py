"""The gradients of a phase over a batch, computed whole or in pieces: the same up to rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pwae_core.config.train import TrainConfig
from pwae_core.models.base import Codes, Loss, Mean, Phase
from pwae_core.nn.noise import Noise
from pwae_core.training.group import Group
from pwae_core.training.pieces import Cutter, Piece, Source, length


@dataclass(frozen=True)
class Gradients:
    """The gradients of a phase's loss over a whole batch: ``values`` in the order of the phase's parameters."""

    values: Sequence[Tensor]
    terms: dict[str, Tensor]
    codes: Codes


BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
"""CPU flags of instructions that multiply in bfloat16."""


def has_bfloat16(device: torch.device) -> bool:
    """Whether ``device`` has matrix instructions for bfloat16, according to torch."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    told: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.13 and later
    return any(told.get(name) for name in BFLOAT16)


def choose_precision(config: TrainConfig, device: torch.device, group: Group) -> str:
    """The precision of the settings; for ``auto``, bfloat16 if the device of every process supports it."""
    if config.precision != "auto":
        return config.precision
    return "fp32" if group.largest(not has_bfloat16(device)) else "bf16"


def differentiate(phase: Phase, source: Source, noise: Noise, cutter: Cutter, precision: str) -> Gradients:
    """The gradients, the same in every process of the cutter's group, each of which has all of ``source``.

    ``precision`` is that of the phases that read a batch. Those that read codes (the generator's, and the critic's with
    the penalty's second derivatives) always compute in float32.
    """
    parameters = list(phase.parameters.values())
    if not cutter.whole:
        return _in_pieces(phase, parameters, source, noise, cutter, precision)
    loss = _loss(phase, source, noise, precision)
    values = torch.autograd.grad(loss.total.value, parameters)
    return Gradients(values, {name: term.value for name, term in _logged(phase, loss).items()}, loss.codes)


def _loss(phase: Phase, source: Source, noise: Noise, precision: str) -> Loss:
    lower = precision == "bf16" and not phase.reuses_codes
    with torch.autocast(noise.generator.device.type, torch.bfloat16, enabled=lower):
        return phase.loss(source, noise)  # type: ignore[arg-type]


def _logged(phase: Phase, loss: Loss) -> dict[str, Mean]:
    return {f"{phase.name}_loss": loss.total, **loss.terms}


def _in_pieces(
    phase: Phase, parameters: Sequence[Tensor], source: Source, noise: Noise, cutter: Cutter, precision: str
) -> Gradients:
    """A mean over the batch is the sum of its pieces' means times their units, divided by the sum of the units."""
    sums, names, codes = torch.zeros(()), [""], Codes()
    for piece in cutter.pieces(source, noise):
        loss = _loss(phase, piece.source, piece.noise, precision)
        terms = _logged(phase, loss)
        gradients = torch.autograd.grad(loss.total.value, parameters)
        sums, names = sums + _weighted(gradients, list(terms.values()), piece.counts), list(terms)
        _place(codes, loss.codes, piece, length(source))
    cutter.group.add([sums, *codes.values()])
    *totals, values, units = torch.split(sums, [*(p.numel() for p in parameters), len(names), len(names)])
    means = [(total / units[0]).view_as(p) for total, p in zip(totals, parameters, strict=True)]
    return Gradients(means, dict(zip(names, values / units, strict=True)), codes)


def _weighted(gradients: Sequence[Tensor], terms: list[Mean], counts: int) -> Tensor:
    """One flat tensor: the gradients times the units of the loss, which is the first term; then each term times its
    units; then the units.
    """
    units = torch.stack([torch.as_tensor(t.units, device=t.value.device).float() * counts for t in terms])
    values = torch.stack([term.value.detach().float() for term in terms]) * units
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    return torch.cat([flat * units[0], values, units])


def _place(codes: Codes, made: Codes, piece: Piece, sessions: int) -> None:
    """Writes a piece's codes into those of the whole batch, where the pieces of other processes are 0."""
    for name, code in made.items():
        if name not in codes:
            codes[name] = code.new_zeros(sessions, *code.shape[1:])
        if piece.counts:
            codes[name][piece.rows.start : piece.rows.stop] = code
