"""Templates, fonts and queries that are missing or wrong: the batch stops, says which file, and goes on once mended."""

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
from statement_builder.operations.run import open_batch, retry_errors, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext, open_context
from statement_builder.resources import SQL_ROOT, TEMPLATES
from statement_builder.settings import load_settings
from tests.commands import BATCH, call
from tests.hospital import AS_OF, CLOCK, CYCLE, Hospital, build_hospital
from tests.outcomes import assert_nothing_sent, assert_sent_once, outcome_of


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A hospital in which nothing has been run."""
    return build_hospital(tmp_path_factory.mktemp("new") / "home", guarantors=20, workers=1)


@pytest.fixture
def hospital(new: Hospital, tmp_path: Path) -> Hospital:
    return new.copy_to(tmp_path / "home")


@contextmanager
def _opened(hospital: Hospital, *, templates: Path = TEMPLATES, sql_root: Path = SQL_ROOT) -> Iterator[AppContext]:
    """The service as the command line opens it, with other templates or queries."""
    settings = load_settings(hospital.environment, hospital.home)
    now = datetime.fromisoformat(CLOCK)
    with open_context(settings, environ={}, now=lambda: now, actor="test", workers=1) as context:
        yield replace(context, templates=templates, sql_root=sql_root)


def _run(context: AppContext, *, until: Step | None = None, limit: int | None = 8) -> Batch:
    open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=limit)
    retry_errors(context, context.require_batch(BATCH))
    return walk_batch(context, context.require_batch(BATCH), until=until, release=True)


def _rewrite(name: str, right: str, wrong: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert right in text, f"{name} has changed, and this case spoils nothing any more"
        (folder / name).write_text(text.replace(right, wrong), encoding="utf-8")

    return spoil


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _append(name: str, text: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return spoil


def _add_catalogue(folder: Path) -> None:
    path = folder / "locale" / "xx" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'msgid "Please pay"\nmsgstr "Por favor, pague a\xf1os"\n')


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


STOPS_AT_ONCE = [
    # what is done to a copy of the templates, words of the message
    pytest.param(_empty, ("theme/theme.css",), id="no-templates"),
    pytest.param(_remove("theme/theme.css"), ("theme/theme.css", "cannot be read"), id="no-style-sheet"),
    pytest.param(_remove("statement/statement.html"), ("statement/statement.html",), id="no-statement"),
    pytest.param(_remove("theme/base.html"), ("theme/base.html",), id="no-page-to-build-on"),
    pytest.param(_remove("statement/parts.html"), ("statement/parts.html",), id="no-parts-to-include"),
    pytest.param(_append("letter/letter.html", "{% if %}"), ("letter/letter.html, line",), id="syntax-error"),
    pytest.param(_append("theme/theme.css", "\np { color: }"), ("theme",), id="style-sheet-with-a-fault"),
    pytest.param(_add_catalogue, ("messages.po",), id="damaged-catalogue"),
]


@pytest.mark.parametrize(("spoil", "says"), STOPS_AT_ONCE)
def test_wrong_templates__stop_before_the_first_document(
    hospital: Hospital, tmp_path: Path, spoil: Callable[[Path], None], says: tuple[str, ...]
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    spoil(templates)
    with _opened(hospital, templates=templates) as context, pytest.raises(ConfigError) as caught:
        _run(context)
    assert all(words in str(caught.value) for words in says), caught.value
    assert hospital.ledger("SELECT count(*) FROM document") == [(0,)]
    assert_nothing_sent(hospital)


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param("{{ facts.nothing_of_that_name }}", id="unknown-name"),
        pytest.param("{{ facts.nothing_of_that_name.deeper }}", id="name-of-an-unknown-name"),
        pytest.param("{{ content.document_id + 1 }}", id="text-plus-number"),
        pytest.param("{{ content | money }}", id="dollars-of-no-number"),
        pytest.param("{{ 1 / 0 }}", id="division-by-nothing"),
        pytest.param("{% include 'theme/nowhere.html' %}", id="part-that-is-not-there"),
    ],
)
def test_template_that_asks_for_what_is_not_there__is_never_released(
    hospital: Hospital, tmp_path: Path, nonsense: str
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    _rewrite("theme/base.html", "</body>", f"{nonsense}</body>")(templates)
    with _opened(hospital, templates=templates) as context, pytest.raises((GateStop, ConfigError)):
        _run(context)
    assert_nothing_sent(hospital)


def test_mended_template__the_same_batch_goes_through(hospital: Hospital, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    _rewrite("theme/base.html", "</body>", "{{ facts.nothing_of_that_name }}</body>")(templates)
    with _opened(hospital, templates=templates) as context, pytest.raises(GateStop, match="statements rerun"):
        _run(context)
    rows = call(hospital, "exceptions", BATCH, "--json").json
    made_nothing = [row for row in rows if row["document"]]
    assert {row["code"] for row in made_nothing} == {"TEMPLATE"}
    assert all("template" in row["fix"] for row in made_nothing)
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


QUERIES = [
    # what is done to a copy of the queries, words of the message
    pytest.param(_remove("charges.sql"), ("charges.sql is missing", "contract.md"), id="query-missing"),
    pytest.param(_remove("freshness.sql"), ("freshness.sql is missing",), id="freshness-missing"),
    pytest.param(_remove("control.sql"), ("control.sql is missing",), id="control-missing"),
    pytest.param(_append("charges.sql", "\nNONSENSE"), ("charges.sql failed",), id="query-with-a-fault"),
    pytest.param(
        _append("control.sql", "\nLIMIT 3"), ("control.sql has no row for", "add its row count"), id="count-missing"
    ),
]


@pytest.mark.parametrize(("spoil", "says"), QUERIES)
def test_wrong_query__stops_before_the_first_document(
    hospital: Hospital, tmp_path: Path, spoil: Callable[[Path], None], says: tuple[str, ...]
) -> None:
    _assert_pull_stops(hospital, tmp_path, spoil, says)


def _wrap(name: str, query: str) -> Callable[[Path], None]:
    """Another query around the one there is."""

    def spoil(folder: Path) -> None:
        inner = (folder / name).read_text(encoding="utf-8").strip().rstrip(";")
        (folder / name).write_text(query.format(f"(\n{inner}\n)"), encoding="utf-8")

    return spoil


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
        ("charges.sql gave", "control.sql counts"),
        id="a-row-lost",
    ),
]


@pytest.mark.parametrize(("spoil", "says"), WRAPPED)
def test_query_that_breaks_the_contract__stops_before_the_first_document(
    hospital: Hospital, tmp_path: Path, spoil: Callable[[Path], None], says: tuple[str, ...]
) -> None:
    _assert_pull_stops(hospital, tmp_path, spoil, says)


def _assert_pull_stops(
    hospital: Hospital, tmp_path: Path, spoil: Callable[[Path], None], says: tuple[str, ...]
) -> None:
    shutil.copytree(SQL_ROOT, tmp_path / "sql")
    spoil(tmp_path / "sql" / "reference")
    with _opened(hospital, sql_root=tmp_path / "sql") as context, pytest.raises(SourceError) as caught:
        _run(context, limit=None)  # a trial of the first few does not count the rows it leaves unread
    assert all(words in str(caught.value) for words in says), caught.value
    assert hospital.ledger("SELECT count(*) FROM shard") == [(0,)]
    assert_nothing_sent(hospital)
    with _opened(hospital) as context:
        assert _run(context, until=Step.PULL, limit=None).state is BatchState.PULLED
