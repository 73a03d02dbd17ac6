"""Streams are inflated as zlib does it, however long they are."""

from __future__ import annotations

import zlib

import pytest

from pdf_kit import inflate

LENGTHS = [pytest.param(length, id=f"{length}-bytes") for length in (0, 1, 65_535, 65_536, 65_537, 1_000_000)]


@pytest.mark.parametrize("length", LENGTHS)
def test_inflate__gives_back_what_was_deflated(length: int) -> None:
    whole = (b"0.1234 TJ\n" * 100_000)[:length]
    assert inflate(zlib.compress(whole)) == whole


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda packed: packed[:-3], id="cut"),
        pytest.param(lambda packed: packed[:-1] + bytes([packed[-1] ^ 1]), id="wrong-sum"),
        pytest.param(lambda _packed: b"", id="empty"),
        pytest.param(lambda packed: b"<<" + packed, id="not-deflated"),
    ],
)
def test_inflate__damage_is_zlib_s_error(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(zlib.error):
        inflate(damage(zlib.compress(b"0.1234 TJ\n" * 50)))
