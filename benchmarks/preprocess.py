"""Preprocessing at scale: Weibo-like dumps through ``pwae preprocess``, against what one would write instead.

    python benchmarks/preprocess.py scale --rows 3000000 31000000    time and memory, and the ratio per utterance
    python benchmarks/preprocess.py against --rows 3000000           pandas + jieba, and segmentation alone
    python benchmarks/preprocess.py english --rows 3000000           pandas + NLTK, and jieba on the same texts
    python benchmarks/preprocess.py kill --rows 3000000              SIGKILL in the middle, then the same bytes

Each prints a line of JSON per run and the ratios; all that is compared runs in one call, on one machine. Dumps and
corpora lie under ``--folder`` and go when a command ends, unless ``--keep``. CPU seconds are those of all processes: on
a machine that others use too they tell more than the wall's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from english_dump import EnglishDump
from weibo_dump import write_dump

HERE = Path(__file__).parent
PAGE = os.sysconf("SC_PAGE_SIZE")
BATCH = 2_000


@dataclass(frozen=True)
class Run:
    """``peak_gb`` is the highest sum over all processes of the run, ``largest_gb`` the highest of one of them."""

    what: str
    rows: int
    wall_s: float
    cpu_s: float
    peak_gb: float
    largest_gb: float


class Memory(threading.Thread):
    """Watches the resident memory of a process and its descendants."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.largest, self.over = process, 0, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.05):
            sizes = [resident(one) for one in family(self.process)]
            self.peak = max(self.peak, sum(sizes))
            self.largest = max(self.largest, *sizes, 0)


def family(process: int) -> list[int]:
    """The process and its descendants."""
    found = [process]
    for one in found:
        try:
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except OSError:
            continue
    return found


def resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def watched(what: str, rows: int, command: Sequence[str | Path]) -> tuple[Run, str]:
    """Runs a command; its output too. Raises CalledProcessError when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as process:
        memory = Memory(process.pid)
        memory.start()
        output, _ = process.communicate()
        wall = time.perf_counter() - started
        memory.over.set()
        memory.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    run = Run(what, rows, round(wall, 1), round(cpu, 1), round(memory.peak / 1e9, 2), round(memory.largest / 1e9, 2))
    print(json.dumps(asdict(run)), flush=True)
    return run, output


def preprocess(dump: Path, out: Path, tokenizer: str = "jieba") -> list[str | Path]:
    code = "from pwae_cli.app import main; main()"
    return [sys.executable, "-c", code, "preprocess", dump, "--out", out, "--tokenizer", tokenizer, "--json"]


def script(dump: Path, out: Path, tokenizer: str) -> list[str | Path]:
    return [sys.executable, HERE / "pandas_script.py", out, tokenizer, *sorted(dump.glob("*.parquet"))]


def digests(corpus: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(corpus.iterdir())}


def scale(folder: Path, sizes: Sequence[int]) -> None:
    runs = []
    for rows in sizes:
        started = time.perf_counter()
        dump = write_dump(rows, folder / f"dump-{rows}")
        print(
            json.dumps({"what": "generate", "rows": rows, "wall_s": round(time.perf_counter() - started, 1)}),
            flush=True,
        )
        run, output = watched("pwae preprocess", rows, preprocess(dump, folder / f"corpus-{rows}"))
        print(json.dumps(json.loads(output)["counts"]), flush=True)
        runs.append(run)
        shutil.rmtree(folder / f"corpus-{rows}")
    for run in runs[1:]:
        ratios = [
            getattr(run, name) / run.rows / (getattr(runs[0], name) / runs[0].rows) for name in ("wall_s", "cpu_s")
        ]
        wall, cpu = (round(one, 2) for one in ratios)
        print(json.dumps({"per utterance against": runs[0].rows, "rows": run.rows, "wall": wall, "cpu": cpu}))


def against(folder: Path, rows: int) -> None:
    dump = write_dump(rows, folder / f"dump-{rows}")
    ours, output = watched("pwae preprocess", rows, preprocess(dump, folder / "ours"))
    theirs, told = watched("pandas + jieba", rows, script(dump, folder / "theirs", "jieba"))
    _, spent = watched("segmentation", rows, [sys.executable, __file__, "segment", "--folder", dump])
    alone = json.loads(spent)
    print(json.dumps({"what": "segmentation alone", **alone}), flush=True)
    for name in ("wall_s", "cpu_s"):
        one, two, three = getattr(ours, name), getattr(theirs, name), alone[name]
        print(
            json.dumps(
                {name: {"pandas + jieba / ours": round(two / one, 2), "ours / segmentation": round(one / three, 2)}}
            )
        )
    compare(folder / "ours", output, told)


def english(folder: Path, rows: int) -> None:
    dump = write_dump(rows, folder / f"english-{rows}", kind=EnglishDump)
    ours, output = watched("pwae preprocess, nltk", rows, preprocess(dump, folder / "ours", "nltk"))
    jieba, _ = watched("pwae preprocess, jieba", rows, preprocess(dump, folder / "by-jieba", "jieba"))
    theirs, told = watched("pandas + NLTK", rows, script(dump, folder / "theirs", "nltk"))
    for name in ("wall_s", "cpu_s"):
        one, two, three = (getattr(run, name) for run in (ours, theirs, jieba))
        print(json.dumps({name: {"pandas + NLTK / ours": round(two / one, 2), "ours / jieba": round(one / three, 2)}}))
    compare(folder / "ours", output, told)


def compare(corpus: Path, output: str, told: str) -> None:
    """Whether the script made the same sessions. Exits where it did not."""
    made = json.loads(told)
    ids = [pq.read_table(corpus / f"{name}.parquet", columns=["session_id"]) for name in ("train", "valid", "test")]
    sessions = sorted(pa.concat_tables(ids)["session_id"].to_pylist())
    same = hashlib.sha256("\n".join(sessions).encode()).hexdigest() == made["ids"]
    print(
        json.dumps({"sessions": json.loads(output)["counts"]["sessions"], "theirs": made["sessions"], "the same": same})
    )
    if not same:
        sys.exit(1)


def segment(dump: Path) -> None:
    """Every cleaned text of a dump through the segmenter, two threads, the tokens thrown away."""
    import rjieba

    from pwae_core.config.preprocess import DEFAULTS
    from pwae_core.text.clean import clean

    def cut(texts: Sequence[str]) -> int:
        return sum(len(rjieba.cut(text)) for text in texts)

    wall = cpu = 0.0
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path in sorted(dump.glob("*.parquet")):
            texts = clean(pq.read_table(path)["text"].combine_chunks(), DEFAULTS.clean)
            texts = texts.filter(pc.not_equal(texts, "")).to_pylist()
            batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
            started, used = time.perf_counter(), time.process_time()
            list(pool.map(cut, batches))
            wall, cpu = wall + time.perf_counter() - started, cpu + time.process_time() - used
    print(json.dumps({"wall_s": round(wall, 2), "cpu_s": round(cpu, 2)}))


def kill(folder: Path, rows: int) -> None:
    dump = write_dump(rows, folder / f"dump-{rows}")
    undisturbed, out = folder / "undisturbed", folder / "killed"
    watched("pwae preprocess", rows, preprocess(dump, undisturbed))
    for pieces in (3, 20):
        with subprocess.Popen([str(word) for word in preprocess(dump, out)], stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and len(list(folder.glob(f".{out.name}.partial/work/*.json"))) < pieces:
                time.sleep(0.02)
            processes = family(process.pid)
            for one in processes:
                os.kill(one, signal.SIGKILL)
        print(json.dumps({"killed": len(processes), "pieces done": pieces, "corpus there": out.exists()}), flush=True)
    watched("the rerun", rows, preprocess(dump, out))
    same = digests(out) == digests(undisturbed)
    left = sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
    print(json.dumps({"same bytes": same, "temporary files left": left}))
    if not same or left:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["scale", "against", "english", "kill", "segment"])
    parser.add_argument("--rows", type=int, nargs="+", default=[3_000_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    if chosen.command == "segment":
        segment(chosen.folder)
        return
    print(json.dumps({"machine": platform.platform(), "cpus": len(os.sched_getaffinity(0)), "load": os.getloadavg()}))
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="pwae-benchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if chosen.command == "scale":
            scale(folder, chosen.rows)
        else:
            {"against": against, "english": english, "kill": kill}[chosen.command](folder, chosen.rows[0])
    finally:
        if not chosen.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
