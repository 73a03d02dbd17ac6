"""Measure a whole batch on the stores of a deployment against the embedded ones: SQLite files and folders.

The stores are new: databases on the servers of the settings, and a prefix in the bucket. They are deleted at the end,
and nothing that is there already is read or written.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec.structs import replace
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from security_kit.database_tls import require_database_tls
from statement_builder.archive import open_archive
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import BatchBenchmark
from statement_builder.devtools.benchmark import BENCH_NOW, load_sample_settings, run_batch
from statement_builder.errors import ConfigError
from statement_builder.kinds import definition_of
from statement_builder.operations.sample_contents import AS_OF
from statement_builder.settings import Settings, load_settings
from statement_builder.source import make_sample

ROUNDS = 2
"""Batches of each. The second round has the other order, so that a machine that gets busier favors neither."""
_PREFIX = "statements_bench_"
_LOCKS = {"retention_days", "mode"}
_SET_VARIABLES = (
    "Set STATEMENTS_LEDGER, STATEMENTS_SOURCE_URL, and STATEMENTS_ARCHIVE to servers where the benchmark may make "
    "databases and objects of its own."
)


class Stores(Record, kw_only=True):
    """Which stores are those of the settings; the others are embedded."""

    ledger: bool = False
    archive: bool = False
    source: bool = False

    @property
    def has_any(self) -> bool:
        return self.ledger or self.archive or self.source


class DeploymentBenchmark(Record, kw_only=True):
    """Means of the batches on both kinds of stores."""

    stores: Stores
    rounds: int
    embedded: BatchBenchmark
    deployed: BatchBenchmark
    elapsed_ratio: float
    """How many times as long the deployed batch took."""
    processor_ratio: float
    """How many times the processor time it took, without that of the servers."""


def run_deployment_bench(stores: Stores, *, documents: int, workers: int, rounds: int = ROUNDS) -> DeploymentBenchmark:
    """Run batches of about `documents` statements from an empty folder, on both kinds of stores in turn.

    `ConfigError` if a store of the settings is not on a server, or not usable for this.
    """
    found = load_settings(dict(os.environ), Path.cwd())
    _require_servers(found, stores)
    guarantors = definition_of(Kind.STATEMENT).sample_guarantors * documents
    measured: dict[bool, list[BatchBenchmark]] = {False: [], True: []}
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory()))
        embedded_source = f"sqlite:///{home / 'hospital.db'}"
        source = stack.enter_context(_new_database("source.url", found.source.url)) if stores.source else ""
        for url in filter(None, (embedded_source, source)):
            make_sample(url, guarantors=guarantors, seed=1, as_of=AS_OF)
        for number in range(rounds):
            for is_deployed in (False, True) if number % 2 == 0 else (True, False):
                folder = home / f"{number}-{'deployed' if is_deployed else 'embedded'}"
                folder.mkdir()
                settings = _embedded(folder, embedded_source)
                with ExitStack() as round_stack:
                    if is_deployed:
                        settings = round_stack.enter_context(_deployed(settings, found, stores, source))
                    batch = run_batch(settings, folder, now=BENCH_NOW, workers=workers)
                measured[is_deployed].append(batch)
    embedded, deployed = _mean(measured[False]), _mean(measured[True])
    return DeploymentBenchmark(
        stores=stores,
        rounds=rounds,
        embedded=embedded,
        deployed=deployed,
        elapsed_ratio=round(sum(deployed.seconds.values()) / sum(embedded.seconds.values()), 2),
        processor_ratio=round(deployed.processor_ms / embedded.processor_ms, 2),
    )


def _require_servers(found: Settings, stores: Stores) -> None:
    """`ConfigError` unless each of the stores is on a server."""
    if stores.archive and not found.archive.startswith("s3:"):
        raise ConfigError(f"archive is not on S3 in the settings in force. {_SET_VARIABLES}")
    for setting, is_used, url in (
        ("ledger", stores.ledger, found.ledger),
        ("source.url", stores.source, found.source.url),
    ):
        if not is_used:
            continue
        if not url.startswith("postgres"):
            raise ConfigError(f"{setting} is not on PostgreSQL in the settings in force. {_SET_VARIABLES}")
        try:
            require_database_tls(_server_of(url), setting=setting)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc


def _server_of(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _embedded(folder: Path, source: str) -> Settings:
    settings = load_sample_settings(folder)
    return replace(
        settings,
        release=replace(settings.release, statement="auto"),
        source=replace(settings.source, url=source),
    )


@contextmanager
def _deployed(settings: Settings, found: Settings, stores: Stores, source: str) -> Iterator[Settings]:
    """The settings with new stores on the servers that `found` names, as far as `stores` says so."""
    with ExitStack() as stack:
        if stores.ledger:
            settings = replace(settings, ledger=stack.enter_context(_new_database("ledger", found.ledger)))
        if stores.archive:
            settings = replace(settings, archive=stack.enter_context(_new_prefix(found.archive)))
        if source:
            settings = replace(settings, source=replace(settings.source, url=source))
        yield settings


@contextmanager
def _new_database(setting: str, url: str) -> Iterator[str]:
    """The URL of a new database on the server of `url`, dropped afterward."""
    server = _server_of(url)
    name = _PREFIX + uuid.uuid4().hex[:12]
    _execute(setting, server, f'CREATE DATABASE "{name}"')
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(setting, server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(setting: str, server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    except SQLAlchemyError as exc:
        what = " ".join(statement.split()[:2])
        raise ConfigError(
            f"{setting}: {what} failed ({type(exc).__name__}). Use a server that answers, and a role with CREATEDB."
        ) from exc


@contextmanager
def _new_prefix(url: str) -> Iterator[str]:
    """The URL of a new prefix in the bucket of `url`, whose objects are deleted afterward. Nothing in it is locked."""
    parts = urlsplit(url)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in _LOCKS])
    name = _PREFIX + uuid.uuid4().hex[:12]
    parent = parts._replace(query=query)
    try:
        yield parent._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()
    finally:
        with open_archive(parent.geturl()) as archive:
            for each in list(archive.list_objects(name)):
                archive.delete(each.key)


def _mean(batches: Sequence[BatchBenchmark]) -> BatchBenchmark:
    return replace(
        batches[0],
        documents_per_s=_mean_of([each.documents_per_s for each in batches], 1),
        memory_mib=max(each.memory_mib for each in batches),
        seconds=_means_of([each.seconds for each in batches], 1),
        processor_ms=_mean_of([each.processor_ms for each in batches], 3),
        stages=_means_of([each.stages for each in batches], 3),
        elapsed=_means_of([each.elapsed for each in batches], 3),
        floor_ms=_mean_of([each.floor_ms for each in batches], 3),
    )


def _means_of(figures: Sequence[Mapping[str, float]], digits: int) -> dict[str, float]:
    return {name: _mean_of([each[name] for each in figures], digits) for name in figures[0]}


def _mean_of(figures: Sequence[float], digits: int) -> float:
    return round(sum(figures) / len(figures), digits)
