"""Why a patient owes the balance of a visit: proved by the account, and adding up to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statement_builder.billing.balance import balance_details, encounter_balance
from statement_builder.billing.model import Encounter, FinancialClass, InsuranceKind, InsuranceStatus, PatientShare
from statement_builder.documents.reasons import Reason, find_reasons, has_insurance, total
from tests.builders import AS_OF, make_encounter, make_insurance, make_payment


def reasons(encounter: Encounter) -> list[tuple[str, int]]:
    owed = encounter_balance(encounter, AS_OF)
    insured = has_insurance(encounter, AS_OF)
    parts = find_reasons(encounter, owed, balance_details(encounter, AS_OF), insured=insured)
    return [(part.reason.value, part.cents) for part in parts]


def insurance(**cents: int) -> tuple[Any, ...]:
    return tuple(
        make_insurance(f"{kind}", kind=InsuranceKind(kind), amount_cents=amount) for kind, amount in cents.items()
    )


SPLIT = PatientShare(adjudicated_on=AS_OF, deductible_cents=20_000, coinsurance_cents=6_500)
"""$265.00."""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"share": SPLIT, "insurance": insurance(payment=93_500)},
            [("deductible", 20_000), ("coinsurance", 6_500)],
            id="split-is-what-is-asked",
        ),
        pytest.param(
            {"share": SPLIT, "insurance": insurance(payment=93_500), "payments": (make_payment(amount_cents=2_500),)},
            [("deductible", 20_000), ("coinsurance", 6_500), ("paid", 2_500)],
            id="less-what-the-patient-paid",
        ),
        pytest.param(
            {"share": SPLIT, "insurance": insurance(payment=93_500, charity=10_000)},
            [("deductible", 20_000), ("coinsurance", 6_500), ("help", 10_000)],
            id="less-charity",
        ),
        pytest.param(
            {"share": SPLIT, "insurance": insurance(payment=93_500, write_off=1_000)},
            [("deductible", 20_000), ("coinsurance", 6_500), ("taken_off", 1_000)],
            id="less-a-write-off",
        ),
        pytest.param(
            {"share": SPLIT, "insurance": insurance(payment=90_000, other=3_500)},
            [("deductible", 20_000), ("coinsurance", 6_500)],
            id="adjusted-before-the-split",
        ),
        pytest.param(
            {"share": SPLIT, "insurance": insurance(payment=50_000)},
            [("insurance_left", 0)],
            id="split-that-does-not-add-up",
        ),
        pytest.param(
            {"share": None, "insurance": insurance(payment=50_000), "payments": (make_payment(amount_cents=2_500),)},
            [("insurance_left", 70_000), ("paid", 2_500)],
            id="no-split",
        ),
        pytest.param(
            {"share": None, "insurance_name": "", "insurance_status": InsuranceStatus.NONE},
            [("rest", 0)],
            id="no-insurer-but-insurance-paid",
        ),
        pytest.param(
            {"share": None, "insurance": (), "insurance_status": InsuranceStatus.NONE},
            [("nothing_paid", 0)],
            id="insurer-without-a-claim",
        ),
        pytest.param(
            {"share": None, "insurance_status": InsuranceStatus.DENIED},
            [("partly_denied", 0)],
            id="denied-with-payments",
        ),
        pytest.param({"share": None, "insurance": insurance(payment=-100)}, [("rest", 0)], id="only-a-take-back"),
        pytest.param(
            {"share": None, "insurance": (), "insurance_name": "", "insurance_status": InsuranceStatus.NONE},
            [("no_insurance", 0)],
            id="nothing-on-file",
        ),
        pytest.param(
            {
                "share": None,
                "insurance": (),
                "insurance_name": "",
                "insurance_status": InsuranceStatus.NONE,
                "financial_class": FinancialClass.MEDICARE,
            },
            [("nothing_paid", 0)],
            id="medicare-is-insurance",
        ),
    ],
)
def test_reasons(changes: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    assert reasons(make_encounter(**changes)) == expected


cents = st.integers(-30_000, 60_000)


@given(
    status=st.sampled_from(InsuranceStatus),
    amounts=st.dictionaries(st.sampled_from([kind.value for kind in InsuranceKind]), cents),
    paid=cents,
    pending=st.integers(0, 20_000),
    share=st.none() | st.tuples(*[st.integers(0, 60_000)] * 4),
)
def test_reasons__amounts_add_up_to_what_is_owed(
    status: InsuranceStatus, amounts: dict[str, int], paid: int, pending: int, share: tuple[int, ...] | None
) -> None:
    names = ("deductible_cents", "coinsurance_cents", "copay_cents", "noncovered_cents")
    visit = make_encounter(
        insurance_status=status,
        insurance=insurance(**amounts),
        payments=(make_payment(amount_cents=paid),),
        insurance_pending_cents=pending,
        share=PatientShare(adjudicated_on=AS_OF, **dict(zip(names, share, strict=True))) if share else None,
    )
    owed = encounter_balance(visit, AS_OF)
    parts = find_reasons(visit, owed, balance_details(visit, AS_OF), insured=True)
    assert parts
    assert all(part.reason is not Reason.NO_INSURANCE for part in parts)
    if len(parts) > 1 or parts[0].cents:
        assert all(part.cents > 0 for part in parts)
        assert total(parts) == owed.patient_cents
