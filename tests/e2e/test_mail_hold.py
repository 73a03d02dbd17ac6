"""A hold that the billing office places in this service: found at selection, and again before the hand-off."""

from __future__ import annotations

import pytest

from tests.commands import BATCH, RUN, RUN_TO_GATES, call, error_message
from tests.hospital import Hospital


def billed(hospital: Hospital) -> str:
    """A guarantor to whom a statement was made."""
    query = (
        "SELECT guarantor_id FROM document WHERE state IN ('rendered', 'handed_off') AND guarantor_id NOT LIKE '%+%'"
    )
    return str(hospital.ledger(query + " ORDER BY guarantor_id LIMIT 1")[0][0])


def documents(hospital: Hospital, guarantor: str) -> list[tuple[str]]:
    return hospital.ledger("SELECT state FROM document WHERE guarantor_id = ?", guarantor)


@pytest.mark.hospital("waiting", guarantors=20)
def test_mail_hold__placed_after_it_was_made_withholds_it(hospital: Hospital) -> None:
    guarantor = billed(hospital)
    call(hospital, "mail-hold", "place", guarantor, "--reason", "a lawyer called")
    call(hospital, "release", BATCH)
    assert documents(hospital, guarantor) == [("withheld",)]
    assert guarantor not in {row["guarantor_id"] for row in hospital.manifest_rows() if "guarantor_id" in row}
    late = [row for row in call(hospital, "holds", BATCH, "--json").json if row["guarantor"] == guarantor]
    assert [(row["code"], row["late"]) for row in late if row["late"]] == [("OFFICE_HOLD", True)]
    assert call(hospital, "show", BATCH, "--json").json["foots"]


@pytest.mark.hospital("new", guarantors=20)
@pytest.mark.parametrize("is_lifted", [False, True], ids=["in-force", "lifted"])
def test_mail_hold__placed_before_the_pull(hospital: Hospital, is_lifted: bool) -> None:
    other = hospital.copy_to(hospital.home.parent / "other")
    call(hospital, *RUN_TO_GATES, code=3)
    guarantor = billed(hospital)
    call(other, "mail-hold", "place", guarantor, "--reason", "a lawyer called")
    if is_lifted:
        call(other, "mail-hold", "lift", guarantor, "--reason", "it was somebody else")
    call(other, *RUN, code=None)
    assert bool(documents(other, guarantor)) is is_lifted


@pytest.mark.hospital("waiting", guarantors=20)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("place", "G1", "--reason", " "), "Write the reason", id="no-reason"),
        pytest.param(("place", "G1", "--reason", "x", "--until", "2020-01-01"), "from tomorrow", id="in-the-past"),
        pytest.param(("lift", "G1", "--reason", "x"), "has no mail hold", id="nothing-to-lift"),
    ],
)
def test_mail_hold__refuses(hospital: Hospital, arguments: tuple[str, ...], message: str) -> None:
    assert message in error_message(call(hospital, "mail-hold", *arguments, code=2))


@pytest.mark.hospital("waiting", guarantors=20)
def test_mail_hold__twice_is_refused_and_keeps_the_first_reason(hospital: Hospital) -> None:
    call(hospital, "mail-hold", "place", "G1", "--reason", "first", "--until", "2027-01-31")
    assert "Lift it first" in error_message(call(hospital, "mail-hold", "place", "G1", "--reason", "second", code=2))
    (row,) = call(hospital, "mail-hold", "list", "--json").json
    assert (row["reason"], row["ends_on"]) == ("first", "2027-01-31")
    assert "first" in call(hospital, "mail-hold", "list").out
