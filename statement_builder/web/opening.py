"""Opens a console for `statements serve` and for Airflow in one way, so that both are equally fast."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from statement_builder.operations.console.today import count_ahead
from statement_builder.pipeline.context import AppContext
from statement_builder.web.console import Console
from statement_builder.web.jobs import Jobs
from statement_builder.web.templating import open_templates
from statement_builder.web.tokens import TokenBox
from statement_builder.web.visitors import Door


def open_console(
    context: AppContext,
    *,
    door: Door,
    box: TokenBox,
    environ: Mapping[str, str],
    folder: Path,
    runs_batches: bool = True,
) -> Console:
    """A console that remembers its totals, and counts those of *Today* before somebody opens the page. Its actions look
    for the settings in `folder`."""
    jobs = Jobs(environ, folder, workers=context.workers, monotonic=time.monotonic)
    jobs.prepare()
    context.ledger.remember_totals()
    count_ahead(context)
    return Console(
        context=context,
        door=door,
        templates=open_templates(context.facility.time_zone),
        jobs=jobs,
        box=box,
        runs_batches=runs_batches,
    )
