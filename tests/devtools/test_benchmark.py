"""The figures of `statements bench`."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import STAGES
from statement_builder.devtools.benchmark import run_bench, run_bench_of_every_kind
from statement_builder.devtools.deployment_benchmark import Stores, run_deployment_bench
from statement_builder.operations.sample_contents import sample_contents
from statement_builder.settings import load_settings
from tests.commands import call, error_message
from tests.hospital import ROOT, Hospital
from tests.night import some_of
from tests.services.postgres import connect
from tests.services.s3 import S3Server


@pytest.mark.parametrize("kind", some_of(list(Kind), by_day=3), ids=str)
def test_run_bench__measures_both_engines_on_the_same_documents(kind: Kind) -> None:
    result = run_bench(documents=2, kind=kind)
    assert result.documents == 2
    assert 1 <= result.layouts <= 4, "two documents to warm up, two to measure"
    assert result.fallbacks == 0
    assert result.ratio > 1
    assert min(result.first_s, result.compiled_per_s, result.plain_per_s, result.cold_per_s) > 0
    assert result.bytes_per_document > 0
    assert (result.batch, result.again) == (None, None)


def test_run_bench_of_every_kind__measures_each_kind_that_the_hospital_has() -> None:
    results = run_bench_of_every_kind(documents=1)
    assert {result.kind for result in results} >= set(Kind) - {Kind.PAYROLL_AUTHORIZATION}
    assert all(result.documents == 1 and result.ratio > 1 and result.fallbacks == 0 for result in results)


def test_sample_contents__are_in_the_languages_of_a_batch(tmp_path: Path) -> None:
    settings = load_settings({"STATEMENTS_CONFIG": str(ROOT / "statements.sample.toml")}, tmp_path)
    contents = sample_contents(tmp_path, 60, Kind.STATEMENT, settings)
    assert {content.language for content in contents} == {"en", "es"}
    assert sum(bool(content.other_language) for content in contents) <= 1, "only the reader of another language"


def test_run_bench__stages_measure_a_batch_without_and_with_layouts() -> None:
    result = run_bench(documents=2, kind=Kind.STATEMENT, stages=True)
    first, again = result.batch, result.again
    assert first is not None
    assert again is not None
    assert first.documents == again.documents > 0
    assert [set(each.stages) for each in (first, again)] == [set(STAGES)] * 2
    assert all(50 < each.memory_mib < 5_000 for each in (first, again))
    assert all(each.documents_per_s > 0 and each.floor_ms > 0 for each in (first, again))


@pytest.fixture
def deployment(postgres_server: URL, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings in the environment, as of a hospital with servers. Returns the URL of the archive."""
    database = postgres_server.render_as_string(hide_password=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATEMENTS_LEDGER", database)
    monkeypatch.setenv("STATEMENTS_SOURCE_URL", database)
    monkeypatch.setenv("STATEMENTS_ARCHIVE", f"{s3_url}&retention_days=30")
    return s3_url


def test_bench__measures_the_servers_of_the_settings_and_leaves_nothing_there(
    deployment: str, postgres_server: URL, s3_credentials: S3Server
) -> None:
    before = databases(postgres_server)
    stores = Stores(ledger=True, archive=True, source=True)
    result = run_deployment_bench(stores, documents=2, workers=1, rounds=1)
    assert result.deployed.documents == result.embedded.documents > 0
    assert result.elapsed_ratio > 0
    assert result.processor_ratio > 0
    assert result.deployed.processor_ms > sum(result.deployed.stages.values()) / 2
    assert set(result.deployed.elapsed) == set(STAGES)
    assert databases(postgres_server) == before
    bucket = s3_credentials.root / deployment.removeprefix("s3://").partition("/")[0]
    assert [path for path in bucket.rglob("*") if path.is_file()] == []


def databases(server: URL) -> list[tuple[object, ...]]:
    with connect(server) as admin:
        return admin.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(("--ledger", "postgresql"), "ledger is not on PostgreSQL", id="ledger"),
        pytest.param(("--source", "postgresql"), "source.url is not on PostgreSQL", id="source"),
        pytest.param(("--archive", "s3"), "archive is not on S3", id="archive"),
        pytest.param(("--ledger", "postgresql", "--stages"), "omit --kind, --stages", id="stages"),
        pytest.param(("--archive", "s3", "--kind", "invoice"), "omit --kind, --stages", id="kind"),
    ],
)
def test_bench__refuses_stores_that_the_settings_do_not_name(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    result = call(Hospital(tmp_path), "bench", "--documents", "2", *options, code=2)
    assert message in error_message(result)
