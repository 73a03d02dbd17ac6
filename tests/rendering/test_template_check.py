"""`check_templates` finds damaged files, also after it found none."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from statement_builder.rendering import check_templates
from tests.contents import TEMPLATES


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    copy = tmp_path / "templates"
    shutil.copytree(TEMPLATES, copy)
    return copy


def test_check_templates__shipped_templates_are_valid() -> None:
    assert check_templates(TEMPLATES) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("letter/parts.html", "{% if %}", "letter/parts.html", id="template-syntax"),
        pytest.param("theme/theme.css", "p { colr: red }", "theme", id="style-sheet"),
        pytest.param("locale/es/LC_MESSAGES/messages.po", 'msgid "a', "messages.po", id="catalog"),
    ],
)
def test_check_templates__names_the_file(templates: Path, name: str, text: str, expected: str) -> None:
    path = templates / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    problems = check_templates(templates)
    assert len(problems) == 1
    assert expected in problems[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("letter/parts.html", "{% if %}", id="syntax"),
        pytest.param("letter/parts.html", "{{ 1 | no_such_filter }}", id="unknown-filter"),
        pytest.param("letter/parts.html", "{% include 'letter/nowhere.html' %}", id="missing-include"),
        pytest.param("reports/control_sheet.html", "{% if %}", id="control-sheet"),
        pytest.param("theme/theme.css", "p { colr: red }", id="style-sheet"),
        pytest.param("language_notice/notice.css", "p { colr: red }", id="style-sheet-of-the-notice"),
        pytest.param("language_notice/languages.toml", "[", id="notices"),
        pytest.param("locale/es/LC_MESSAGES/messages.po", 'msgid "a', id="catalog"),
        pytest.param("locale/es/LC_MESSAGES/messages.po", '\nmsgid "Gone"\nmsgstr "Ido"\n', id="unknown-translation"),
    ],
)
def test_check_templates__finds_damage_after_a_check_that_it_remembers(
    templates: Path, tmp_path: Path, name: str, text: str
) -> None:
    layouts = tmp_path / "layouts"
    check = partial(check_templates, templates, approved=("en", "es"), facility_id="maple-valley", layouts=layouts)
    assert check() == check() == []
    with (templates / name).open("a", encoding="utf-8") as stream:
        stream.write(text)
    for _ in range(2):
        (problem,) = check()
        assert (name if name.endswith((".html", ".po", ".toml")) else Path(name).parent.name) in problem


def test_check_templates__finds_a_missing_translation_after_a_check_that_it_remembers(
    templates: Path, tmp_path: Path
) -> None:
    check = partial(check_templates, templates, facility_id="maple-valley", layouts=tmp_path / "layouts")
    assert check(approved=("en", "es")) == []
    with (templates / "locale" / "messages.pot").open("a", encoding="utf-8") as stream:
        stream.write('\nmsgid "Never translated"\nmsgstr ""\n')
    assert check(approved=("en",)) == []
    (problem,) = check(approved=("en", "es"))
    assert "Never translated" in problem


def test_check_templates__remembers_nothing_of_damaged_templates(templates: Path, tmp_path: Path) -> None:
    (templates / "letter/parts.html").write_text("{% if %}", encoding="utf-8")
    for _ in range(2):
        assert len(check_templates(templates, layouts=tmp_path / "layouts")) == 1
