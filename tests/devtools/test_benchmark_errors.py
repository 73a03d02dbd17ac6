"""`statements bench` reports the line of a template that cannot be compiled; the page is still right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
MISTAKES = {
    "statement/statement.html": '<table class="wild" style="table-layout: auto"><tr><td>{{ content.guarantor_id }}</td></tr></table>',  # noqa: E501
    "ob_notice/ob_notice.html": '<p class="aside {{ content.kind }}" style="position: absolute">{{ content.guarantor_id }}</p>',  # noqa: E501
    "letter/letter.html": '<div class="aside" style="float: left">{{ content.guarantor_id }}</div>\n'
    '<p>And</p><div class="aside">here</div>',
}
"""Template → what is inserted at the start of its body."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a mistake in each template."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("statement_builder", "mail_house", "pdf_kit", "security_kit", "sql", "templates"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in PROJECT.glob("*.toml"):
        shutil.copy(path, folder)
    for name, mistake in MISTAKES.items():
        template = folder / "templates" / name
        before = template.read_text(encoding="utf-8")
        assert before.count("{% block body %}\n") == 1
        after = before.replace("{% block body %}\n", "{% block body %}\n" + mistake + "\n")
        template.write_text(after, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("kind", "template", "reason", "lines"),
    [
        pytest.param(
            "statement",
            "statement/statement.html",
            'table without table-layout: fixed and a width (<table class="wild">',
            1,
            id="auto-table",
        ),
        pytest.param(
            "ob-notice",
            "ob_notice/ob_notice.html",
            'absolute position without a width (<p class="aside ob-notice">',
            1,
            id="shrink-to-fit",
        ),
        pytest.param("dunning", "letter/letter.html", 'float (<div class="aside">', 2, id="float-two-possible-lines"),
    ],
)
def test_bench__names_the_line_of_the_template(
    project: Path, tmp_path: Path, kind: str, template: str, reason: str, lines: int
) -> None:
    command = [sys.executable, "-m", "statement_builder.cli", "bench", "--documents", "2", "--kind", kind, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(project), "STATEMENTS_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    source = (project / "templates" / template).read_text(encoding="utf-8").splitlines()
    first = source.index("{% block body %}") + 2
    places = [f"templates/{template}:{line}" for line in range(first, first + lines)]
    assert list(figures["reasons"]) == [f"{reason}, {', '.join(places)})"]
    assert figures["fallbacks"] == sum(figures["reasons"].values()) >= 2
