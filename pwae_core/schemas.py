"""Every Arrow schema, and which artifact holds it. ``docs/artifacts.md`` explains each column.

An artifact is a folder of Parquet tables beside a ``manifest.json``. ``ARTIFACTS`` maps the artifact's kind to its
tables: the stage that writes it and the stages that read it use only these. No column is null unless ``nullable=True``
is set.
"""

from __future__ import annotations

import pyarrow as pa

TOKENS = pa.list_(pa.field("element", pa.string(), nullable=False))
IDS = pa.list_(pa.field("element", pa.int32(), nullable=False))
UTTERANCES = pa.list_(pa.field("element", TOKENS, nullable=False))
UTTERANCES_IDS = pa.list_(pa.field("element", IDS, nullable=False))


def _schema(*fields: tuple[str, pa.DataType] | pa.Field) -> pa.Schema:
    return pa.schema([f if isinstance(f, pa.Field) else pa.field(*f, nullable=False) for f in fields])


SESSIONS = _schema(
    ("session_id", pa.string()),  # "<conversation_id>#<turn>", unique
    ("conversation_id", pa.string()),
    ("turn", pa.int32()),  # of the window's first utterance, counted over the conversation's kept utterances
    ("user", pa.int32()),  # who responds: a row of users.parquet
    ("user_id", pa.string()),
    ("context_user_ids", TOKENS),  # who says each context utterance
    ("context", UTTERANCES),  # oldest first
    ("response", TOKENS),
    ("context_ids", UTTERANCES_IDS),  # the same in the vocabulary's ids
    ("response_ids", IDS),
    pa.field("time", pa.timestamp("us", tz="UTC"), nullable=True),  # of the response, where the raw data has it
)
USERS = _schema(
    ("user", pa.int32()),  # 0 is nobody in particular
    ("user_id", pa.string()),
    ("utterances", pa.int64()),  # cleaned, non-empty, in the whole dump
    ("train_responses", pa.int64()),  # sessions of the training split this user answers
)
HISTORIES = _schema(
    ("user", pa.int32()),
    ("conversation_id", pa.string()),
    ("turn", pa.int32()),
    ("tokens", TOKENS),
    ("ids", IDS),
)
VOCABULARY = _schema(
    ("id", pa.int32()),
    ("token", pa.string()),
    ("count", pa.int64()),  # in the training split
)
REJECTED = _schema(
    ("unit", pa.string()),  # file, row, utterance, quotation, conversation or session
    ("reason", pa.string()),
    ("count", pa.int64()),
)
VECTORS = _schema(
    ("id", pa.int32()),
    ("token", pa.string()),
    ("vector", pa.list_(pa.field("element", pa.float32(), nullable=False))),
    ("known", pa.bool_()),  # False: no vector was learned or imported, the values are random
)
RESPONSES = _schema(
    ("session_id", pa.string()),
    ("user_id", pa.string()),
    ("context_user_ids", TOKENS),
    ("context", UTTERANCES),
    ("references", UTTERANCES),  # none for a context typed by hand, one from a corpus, several where there are
    ("responses", UTTERANCES),  # the system's samples, in the order they were drawn
)
SCORES = _schema(
    ("system", pa.string()),
    ("session_id", pa.string()),
    ("metric", pa.string()),
    ("value", pa.float64()),
)
TOTALS = _schema(
    ("system", pa.string()),
    ("metric", pa.string()),
    ("value", pa.float64()),
    pa.field("low", pa.float64(), nullable=True),  # 95% bootstrap interval over contexts; none for Distinct-n, or few
    pa.field("high", pa.float64(), nullable=True),
    ("contexts", pa.int64()),
    ("signature", pa.string()),
)
DIFFERENCES = _schema(  # empty without --compare
    ("system", pa.string()),
    ("base", pa.string()),
    ("metric", pa.string()),
    ("difference", pa.float64()),  # the system's score less the base's
    pa.field("low", pa.float64(), nullable=True),  # its 95% interval, of the paired bootstrap; none over few contexts
    pa.field("high", pa.float64(), nullable=True),
    pa.field("bootstrap", pa.float64(), nullable=True),  # two-sided p-values; _holm: adjusted
    pa.field("bootstrap_holm", pa.float64(), nullable=True),
    ("randomisation", pa.float64()),
    ("randomisation_holm", pa.float64()),
    ("contexts", pa.int64()),  # with a score of both
    ("differing", pa.int64()),  # those whose scores differ
    ("signature", pa.string()),
)
RESULTS = _schema(  # of an experiment: no artifact, but one table over those of its runs
    ("label", pa.string()),
    ("seed", pa.int64()),
    ("folder", pa.string()),
    *(TOTALS.field(name) for name in ("metric", "value", "low", "high", "contexts", "signature")),
)
LOG = _schema(
    ("step", pa.int64()),
    ("epoch", pa.int32()),
    ("split", pa.string()),  # train or valid
    ("name", pa.string()),
    ("value", pa.float64()),
)
ITEMS = _schema(  # the key of the human evaluation: never in the annotators' folder
    ("annotator", pa.int32()),
    ("position", pa.int32()),
    ("item_id", pa.string()),
    ("system", pa.string()),
    ("session_id", pa.string()),
    ("user_id", pa.string()),
    ("response", TOKENS),
    ("conversation", pa.string()),  # what the sheet shows of the item, as text
    ("history", pa.string()),
    ("response_text", pa.string()),
    ("other", pa.string()),  # of a pair, what is shown second: the system, its response; "" where one is rated
    ("other_response", TOKENS),
    ("other_text", pa.string()),
    ("expected", pa.string()),  # the known answers of an attention check: criterion=rating; "" for a result
)
HUMAN_RATINGS = _schema(
    ("annotator", pa.int32()),
    ("item_id", pa.string()),
    ("system", pa.string()),
    ("session_id", pa.string()),
    ("showing", pa.int32()),  # 1; 2 where the annotator sees the item for the second time
    ("criterion", pa.string()),
    pa.field("rating", pa.int32(), nullable=True),  # none where the cell was left empty
)
COMMENTS = _schema(
    ("annotator", pa.int32()),
    ("item_id", pa.string()),
    ("system", pa.string()),
    ("session_id", pa.string()),
    ("comment", pa.string()),
)
CHOICES = _schema(
    ("annotator", pa.int32()),
    ("item_id", pa.string()),
    ("first", pa.string()),  # the system whose response is shown first
    ("second", pa.string()),
    ("session_id", pa.string()),
    ("showing", pa.int32()),
    ("criterion", pa.string()),
    pa.field("choice", pa.int32(), nullable=True),  # 1 the first, 2 the second, 0 no difference; none: left empty
)
PAIR_COMMENTS = _schema(
    ("annotator", pa.int32()),
    ("item_id", pa.string()),
    ("first", pa.string()),
    ("second", pa.string()),
    ("session_id", pa.string()),
    ("comment", pa.string()),
)
PREFERENCES = _schema(
    ("criterion", pa.string()),
    ("system", pa.string()),
    ("other", pa.string()),
    ("wins", pa.int64()),  # contexts that most annotators give to the system
    ("ties", pa.int64()),
    ("losses", pa.int64()),
    pa.field(
        "win_rate", pa.float64(), nullable=True
    ),  # of annotators' choices, averaged over contexts; a tie is a half
    pa.field("low", pa.float64(), nullable=True),
    pa.field("high", pa.float64(), nullable=True),
    ("interval", pa.string()),  # bootstrap, wilson, or none
    pa.field("p", pa.float64(), nullable=True),
    pa.field("p_holm", pa.float64(), nullable=True),
    ("choices", pa.int64()),
)
HUMAN_MEANS = _schema(
    ("system", pa.string()),
    ("criterion", pa.string()),
    pa.field("mean", pa.float64(), nullable=True),  # none where nothing was rated
    pa.field("low", pa.float64(), nullable=True),
    pa.field("high", pa.float64(), nullable=True),
    ("contexts", pa.int64()),
    ("ratings", pa.int64()),
)
AGREEMENT = _schema(
    ("criterion", pa.string()),
    ("between", pa.string()),  # all, two annotators (1-2), or an annotator with himself (1-1)
    ("statistic", pa.string()),
    pa.field("value", pa.float64(), nullable=True),  # none where it is not defined
    pa.field("low", pa.float64(), nullable=True),
    pa.field("high", pa.float64(), nullable=True),
    ("items", pa.int64()),
    ("note", pa.string()),
)
COMPARISONS = _schema(
    ("criterion", pa.string()),
    ("system", pa.string()),
    ("other", pa.string()),
    pa.field("difference", pa.float64(), nullable=True),  # of the means over the contexts where both were rated
    pa.field("low", pa.float64(), nullable=True),
    pa.field("high", pa.float64(), nullable=True),
    pa.field("p", pa.float64(), nullable=True),
    pa.field("p_holm", pa.float64(), nullable=True),
    ("contexts", pa.int64()),
)

