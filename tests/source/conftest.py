"""Extracts for tests to fill: on SQLite only, or once per database on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source.extract import Extract


@pytest.fixture
def sqlite_extract(tmp_path: Path) -> Iterator[Extract]:
    extract = Extract(f"sqlite:///{tmp_path / 'extract.db'}")
    yield extract
    extract.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def extract(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Extract]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'extract.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    extract = Extract(url)
    yield extract
    extract.engine.dispose()
