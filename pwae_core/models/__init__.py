"""The systems, one readable file each."""

from __future__ import annotations

from pwae_core.models.base import Model
from pwae_core.models.personawae import PersonaWAE
from pwae_core.models.seq2seq import Seq2Seq

MODELS: dict[str, type[Model]] = {"personawae": PersonaWAE, "seq2seq": Seq2Seq}
