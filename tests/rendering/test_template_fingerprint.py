"""The template version changes with anything a page depends on; the doctor's check finds what is broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from statement_builder.errors import ConfigError
from statement_builder.rendering import check_setup, template_version
from tests.contents import TEMPLATES


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    copy = tmp_path / "templates"
    shutil.copytree(TEMPLATES, copy)
    return copy


def test_template_version__is_stable_and_does_not_depend_on_the_place(templates: Path) -> None:
    assert template_version(templates) == template_version(TEMPLATES)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("letter/letter.html", id="template"),
        pytest.param("theme/theme.css", id="style-sheet"),
        pytest.param("locale/es/LC_MESSAGES/messages.po", id="catalogue"),
    ],
)
def test_template_version__changes_with_every_part(templates: Path, name: str) -> None:
    before = template_version(templates)
    path = templates / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert template_version(templates) != before


def test_template_version__without_templates(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no templates"):
        template_version(tmp_path)


def test_check_setup__all_is_well() -> None:
    assert check_setup(TEMPLATES) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param("letter/parts.html", "{% if %}", "letter/parts.html", id="template-syntax"),
        pytest.param("theme/theme.css", "p { colour: red }", "theme", id="style-sheet"),
        pytest.param("locale/es/LC_MESSAGES/messages.po", 'msgid "a', "messages.po", id="catalogue"),
    ],
)
def test_check_setup__names_the_file(templates: Path, name: str, text: str, said: str) -> None:
    path = templates / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    problems = check_setup(templates)
    assert len(problems) == 1
    assert said in problems[0]
