"""`inflate` gives the same data as zlib for streams of any length."""

from __future__ import annotations

import zlib

import pytest

from pdf_kit import inflate

LENGTHS = [pytest.param(length, id=f"{length}-bytes") for length in (0, 1, 65_535, 65_536, 65_537, 1_000_000)]


@pytest.mark.parametrize("length", LENGTHS)
def test_inflate__restores_deflated_data(length: int) -> None:
    data = (b"0.1234 TJ\n" * 100_000)[:length]
    assert inflate(zlib.compress(data)) == data


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda deflated: deflated[:-3], id="truncated"),
        pytest.param(lambda deflated: deflated[:-1] + bytes([deflated[-1] ^ 1]), id="wrong-checksum"),
        pytest.param(lambda _deflated: b"", id="empty"),
        pytest.param(lambda deflated: b"<<" + deflated, id="not-deflated"),
    ],
)
def test_inflate__damaged_data_raises_zlib_error(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(zlib.error):
        inflate(damage(zlib.compress(b"0.1234 TJ\n" * 50)))
