"""Measure a whole batch on the stores that hospitals run, against the embedded ones, in the same run.

    python -m tests.benchmarks.deployment --documents 1000

The ledger and the billing system are on PostgreSQL with each commit forced to disk, and the archive is on an S3 server,
all on this machine. Both batches start without layouts, and take turns if `--rounds` is more than 1.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from msgspec.structs import replace

from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import STAGES, BatchBenchmark
from statement_builder.devtools.benchmark import BENCH_NOW, load_sample_settings, run_batch
from statement_builder.kinds import definition_of
from statement_builder.operations.sample_contents import AS_OF
from statement_builder.settings import Settings
from statement_builder.source import make_sample
from tests.services.postgres import connect, running_cluster
from tests.services.s3 import S3Server, running_s3

DURABLE = ("fsync=on", "full_page_writes=on")


def embedded(home: Path) -> Settings:
    """SQLite files and folders, as in the sample settings."""
    home.mkdir()
    settings = load_sample_settings(home)
    return replace(settings, release=replace(settings.release, statement="auto"))


def deployed(home: Path, databases: tuple[str, str], archive: str) -> Settings:
    """`databases`: URLs of the billing system's and the ledger's empty databases. `archive`: URL of an empty prefix."""
    settings = embedded(home)
    source, ledger = databases
    return replace(settings, ledger=ledger, archive=archive, source=replace(settings.source, url=source))


def measure(settings: Settings, home: Path, *, documents: int, workers: int) -> BatchBenchmark:
    """One batch of about this many statements, from an empty folder, in a process of its own."""
    guarantors = definition_of(Kind.STATEMENT).sample_guarantors * documents
    make_sample(settings.source.url, guarantors=guarantors, seed=1, as_of=AS_OF)
    return run_batch(settings, home, now=BENCH_NOW, workers=workers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deployment-")))
        cluster = stack.enter_context(running_cluster(settings=DURABLE))
        server = stack.enter_context(running_s3(home))
        os.environ |= server.environ
        for number in range(arguments.rounds):
            databases = tuple(f"bench_{name}_{number}" for name in ("source", "ledger"))
            with connect(cluster.url) as admin:
                for name in databases:
                    admin.execute(f'CREATE DATABASE "{name}"')
            source, ledger = (cluster.url.set(database=name).render_as_string(False) for name in databases)
            folders = [home / f"{name}-{number}" for name in ("embedded", "deployed")]
            batches = [
                measure(each, folder, documents=arguments.documents, workers=arguments.workers)
                for each, folder in (
                    (embedded(folders[0]), folders[0]),
                    (deployed(folders[1], (source, ledger), new_prefix(server)), folders[1]),
                )
            ]
            show(*batches)


def new_prefix(server: S3Server) -> str:
    """An archive URL of a new bucket."""
    bucket = uuid.uuid4().hex
    (server.root / bucket).mkdir()
    return f"s3://{bucket}/archive?endpoint={quote(server.endpoint, safe='')}"


def show(one: BatchBenchmark, other: BatchBenchmark) -> None:
    """Print both batches side by side, and how much longer the second took."""
    print(f"{'':20}{'embedded':>12}{'deployed':>12}")
    print(f"{'documents':20}{one.documents:12,}{other.documents:12,}")
    for name in one.seconds:
        print(f"{name + ', s':20}{one.seconds[name]:12.1f}{other.seconds[name]:12.1f}")
    for stage in STAGES:
        print(f"{stage + ', ms':20}{one.stages[stage]:12.3f}{other.stages[stage]:12.3f}")
    print(f"deployed took {one.documents_per_s / other.documents_per_s:.2f} times as long")


if __name__ == "__main__":
    main()
