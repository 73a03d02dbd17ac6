"""Snapshots return exactly the pulled accounts, or report damage."""

from __future__ import annotations

import gzip

import pytest

from statement_builder.archive import read_snapshot, write_snapshot
from statement_builder.billing.model import Address, Fault, FaultyAccount, Guarantor, GuarantorAccount
from statement_builder.errors import ArchiveError

ADDRESS = Address(lines=("1 Elm St\r\nApt 2\u2028",), city="Boston", state="MA", postal_code="02139")
ENTRIES: list[GuarantorAccount | FaultyAccount] = [
    GuarantorAccount(guarantor=Guarantor(guarantor_id="G1", first_name="Łukasz", last_name="O'Brien", address=ADDRESS)),
    FaultyAccount(
        subject="G2",
        faults=(Fault(code="DATE", result_set="charges", column="posted_on", row_key="C1", message="m", fix="f"),),
        cents=-5,
    ),
    GuarantorAccount(guarantor=Guarantor(guarantor_id="G3", first_name="", last_name="{{ x }}", address=ADDRESS)),
]


def test_snapshot__returns_the_same_entries_in_order() -> None:
    assert list(read_snapshot(write_snapshot(ENTRIES))) == ENTRIES


def test_snapshot__same_entries_give_same_bytes() -> None:
    assert write_snapshot(ENTRIES) == write_snapshot(iter(ENTRIES))


def test_snapshot__without_entries() -> None:
    assert list(read_snapshot(write_snapshot([]))) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(write_snapshot(ENTRIES)[:-9], "cannot be decompressed", id="truncated"),
        pytest.param(b"not a snapshot", "cannot be decompressed", id="not-gzip"),
        pytest.param(gzip.compress(b'{"account": {"guarantor": "Jane Roe"}}\n'), "line 1", id="wrong-structure"),
        pytest.param(gzip.compress(b"{}\n"), "line 1", id="empty-line"),
    ],
)
def test_snapshot__damage_is_one_clear_error_without_patient_data(data: bytes, message: str) -> None:
    with pytest.raises(ArchiveError, match=message) as caught:
        list(read_snapshot(data))
    assert "Jane" not in str(caught.value)
