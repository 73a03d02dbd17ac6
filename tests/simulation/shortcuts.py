"""What a simulation skips: checks that depend on the templates only, pauses, and what protects from a loss of power.

Processes that die are simulated by exceptions, so nothing has to reach the disk.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from statement_builder.ledger.storage import database
from statement_builder.pipeline import build, build_worker, preconditions
from statement_builder.rendering import fingerprint_templates
from statement_builder.rendering.compiled import layout_cache
from statement_builder.rendering.compiled.engine import CompiledEngine
from tests.faults.fault_injection import without_delays
from tests.hospital import ROOT

open_engine = functools.lru_cache(maxsize=1)(CompiledEngine)
"""Parses the style sheets once in the life of a simulated process. `open_engine.cache_clear()` ends that life."""


@contextmanager
def quick_office() -> Iterator[None]:
    """Skip the check of each template, reading templates again for each batch, the control sheet's PDF, pauses between
    retries, and syncs to the disk."""
    fingerprint = functools.lru_cache(maxsize=1)(fingerprint_templates)
    with ExitStack() as stack:
        stack.enter_context(without_delays())
        stack.enter_context(mock.patch.object(preconditions, "check_templates", return_value=()))
        stack.enter_context(mock.patch.object(build_worker, "CompiledEngine", open_engine))
        for module in (build, layout_cache):
            stack.enter_context(mock.patch.object(module, "fingerprint_templates", fingerprint))
        stack.enter_context(mock.patch("os.fsync"))
        set_up = functools.partial(_set_up_without_syncs, database._set_up_sqlite)
        stack.enter_context(mock.patch.object(database, "_set_up_sqlite", set_up))
        try:
            yield
        finally:
            open_engine.cache_clear()


def _set_up_without_syncs(set_up: Any, connection: Any, record: object) -> None:
    set_up(connection, record)
    connection.execute("PRAGMA synchronous=OFF")


def write_settings(home: Path, layouts: Path) -> None:
    """The sample settings, with a vendor that reports every piece, a portal, and a payroll."""
    settings = (ROOT / "statements.sample.toml").read_text(encoding="utf-8")
    settings = settings.replace("workers = 0", f'workers = 1\nlayouts = "{layouts}"')
    settings = settings.replace("[mail]\n", "[mail]\nsettle_seconds = 0\nunread_email_days = 7\n")
    settings = settings.replace('final_vendor_status = "nothing"', 'final_vendor_status = "mailed"')
    settings += f'\n[payroll]\nurl = "file://{home}/payroll"\n'
    (home / "statements.toml").write_text(settings, encoding="utf-8")
