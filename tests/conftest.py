"""Fixtures for all tests: servers that start on first use, sample hospitals, and rendering engines."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import botocore.endpoint
import pytest
import tenacity.nap
from hypothesis import HealthCheck, settings

from statement_builder.rendering import CompiledEngine, PlainEngine, Rendered
from tests.contents import TEMPLATES
from tests.shared_data import SKIP_REASON

settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
"""The default profile runs the same examples every time. HYPOTHESIS_PROFILE=search tries new ones."""

_SERVERS = ("postgres", "redis", "s3", "faulty_s3", "sftp", "smtp", "imap", "fake_lob", "fake_ses", "prism_server")
pytest_plugins = ["tests.fixtures.hospitals", *(f"tests.services.{server}" for server in _SERVERS)]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Skip the pauses between retries in this process. Returns the seconds that were requested."""
    pauses: list[float] = []
    for module in (tenacity.nap, botocore.endpoint):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=pauses.append))
    return pauses


class _RememberingEngine(PlainEngine):
    """Prints the same markup once: many tests look at the same pages."""

    def __init__(self, templates: Path) -> None:
        super().__init__(templates)
        self._printed: dict[tuple[str, str], Rendered] = {}

    def print_markup(self, html: str, *, identifier: str) -> Rendered:
        key = (html, identifier)
        if key not in self._printed:
            self._printed[key] = super().print_markup(html, identifier=identifier)
        return self._printed[key]


@pytest.fixture(scope="session")
def engine() -> PlainEngine:
    """One engine for all tests, so that fonts and style sheets are read once, as in a worker process."""
    return _RememberingEngine(TEMPLATES)


@pytest.fixture(scope="session")
def compiled() -> CompiledEngine:
    """The compiled engine, shared the same way."""
    return CompiledEngine(TEMPLATES)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how many tests were skipped because the shared data is absent."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if SKIP_REASON in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped):,} tests did not run: {SKIP_REASON} (see tests/shared_data.py)", yellow=True, bold=True
        )
