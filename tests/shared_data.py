"""Public data that the project does not ship: real bounces, barcode reference cases, a synthetic population.

Tests that read it skip, and the run ends with a line that says so, where the data is absent. Where
`STATEMENTS_REQUIRE_SHARED_DATA` is set, as in CI, an absent file fails the test instead. The same ground is covered
by cases of the project's own, so a clone without the data still tests every reader.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
SKIP_REASON = "shared data is absent"


def shared_data(name: str) -> Path:
    """The file or folder `name` below the shared data folder. Skips the calling test, or fails it in CI, if absent."""
    path = FOLDER / name
    if not path.exists():
        if is_required():
            pytest.fail(f"{path} is absent, and STATEMENTS_REQUIRE_SHARED_DATA is set", pytrace=False)
        pytest.skip(f"{SKIP_REASON}: {name}")
    return path


def is_required() -> bool:
    return bool(os.environ.get("STATEMENTS_REQUIRE_SHARED_DATA"))
