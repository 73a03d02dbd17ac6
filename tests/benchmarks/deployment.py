"""`statements bench` on servers of its own, all on this machine, with the processor time that the servers took.

    python -m tests.benchmarks.deployment --documents 4000

The ledger and the billing system are on PostgreSQL with each commit forced to disk, and the archive is on an S3 server.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import psutil

from statement_builder.cli.output import show_deployment_benchmark
from statement_builder.devtools.deployment_benchmark import Stores, run_deployment_bench
from tests.services.postgres import Cluster, running_cluster
from tests.services.s3 import S3Server, running_s3

DURABLE = ("fsync=on", "full_page_writes=on")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deployment-")))
        cluster = stack.enter_context(running_cluster(settings=DURABLE))
        server = stack.enter_context(running_s3(home))
        os.environ |= environ_of(cluster, server)
        result = run_deployment_bench(
            Stores(ledger=True, archive=True, source=True), documents=arguments.documents, workers=arguments.workers
        )
        show_deployment_benchmark(result)
        for name, process in (("PostgreSQL", cluster.process), ("S3 server", server.process)):
            print(f"{name}: {_processor_s(process.pid):.1f} s of processor time, with the load of the sample data")


def environ_of(cluster: Cluster, server: S3Server) -> Mapping[str, str]:
    """The environment of a deployment on these servers. The archive is a new bucket."""
    bucket = uuid.uuid4().hex
    (server.root / bucket).mkdir()
    database = cluster.url.render_as_string(hide_password=False)
    return server.environ | {
        "STATEMENTS_LEDGER": database,
        "STATEMENTS_SOURCE_URL": database,
        "STATEMENTS_ARCHIVE": f"s3://{bucket}/archive?endpoint={quote(server.endpoint, safe='')}",
    }


def _processor_s(pid: int) -> float:
    """Processor time of a server and all processes that it started."""
    processes = (own := psutil.Process(pid), *own.children(recursive=True))
    return sum(sum(each.cpu_times()[:4]) for each in processes)


if __name__ == "__main__":
    main()
