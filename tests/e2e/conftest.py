"""A batch that was mailed once, and a copy of it for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import RUN, call
from tests.hospital import Hospital, build_hospital


@pytest.fixture(scope="module")
def handed_off(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch that was mailed and closed; a module may have another of its own."""
    hospital = build_hospital(tmp_path_factory.mktemp("mailed") / "home", guarantors=20, workers=1)
    call(hospital, *RUN)
    return hospital


@pytest.fixture
def hospital(handed_off: Hospital, tmp_path: Path) -> Hospital:
    return handed_off.copy_to(tmp_path / "home")
