"""Process some shards of a batch in a separate process, as an Airflow worker does.

    python -m tests.pipeline.shard_worker build BATCH FIRST LAST
    python -m tests.pipeline.shard_worker print|email BATCH FIRST LAST

Exit codes: 0 done, 4 locked by another process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from statement_builder.billing.selection import Channel
from statement_builder.clock import open_clock
from statement_builder.errors import BatchBusy
from statement_builder.operations.run_parallel import build_run, hand_off_run
from statement_builder.pipeline.context import AppContext, open_context
from statement_builder.settings import load_settings

BUSY = 4


def open_as_worker(environ: dict[str, str], *, actor: str = "worker") -> AppContext:
    """Open the application context as a mapped task does."""
    settings = load_settings(environ, Path(environ["STATEMENTS_HOME"]))
    return open_context(settings, environ=environ, now=open_clock(environ), actor=actor, workers=1)


def main(arguments: Sequence[str]) -> None:
    what, batch_id, first, last = arguments
    try:
        with open_as_worker(dict(os.environ)) as context:
            batch = context.require_batch(batch_id)
            if what == "build":
                build_run(context, batch, int(first), int(last))
            else:
                hand_off_run(context, batch, int(first), int(last), Channel(what))
    except BatchBusy as exc:
        print(exc, file=sys.stderr)
        sys.exit(BUSY)


if __name__ == "__main__":
    main(sys.argv[1:])
