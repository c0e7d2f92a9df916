"""The pages of the systems name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pwae_core.config.train import ModelConfig, TrainConfig
from pwae_core.models import MODELS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "systems"


@pytest.mark.parametrize("name", list(MODELS))
def test_every_system_has_a_page_with_its_reference_and_its_file(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text()
    model = MODELS[name]
    file = f"{model.__module__.replace('.', '/')}.py"
    assert model.display_name in page
    assert model.reference in page
    assert f"`{file}`" in page
    assert (ROOT / file).is_file()
    assert f"({name}.md)" in (PAGES / "README.md").read_text()


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_settings_files_and_links_exist(page: Path) -> None:
    text = page.read_text()
    for name in re.findall(r"`model\.(\w+)", text):
        assert name in ModelConfig.model_fields, name
    for name in re.findall(r"`(period_shares|patience|reward_weights|likelihood_weight)`", text):
        assert name in TrainConfig.model_fields, name
    for file in re.findall(r"`(pwae_core/[\w/.]+)`", text):
        assert (ROOT / file).is_file(), file
    for link in re.findall(r"\]\(([\w/.-]+)\)", text):
        assert (page.parent / link).exists(), link
