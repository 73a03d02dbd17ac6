"""What must not remain on a page, by who is in the packet."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import GuarantorAccount
from statement_builder.operations.evidence.gather import letter_of
from statement_builder.operations.evidence.snapshots import forbidden_texts, payments_of
from tests.builders import make_account, make_encounter, make_payment


def household() -> GuarantorAccount:
    """Visits 1 and 2 of the first patient, and 3 of a second one, Bo Lee."""
    first, second, third = (
        make_encounter(account_number=number, description=description)
        for number, description in (("1", "Blood tests"), ("2", "Knee surgery"), ("3", "Eye examination"))
    )
    account = make_account(first, second, replace(third, patient_id="P-BO"))
    other = replace(account.patients[0], patient_id="P-BO", first_name="Bo", last_name="Lee")
    return replace(account, patients=(*account.patients, other))


@pytest.mark.parametrize(
    ("kept", "shown", "expected"),
    [
        pytest.param(["1"], ["1", "2", "3"], ["Bo Lee", "Eye examination", "Knee surgery"], id="one-of-three"),
        pytest.param(["1"], ["1", "2"], ["Knee surgery"], id="same-patient"),
        pytest.param(["1", "2"], ["1", "2"], [], id="all"),
        pytest.param(["3"], ["2", "3"], ["Knee surgery"], id="own-patient-is-not-forbidden"),
    ],
)
def test_forbidden_texts__are_of_visits_and_patients_that_go(
    kept: list[str], shown: list[str], expected: list[str]
) -> None:
    account = household()
    own = f"{account.patients[0].first_name} {account.patients[0].last_name}"
    assert [each for each in forbidden_texts(account, kept, shown) if each != own] == expected


def test_forbidden_texts__a_description_that_stays_is_not_one_of_them() -> None:
    account = household()
    same = tuple(replace(each, description="Blood tests") for each in account.encounters)
    assert "Blood tests" not in forbidden_texts(replace(account, encounters=same), ["1"], ["1", "2", "3"])


def test_forbidden_texts__a_sensitive_visit_has_no_description_on_the_page() -> None:
    account = household()
    hidden = tuple(replace(each, sensitive=True) for each in account.encounters)
    assert forbidden_texts(replace(account, encounters=hidden), ["1"], ["1", "2"]) == []


def test_payments__each_once_from_all_snapshots() -> None:
    early = make_account(make_encounter(account_number="1", payments=(make_payment(amount_cents=100),)))
    assert [each.amount_cents for each in payments_of([early, early], "1")] == [100]
    assert payments_of([early], "2") == []


@pytest.mark.parametrize(
    ("number", "letter"),
    [pytest.param(0, "A", id="first"), pytest.param(25, "Z", id="26th"), pytest.param(26, "AA", id="27th")],
)
def test_letter__of_an_account(number: int, letter: str) -> None:
    assert letter_of(number) == letter
