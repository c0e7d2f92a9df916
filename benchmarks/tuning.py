"""Trials of settings on the validation split: what each says of likelihood, answers and speakers as training goes on.

    python benchmarks/tuning.py CORPUS VECTORS WORK TRIALS.json     trains what WORK lacks; prints a line per validation
    python benchmarks/tuning.py --show benchmarks/tuning.json       the trials that the small preset comes from

TRIALS.json holds {"name": ["key=value", ...]}: settings of 'pwae train' over the small preset. Every trial that ends
adds itself to WORK/trials.json, so that a run that was stopped goes on where it was. Measures are of 300 validation
contexts, ten answers each, greedy for each z, at every 350th of 1,400 iterations.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

EVERY = "validate_every=350 max_steps=1400 patience=0 answered_sessions=300 checkpoint_every=350"
SHOWN = {"posterior_nll": ".2f", "prior_nll": ".2f", "prior_gap": ".2f", "z_nats": ".2f", "bleu_recall": ".4f"}
SHOWN |= {"bleu_precision": ".4f", "bleu_f1": ".4f", "distinct": ".3f", "repetition": ".2f", "speaker": ".3f"}


def train(corpus: Path, vectors: Path, run: Path, settings: list[str]) -> dict[str, dict[str, float]]:
    """The validation measures of a training, by iteration."""
    words = [word for setting in (*EVERY.split(), *settings) for word in ("--set", setting)]
    command = [sys.executable, "-m", "pwae_cli", "train", str(corpus), "--embeddings", str(vectors), "--out", str(run)]
    subprocess.run([*command, "--preset", "small", *words], check=True, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return {str(line["step"]): line["values"] for line in lines if line["split"] == "valid"}


def show(name: str, valid: dict[str, dict[str, float]]) -> None:
    for step, values in valid.items():
        known = (f"{key} {values[key]:{form}}" for key, form in SHOWN.items() if key in values)
        print(f"{name:24} {step:>5} ", "  ".join(known), flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("paths", nargs="*", type=Path, metavar="CORPUS VECTORS WORK TRIALS")
    asked.add_argument("--show", type=Path)
    given = asked.parse_args()
    if given.show:
        for name, trial in json.loads(given.show.read_text()).items():
            show(name, trial["valid"])
        return
    if len(given.paths) != 4:
        asked.error("give CORPUS, VECTORS, WORK and TRIALS.json, or --show FILE.")
    corpus, vectors, work, trials = given.paths
    work.mkdir(parents=True, exist_ok=True)
    kept = work / "trials.json"
    done = json.loads(kept.read_text()) if kept.exists() else {}
    for name, settings in json.loads(trials.read_text()).items():
        if name in done and done[name]["settings"] != settings:
            sys.exit(f"{kept} has {name} with other settings: {' '.join(done[name]['settings'])}. Rename the trial.")
        if name not in done:
            done[name] = {"settings": settings, "valid": train(corpus, vectors, work / name, settings)}
            kept.write_text(json.dumps(done, indent=1))
        show(name, done[name]["valid"])


if __name__ == "__main__":
    main()
