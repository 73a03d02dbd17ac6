"""One part of a batch in a process of its own, as a worker of Airflow would do it.

    python -m tests.pipeline.part build BATCH FIRST LAST
    python -m tests.pipeline.part print|email BATCH FIRST LAST

The exit code tells what became of it: 0 done, 4 somebody else has it in hand.
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
    """The service of a hospital as a mapped task opens it."""
    settings = load_settings(environ, Path(environ["STATEMENTS_HOME"]))
    return open_context(settings, environ=environ, now=open_clock(environ), actor=actor, workers=1)


def main(arguments: Sequence[str]) -> None:
    what, batch_id, first, last = arguments
    try:
        with open_as_worker(dict(os.environ)) as context:
            if what == "build":
                build_run(context, batch_id, int(first), int(last))
            else:
                hand_off_run(context, batch_id, int(first), int(last), Channel(what))
    except BatchBusy as exc:
        print(exc, file=sys.stderr)
        sys.exit(BUSY)


if __name__ == "__main__":
    main(sys.argv[1:])