PEOPLE = "people"  # inside a run: the people it was adapted to
ARTIFACTS: dict[str, dict[str, pa.Schema]] = {
    "corpus": {
        "train.parquet": SESSIONS,
        "valid.parquet": SESSIONS,
        "test.parquet": SESSIONS,
        "users.parquet": USERS,
        "histories.parquet": HISTORIES,
        "vocabulary.parquet": VOCABULARY,
        "rejected.parquet": REJECTED,
    },
    "vectors": {"vectors.parquet": VECTORS},
    "run": {"log.parquet": LOG, "vocabulary.parquet": VOCABULARY, "users.parquet": USERS},
    PEOPLE: {},
    "responses": {"responses.parquet": RESPONSES},
    "scores": {"scores.parquet": SCORES, "totals.parquet": TOTALS, "differences.parquet": DIFFERENCES},
    "persona-scores": {"scores.parquet": SCORES, "totals.parquet": TOTALS},
    "diagnosis": {"totals.parquet": TOTALS},
    "human-eval-key": {"items.parquet": ITEMS},
    "human-eval-scores": {
        "ratings.parquet": HUMAN_RATINGS,
        "comments.parquet": COMMENTS,
        "means.parquet": HUMAN_MEANS,
        "agreement.parquet": AGREEMENT,
        "comparisons.parquet": COMPARISONS,
    },
    "human-eval-preferences": {
        "choices.parquet": CHOICES,
        "comments.parquet": PAIR_COMMENTS,
        "preferences.parquet": PREFERENCES,
        "agreement.parquet": AGREEMENT,
    },
}
TIMING, EVENTS, MODEL_CARD = "timing.jsonl", "tensorboard", "model-card.md"
APART = {"run": (TIMING, EVENTS, MODEL_CARD)}  # files and folders that no stage reads, unlike in equal artifacts
OTHER_FILES = {PEOPLE: ("people.safetensors",)}  # of artifacts that are made whole
STAGE_OF_KIND = {
    "corpus": "preprocess",
    "vectors": "embed-words",
    "run": "train",
    PEOPLE: "adapt",
    "responses": "sample",
    "scores": "evaluate",
    "persona-scores": "persona-scores",
    "diagnosis": "diagnose",
    "human-eval-key": "human-eval-export",
    "human-eval-scores": "human-eval-score",
    "human-eval-preferences": "human-eval-score",
}


def conform(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """``table`` with exactly the types of ``schema``. Raises ValueError if names, order or nulls do not fit."""
    if table.schema.names != schema.names:
        raise ValueError(f"{name}: columns {table.schema.names}, expected {schema.names}")
    for column in schema:
        if not column.nullable and table[column.name].null_count:
            raise ValueError(f"{name}: column {column.name} has nulls")
    return table.cast(schema)
