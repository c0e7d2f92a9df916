"""The README's first command, made small: the real conversations, all stages, the three things it promises."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = ("quickstart.sh", "own_data.sh", "busiest_users.py", "chitchat_to_jsonl.py")


def test_quickstart_prints_answers_scores_and_where_the_sheets_are_and_again_skips_what_stands(tmp_path, snapshot):
    (tmp_path / "examples").mkdir()
    for name in SCRIPTS:
        shutil.copy(EXAMPLES / name, tmp_path / "examples")
    (tmp_path / "examples" / "environment.sh").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n')
    small = {"ROWS": "4000", "STEPS": "3", "CONTEXTS": "10", "OMP_NUM_THREADS": "1"}

    def run():
        command = ["bash", "examples/quickstart.sh"]
        return subprocess.run(
            command, cwd=tmp_path, env=os.environ | small, capture_output=True, text=True, check=False
        )

    first = run()
    assert first.returncode == 0, first.stderr
    work = tmp_path / "quickstart"
    assert "- what do you like to do on the weekend ?" in first.stdout
    scores = json.loads((work / "scores.json").read_text())
    assert [system["system"] for system in scores["systems"]] == ["PersonaWAE", "Seq2Seq"]
    for column in ("Extrema", "Greedy", "Average", "Recall", "Precision", "F1"):
        assert column in first.stdout
    assert f"Sheets for the annotators: {work}/sheets" in first.stdout
    assert list((work / "sheets").glob("*.xlsx"))

    before = snapshot(work)
    again = run()
    assert again.returncode == 0, again.stderr
    after = snapshot(work)
    assert {name for name in before if before[name] != after.get(name)} <= {"scores.json"}
