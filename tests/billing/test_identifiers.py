"""The format of billing cycles and batch ids."""

from __future__ import annotations

import re

import pytest

from statement_builder.billing.identifiers import BATCH_ID_PATTERN, batch_id_of, is_cycle
from statement_builder.billing.selection import Kind


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        pytest.param("2026-11", True, id="month"),
        pytest.param("2026-11-07", True, id="day"),
        pytest.param("2026-13", False, id="month-13"),
        pytest.param("2026-11-32", False, id="day-32"),
        pytest.param("2026-11-", False, id="trailing-hyphen"),
        pytest.param("2026-11\n", False, id="trailing-newline"),
        pytest.param("", False, id="empty"),
    ],
)
def test_is_cycle(text: str, valid: bool) -> None:
    assert is_cycle(text) is valid


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("cycle", ["2026-11", "2026-11-07"])
def test_batch_id_of__matches_the_batch_id_pattern(cycle: str, kind: Kind) -> None:
    assert re.fullmatch(BATCH_ID_PATTERN, batch_id_of(cycle, kind))


@pytest.mark.parametrize("text", ["2026-11", "2026-13-statement", "2026-11-receipt", "2026-11-statement-2"])
def test_batch_id_pattern__refuses(text: str) -> None:
    assert not re.fullmatch(BATCH_ID_PATTERN, text)
