"""``benchmarks/tuning.py`` where nothing is left to train."""

import json
import subprocess
import sys
from pathlib import Path

TUNING = Path(__file__).parents[2] / "benchmarks" / "tuning.py"


def tuned(*given: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TUNING), *map(str, given)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_numbers_of_other_settings_are_not_shown_under_the_name_of_a_trial(tmp_path: Path) -> None:
    done = {"faster": {"settings": ["critic.rate=1e-3"], "valid": {"350": {"bleu_f1": 0.5}}}}
    kept, trials = tmp_path / "trials.json", tmp_path / "asked.json"
    kept.write_text(json.dumps(done))
    trials.write_text('{"faster": ["critic.rate=1e-3"]}')
    assert "bleu_f1 0.5000" in tuned("corpus", "vectors", tmp_path, trials).stdout
    trials.write_text('{"faster": ["critic.rate=2e-3"]}')
    refused = tuned("corpus", "vectors", tmp_path, trials)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"{kept} has faster with other settings: critic.rate=1e-3. Rename the trial.\n"


def test_without_paths_it_says_what_to_give() -> None:
    refused = tuned()
    assert refused.returncode == 2
    assert "error: give CORPUS, VECTORS, WORK and TRIALS.json, or --show FILE." in refused.stderr
