"""One engine for all: fonts and style sheets are read once, as in a worker process."""

from __future__ import annotations

import pytest

from statement_builder.rendering import CompiledEngine, PlainEngine
from tests.contents import TEMPLATES


@pytest.fixture(scope="session")
def engine() -> PlainEngine:
    return PlainEngine(TEMPLATES)


@pytest.fixture(scope="session")
def compiled() -> CompiledEngine:
    return CompiledEngine(TEMPLATES)
