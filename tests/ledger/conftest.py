"""Every ledger test runs on both supported databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from statement_builder.ledger import Ledger


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """A new ledger with tables."""
    with Ledger.open(ledger_url) as opened:
        opened.upgrade()
        yield opened
