"""The systems, one readable file each."""

from __future__ import annotations

from pwae_core.models.adaptation import Adaptation
from pwae_core.models.base import Model
from pwae_core.models.cvae import CVAE
from pwae_core.models.dialogwae_gmp import DialogWAEGMP
from pwae_core.models.persona import Persona
from pwae_core.models.personawae import PersonaWAE
from pwae_core.models.rl_persona import RLPersona
from pwae_core.models.seq2seq import Seq2Seq

MODELS: dict[str, type[Model]] = {
    "seq2seq": Seq2Seq,
    "persona": Persona,
    "adaptation": Adaptation,
    "cvae": CVAE,
    "rl-persona": RLPersona,
    "dialogwae-gmp": DialogWAEGMP,
    "personawae": PersonaWAE,
}
"""In the order of Table 2."""
