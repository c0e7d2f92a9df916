"""Artifacts: checked, atomic folders of Parquet tables that remember what made them.

A stage asks ``standing`` whether its artifact already exists, then fills a ``draft``: a hidden folder beside the target
that is renamed to the target when it is complete. A killed stage leaves only the draft, which the next one removes (or
continues, if the stage can resume). Nothing in an artifact depends on when or by whom it was made, so two runs of the
same command can be compared byte for byte.
"""

from pwae_core.artifacts.artifact import Artifact, kind_of, load, same_vocabulary
from pwae_core.artifacts.drafts import Draft, draft, standing
from pwae_core.artifacts.notes import MANIFEST, PLAN, Plan, describe_difference, token_of
from pwae_core.artifacts.tables import ROW_GROUP

__all__ = [
    "MANIFEST",
    "PLAN",
    "ROW_GROUP",
    "Artifact",
    "Draft",
    "Plan",
    "describe_difference",
    "draft",
    "kind_of",
    "load",
    "same_vocabulary",
    "standing",
    "token_of",
]
