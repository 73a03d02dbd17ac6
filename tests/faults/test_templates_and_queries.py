"""A template, font or query is missing or invalid: the batch stops, names the file, and completes after the repair."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import font_source_sans_pro
import pytest

from statement_builder.billing.selection import Kind
from statement_builder.errors import ConfigError, GateStop, SourceError
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.approval.release_codes import POLICY_APPROVAL
from statement_builder.operations.run import open_batch, retry_errors, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext, open_context
from statement_builder.resources import SQL_ROOT, TEMPLATES
from statement_builder.settings import load_settings
from tests.commands import BATCH, call
from tests.hospital import AS_OF, CLOCK, CYCLE, Hospital
from tests.outcomes import assert_nothing_sent, assert_sent_once, outcome_of


@contextmanager
def _opened(hospital: Hospital, *, templates: Path = TEMPLATES, sql_root: Path = SQL_ROOT) -> Iterator[AppContext]:
    """The application context, with other templates or queries."""
    settings = load_settings(hospital.environment, hospital.home)
    now = datetime.fromisoformat(CLOCK)
    with open_context(settings, environ=hospital.environment, now=lambda: now, actor="test", workers=1) as context:
        yield replace(context, templates=templates, sql_root=sql_root)


def _run(context: AppContext, *, until: Step | None = None, limit: int | None = 8) -> Batch:
    open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=limit)
    retry_errors(context, context.require_batch(BATCH))
    return walk_batch(context, context.require_batch(BATCH), until=until, accepted=POLICY_APPROVAL)


def _rewrite(name: str, valid: str, invalid: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert valid in text, f"{name} has changed, so this case changes nothing"
        (folder / name).write_text(text.replace(valid, invalid), encoding="utf-8")

    return damage


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _append(name: str, text: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return damage


def _add_catalogue(folder: Path) -> None:
    path = folder / "locale" / "xx" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'msgid "Please pay"\nmsgstr "Por favor, pague a\xf1os"\n')


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


INVALID_TEMPLATES = [
    # change to a copy of the templates, parts of the message
    pytest.param(_empty, ("no templates in",), id="no-templates"),
    pytest.param(_remove("theme/theme.css"), ("theme/theme.css", "cannot be read"), id="no-style-sheet"),
    pytest.param(_remove("statement/statement.html"), ("statement/statement.html",), id="no-statement"),
    pytest.param(_remove("theme/base.html"), ("theme/base.html",), id="no-base-page"),
    pytest.param(_remove("statement/parts.html"), ("statement/parts.html",), id="no-include"),
    pytest.param(_append("letter/letter.html", "{% if %}"), ("letter/letter.html, line",), id="syntax-error"),
    pytest.param(_append("theme/theme.css", "\np { color: }"), ("theme",), id="invalid-style-sheet"),
    pytest.param(_add_catalogue, ("messages.po",), id="damaged-catalogue"),
]


@pytest.mark.parametrize(("damage", "parts"), INVALID_TEMPLATES)
def test_invalid_templates__stop_before_the_first_document(
    hospital: Hospital, tmp_path: Path, damage: Callable[[Path], None], parts: tuple[str, ...]
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    damage(templates)
    with _opened(hospital, templates=templates) as context, pytest.raises(ConfigError) as caught:
        _run(context)
    assert all(part in str(caught.value) for part in parts), caught.value
    assert hospital.ledger("SELECT count(*) FROM document") == [(0,)]
    assert_nothing_sent(hospital)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("{{ facts.no_such_name }}", id="unknown-name"),
        pytest.param("{{ facts.no_such_name.deeper }}", id="attribute-of-an-unknown-name"),
        pytest.param("{{ content.document_id + 1 }}", id="text-plus-number"),
        pytest.param("{{ content | money }}", id="money-of-a-non-number"),
        pytest.param("{{ 1 / 0 }}", id="division-by-zero"),
        pytest.param("{% include 'theme/nowhere.html' %}", id="missing-include"),
    ],
)
def test_template_with_an_invalid_expression__is_never_released(
    hospital: Hospital, tmp_path: Path, expression: str
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    _rewrite("theme/base.html", "</body>", f"{expression}</body>")(templates)
    with _opened(hospital, templates=templates) as context, pytest.raises((GateStop, ConfigError)):
        _run(context)
    assert_nothing_sent(hospital)


def test_repaired_template__completes_the_same_batch(hospital: Hospital, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    _rewrite("theme/base.html", "</body>", "{{ facts.no_such_name }}</body>")(templates)
    with _opened(hospital, templates=templates) as context, pytest.raises(GateStop, match="statements rerun"):
        _run(context)
    rows = call(hospital, "exceptions", BATCH, "--json").json
    failed = [row for row in rows if row["document"]]
    assert {row["code"] for row in failed} == {"TEMPLATE"}
    assert all("template" in row["fix"] for row in failed)
    with _opened(hospital) as context:
        assert _run(context).state is BatchState.CLOSED
    assert_sent_once(outcome_of(hospital, BATCH))


def test_missing_font__stops_before_the_first_document(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts = tmp_path / "fonts"
    shutil.copytree(font_source_sans_pro.font_directory, fonts)
    (fonts / "SourceSansPro-Bold.ttf").unlink()
    monkeypatch.setattr(font_source_sans_pro, "font_directory", str(fonts))
    with _opened(hospital) as context, pytest.raises(ConfigError) as caught:
        _run(context)
    assert "SourceSansPro-Bold.ttf" in str(caught.value)
    assert_nothing_sent(hospital)


INVALID_QUERIES = [
    # change to a copy of the queries, parts of the message
    pytest.param(_remove("charges.sql"), ("charges.sql is missing", "contract.md"), id="query-missing"),
    pytest.param(_remove("freshness.sql"), ("freshness.sql is missing",), id="freshness-missing"),
    pytest.param(_remove("control.sql"), ("control.sql is missing",), id="control-missing"),
    pytest.param(_append("charges.sql", "\nNONSENSE"), ("charges.sql failed",), id="invalid-query"),
    pytest.param(
        _append("control.sql", "\nLIMIT 3"), ("control.sql has no row for", "Add its row count"), id="count-missing"
    ),
]


@pytest.mark.parametrize(("damage", "parts"), INVALID_QUERIES)
def test_invalid_query__stops_before_the_first_document(
    hospital: Hospital, tmp_path: Path, damage: Callable[[Path], None], parts: tuple[str, ...]
) -> None:
    _assert_pull_stops(hospital, tmp_path, damage, parts)


def _wrap(name: str, query: str) -> Callable[[Path], None]:
    """Wrap the query in another one."""

    def damage(folder: Path) -> None:
        inner = (folder / name).read_text(encoding="utf-8").strip().rstrip(";")
        (folder / name).write_text(query.format(f"(\n{inner}\n)"), encoding="utf-8")

    return damage


WRAPPED = [
    pytest.param(
        _wrap("guarantors.sql", "SELECT mail_sort, guarantor_id, last_name FROM {}"),
        ("guarantors.sql does not return columns first_name", "contract.md"),
        id="columns-missing",
    ),
    pytest.param(
        _wrap("guarantors.sql", "SELECT * FROM {} ORDER BY guarantor_id DESC"),
        ("guarantors.sql, row 2: out of order", "mail_sort, guarantor_id"),
        id="out-of-order",
    ),
    pytest.param(
        _wrap("charges.sql", "SELECT * FROM {} AS all_of_them WHERE charge_id <> (SELECT max(charge_id) FROM charge)"),
        ("charges.sql returned", "control.sql counts"),
        id="missing-row",
    ),
]


@pytest.mark.parametrize("limit", [pytest.param(None, id="all"), pytest.param(4, id="trial")])
@pytest.mark.parametrize(("damage", "parts"), WRAPPED)
def test_query_that_violates_the_contract__stops_before_the_first_document(
    hospital: Hospital, tmp_path: Path, damage: Callable[[Path], None], parts: tuple[str, ...], limit: int | None
) -> None:
    _assert_pull_stops(hospital, tmp_path, damage, parts, limit=limit)


def _assert_pull_stops(
    hospital: Hospital,
    tmp_path: Path,
    damage: Callable[[Path], None],
    parts: tuple[str, ...],
    *,
    limit: int | None = None,
) -> None:
    shutil.copytree(SQL_ROOT, tmp_path / "sql")
    damage(tmp_path / "sql" / "reference")
    with _opened(hospital, sql_root=tmp_path / "sql") as context, pytest.raises(SourceError) as caught:
        _run(context, limit=limit)
    assert all(part in str(caught.value) for part in parts), caught.value
    assert hospital.ledger("SELECT count(*) FROM shard") == [(0,)]
    assert_nothing_sent(hospital)
    with _opened(hospital) as context:
        assert _run(context, until=Step.PULL, limit=limit).state is BatchState.PULLED
