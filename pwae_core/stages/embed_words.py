"""``pwae embed-words``: word vectors aligned with a corpus's vocabulary, trained on it or imported (section 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pwae_core import artifacts
from pwae_core.artifacts import Artifact, Plan
from pwae_core.config.embed_words import DEFAULTS, EmbedWordsConfig
from pwae_core.corpus.utterances import training_utterances
from pwae_core.errors import DivergenceError, InputError
from pwae_core.files import hash_file
from pwae_core.memory import refuse_beyond
from pwae_core.progress import SILENT, Progress, Task
from pwae_core.schemas import VECTORS
from pwae_core.text.vocabulary import PAD, SPECIALS, Vocabulary
from pwae_core.text.word2vec import Vector, read_vectors

SCALE_WITHOUT_NEIGHBOURS = 0.1
MISSING_SHOWN = 10
LINES_AT_ONCE = 65_536
BYTES_A_VALUE = 16
"""Of a table while it is made: its random rows in float64, itself, and word2vec's own in float32."""


@dataclass(frozen=True)
class EmbedWordsReport:
    """``words`` counts the vocabulary without special tokens, ``tokens`` the running tokens of the training utterances;
    ``notes`` say what was skipped in an imported file.
    """

    out: str
    standing: bool
    source: str
    deterministic: bool
    dimension: int
    utterances: int
    words: int
    known_words: int
    tokens: int
    known_tokens: int
    missing: list[str]
    notes: list[str] = field(default_factory=list)


