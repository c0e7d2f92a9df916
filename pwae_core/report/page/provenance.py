"""Where every number comes from: the manifests in readable form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pwae_core.artifacts import Artifact
from pwae_core.report.page.document import folded
from pwae_core.report.safe_html import Markup, join, short, tag
from pwae_core.report.system_names import distinguishing
from pwae_core.report.tables.paper_tables import flat

VALUE = 200


def provenance(artifacts: Sequence[Artifact]) -> Markup:
    """One folded block per artifact. An input that is another of the artifacts is linked by name."""
    places = {one.fingerprint: _place(one, artifacts) for one in artifacts}
    names = {one.fingerprint: f"{one.manifest['kind']} {places[one.fingerprint]}" for one in artifacts}
    return join([_artifact(one, places[one.fingerprint], names) for one in artifacts])


def _place(one: Artifact, artifacts: Sequence[Artifact]) -> str:
    """The folder's name, or whatever distinguishes it from others of its kind."""
    others = [
        other.folder for other in artifacts if other is not one and other.manifest["kind"] == one.manifest["kind"]
    ]
    alike = any(other.name == one.folder.name for other in others)
    return (distinguishing(one.folder, others) if alike else "") or one.folder.name


def _artifact(one: Artifact, place: str, names: Mapping[str, str]) -> Markup:
    manifest = one.manifest
    inputs = {
        name: f"{names[value]} · {value}" if value in names else value for name, value in manifest["inputs"].items()
    }
    hashes = {name: f"{entry['sha256']}{_rows(entry)}" for name, entry in manifest["files"].items()}
    told = {
        "made by": f"pwae {manifest['pwae']}, {manifest['stage']}",
        "fingerprint": one.fingerprint,
        "made with": ", ".join(f"{name} {value}" for name, value in manifest["environment"].items()),
    }
    seed = one.config.get("seed")
    summary = join(
        [
            tag("b", manifest["kind"]),
            " ",
            tag("bdi", short(place, VALUE)),
            f" · seed {seed}" if seed is not None else "",
        ]
    )
    blocks = [
        _block("", told),
        _block("Inputs (SHA-256)", inputs),
        _block("Settings", flat(one.config)),
        _block("Files (SHA-256)", hashes),
    ]
    return folded(summary, join(blocks))


def _rows(entry: Mapping[str, Any]) -> str:
    return f" · {entry['rows']:,} rows" if "rows" in entry else ""


def _block(heading: str, values: Mapping[str, Any]) -> Markup:
    rows = [
        tag("tr", tag("th", short(name, VALUE), scope="row"), tag("td", tag("bdi", short(_text(value), VALUE))))
        for name, value in values.items()
    ]
    if not rows:
        return join([])
    return join(
        [
            tag("h3", heading) if heading else None,
            tag("div", tag("table", tag("tbody", *rows), class_="plain"), class_="scroll", tabindex=0),
        ]
    )


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
