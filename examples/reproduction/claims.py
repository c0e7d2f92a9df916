"""What decides each of the paper's claims, for the page beside this."""

from __future__ import annotations

from collections.abc import Sequence

BLEU, BOW = ("BLEU-Recall", "BLEU-Precision", "BLEU-F1"), ("BOW-Extrema", "BOW-Greedy", "BOW-Average")
PERSONAL = ("Speaker-Accuracy", "Swap-Followed", "Likelihood-Gain", "Own-Words")
EVERY = "every other system"
CLAIMS: dict[str, Sequence[tuple[str, str, Sequence[str]]]] = {
    "1": ((EVERY, "Seq2Seq", ("BLEU-F1", *BOW)),),
    "2": (("DiaWAE-GMD", "CVAE", (*BLEU, *BOW)),),
    "3": (
        ("DiaWAE-GMD", "", ("Latent-Nats",)),
        ("CVAE", "", ("Latent-Nats",)),
        ("CVAE (KL annealed in 600)", "", ("Latent-Nats",)),
    ),
    "4": (
        ("DiaWAE-GMD", "", ("Speaker-Accuracy", "Speaker-By-Chance")),
        ("DiaWAE-GMD", "Seq2Seq", ("Speaker-Accuracy",)),
    ),
    "5": (
        ("PersonaWAE K=1", "PersonaWAE K=2", ("BLEU-F1", *BOW)),
        ("PersonaWAE K=1", "PersonaWAE", ("BLEU-F1", *BOW)),
        ("PersonaWAE K=2", "PersonaWAE", ("BLEU-F1", *BOW)),
    ),
    "6": tuple((f"PersonaWAE K={k}", "PersonaWAE", ("BLEU-F1", *BOW)) for k in (4, 5)),
    "7": (("DiaWAE-GMD", "PersonaWAE", ("BLEU-F1", *PERSONAL[:3])),),
    "8": (
        ("PersonaWAE w/o prior", "PersonaWAE w/o fusion", ("BLEU-F1", *BOW, *PERSONAL[:3])),
        ("PersonaWAE w/o prior", "PersonaWAE", ("BLEU-F1", *BOW, *PERSONAL[:3])),
        ("PersonaWAE w/o fusion", "PersonaWAE", ("BLEU-F1", *BOW, *PERSONAL[:3])),
    ),
    "9": (("Persona", "Seq2Seq", (*BLEU, *BOW)),),
    "10": (("DiaWAE-GMD", "PersonaWAE", (*BLEU, *BOW)),),
    "11": (("DiaWAE-GMD", "PersonaWAE", ("BLEU-Recall",)),),
    "12": ((EVERY, "PersonaWAE", (*BLEU, *BOW)),),
    "13": ((EVERY, "PersonaWAE", ("Speaker-Accuracy", "Swap-Followed")),),
    "14": (("PersonaWAE w/o prior", "PersonaWAE", (*BLEU, *BOW)),),
}
"""By number: a system, what it is compared with (nothing: its own value is told), the measures."""