def embed_words(
    corpus: Path,
    out: Path,
    config: EmbedWordsConfig = DEFAULTS,
    *,
    vectors: Path | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> EmbedWordsReport:
    """Writes one vector for each id of the corpus's vocabulary: row i is the id i.

    Each utterance of the training sessions and histories is read once per conversation (of a reply tree, per path);
    ``vectors`` is a word2vec file to import instead. A token without a vector gets random values with the same spread
    as the known ones, ``<pad>`` zeros.
    Raises ArtifactError for the corpus, InputError for the file, ConfigError for vectors that cannot fit in memory,
    DivergenceError if training ends with values that are not finite, StorageError for ``out``.
    """
    source = artifacts.load(corpus, "corpus")
    plan = _plan(source, config, vectors)
    standing = artifacts.standing(out, plan, force)
    if standing:
        return _report(standing, standing=True)
    vocabulary = Vocabulary.from_table(source.table("vocabulary.parquet"))
    utterances = training_utterances(source)
    with artifacts.draft(out, plan) as draft:
        if vectors is None:
            _refuse_large(config.dimension, vocabulary, "Lower --dimension.")
            known, facts = _train(utterances, config, draft.work / "lines.txt", progress)
        else:
            known, facts = _import(vectors, plan, vocabulary, progress)
        draft.write("vectors.parquet", _table(vocabulary, known, facts["dimension"], config.seed))
        draft.facts |= facts | _coverage(vocabulary, known, utterances)
        draft.facts["vocabulary"] = source.facts["vocabulary"]
    return _report(artifacts.load(out, "vectors"), standing=False)


def _plan(corpus: Artifact, config: EmbedWordsConfig, vectors: Path | None) -> Plan:
    inputs = {"corpus": corpus.fingerprint}
    if vectors is None:
        return Plan("vectors", config.model_dump(), inputs)
    return Plan("vectors", {"seed": config.seed}, inputs | {"vectors": hash_file(vectors)})


def _report(artifact: Artifact, *, standing: bool) -> EmbedWordsReport:
    facts = {name: artifact.facts[name] for name in EmbedWordsReport.__annotations__ if name in artifact.facts}
    return EmbedWordsReport(out=str(artifact.folder), standing=standing, **facts)


def _import(
    path: Path, plan: Plan, vocabulary: Vocabulary, progress: Progress
) -> tuple[Mapping[int, Vector], dict[str, Any]]:
    with progress.task(f"Reading {path.name}", path.stat().st_size) as task:
        found = read_vectors(path, vocabulary.ids, task.advance)
    if not found.vectors:
        raise InputError(
            f"{path}: none of its {found.rows} words is one of the corpus's {len(vocabulary.ids)}. "
            f"Are language, script, case and encoding the same?"
        )
    _refuse_large(found.dimension, vocabulary, "Use vectors of fewer dimensions, or a smaller vocabulary.")
    facts = {"dimension": found.dimension, "source": f"import-{plan.inputs['vectors'][:12]}", "deterministic": True}
    return found.vectors, facts | ({"notes": [*found.notes]} if found.notes else {})


def _refuse_large(dimension: int, vocabulary: Vocabulary, advice: str) -> None:
    what = f"A table of {len(vocabulary):,} words in {dimension:,} dimensions"
    refuse_beyond(BYTES_A_VALUE * len(vocabulary) * dimension, what, advice)


def _train(
    utterances: pa.ListArray, config: EmbedWordsConfig, lines: Path, progress: Progress
) -> tuple[Mapping[int, Vector], dict[str, Any]]:
    """word2vec over ids: it reads a text file of numbers, so no token's characters can break a line or a word."""
    import gensim
    from gensim.models import Word2Vec

    if config.workers > 1:
        progress.say(
            f"{config.workers} threads: the vectors will differ from run to run; with --threads 1 they are "
            "reproducible."
        )
    _write_lines(utterances, lines)
    model = Word2Vec(
        vector_size=config.dimension,
        sg=int(config.architecture == "skip-gram"),
        window=config.window,
        negative=config.negative,
        alpha=config.learning_rate,
        sample=config.subsampling,
        workers=config.workers,
        seed=config.seed,
        min_count=1,
    )
    model.build_vocab(corpus_file=str(lines))
    with progress.task("Training word2vec", config.epochs) as task:
        model.train(
            corpus_file=str(lines),
            total_examples=model.corpus_count,
            total_words=model.corpus_total_words,
            epochs=config.epochs,
            callbacks=[_epochs(task)],
        )
    if not np.isfinite(model.wv.vectors).all():
        raise DivergenceError("word2vec diverged. Lower --learning-rate.")
    known = {int(word): model.wv.vectors[row] for word, row in model.wv.key_to_index.items()}
    return known, {
        "dimension": config.dimension,
        "source": config.architecture,
        "deterministic": config.workers == 1,
        "gensim": gensim.__version__,
    }


def _epochs(task: Task) -> Any:
    from gensim.models.callbacks import CallbackAny2Vec

    class Epochs(CallbackAny2Vec):  # type: ignore[misc]
        def on_epoch_end(self, model: object) -> None:  # noqa: ARG002
            task.advance()

    return Epochs()


def _write_lines(utterances: pa.ListArray, path: Path) -> None:
    with path.open("w", encoding="ascii") as handle:
        for start in range(0, len(utterances), LINES_AT_ONCE):
            piece = utterances.slice(start, LINES_AT_ONCE).cast(pa.list_(pa.string()))
            handle.writelines(line + "\n" for line in pc.binary_join(piece, " ").to_pylist())


def _table(vocabulary: Vocabulary, known: Mapping[int, Vector], dimension: int, seed: int) -> pa.Table:
    matrix = _random(len(vocabulary), dimension, known, seed)
    for number, vector in known.items():
        matrix[number] = vector
    matrix[PAD] = 0.0
    borders = pa.array(np.arange(len(vocabulary) + 1, dtype=np.int32) * dimension)
    columns = [
        pa.array(range(len(vocabulary)), pa.int32()),
        pa.array(vocabulary.tokens),
        pa.ListArray.from_arrays(borders, pa.array(matrix.reshape(-1)), type=VECTORS.field("vector").type),
        pa.array([number in known for number in range(len(vocabulary))]),
    ]
    return pa.table(columns, names=VECTORS.names)


def _random(rows: int, dimension: int, known: Mapping[int, Vector], seed: int) -> NDArray[np.float32]:
    """A random row for every id, known or not: normal, with the standard deviation of the known values."""
    scale = float(np.std(np.stack(list(known.values())), dtype=np.float64)) if known else SCALE_WITHOUT_NEIGHBOURS
    generator = np.random.Generator(np.random.PCG64(seed))
    return (scale * generator.standard_normal((rows, dimension))).astype(np.float32)


def _coverage(vocabulary: Vocabulary, known: Mapping[int, Vector], utterances: pa.ListArray) -> dict[str, Any]:
    counts = np.bincount(utterances.flatten().to_numpy(), minlength=len(vocabulary))
    words = range(len(SPECIALS), len(vocabulary))
    missing = [number for number in words if number not in known]
    return {
        "utterances": len(utterances),
        "words": len(words),
        "known_words": len(words) - len(missing),
        "tokens": int(counts.sum()),
        "known_tokens": int(sum(counts[number] for number in words if number in known)),
        "missing": [vocabulary.tokens[number] for number in missing[:MISSING_SHOWN]],
    }
