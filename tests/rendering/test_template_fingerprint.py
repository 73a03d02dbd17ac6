"""The template fingerprint covers everything that a page depends on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from statement_builder.errors import ConfigError
from statement_builder.rendering import fingerprint_templates
from tests.contents import TEMPLATES


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    copy = tmp_path / "templates"
    shutil.copytree(TEMPLATES, copy)
    return copy


def test_fingerprint_templates__does_not_depend_on_the_folder(templates: Path) -> None:
    assert fingerprint_templates(templates) == fingerprint_templates(TEMPLATES)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("letter/letter.html", id="template"),
        pytest.param("theme/theme.css", id="style-sheet"),
        pytest.param("locale/es/LC_MESSAGES/messages.po", id="catalog"),
    ],
)
def test_fingerprint_templates__changes_with_every_file(templates: Path, name: str) -> None:
    before = fingerprint_templates(templates)
    path = templates / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert fingerprint_templates(templates) != before


def test_fingerprint_templates__without_templates(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no templates"):
        fingerprint_templates(tmp_path)
