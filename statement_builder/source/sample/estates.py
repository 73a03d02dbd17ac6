"""Guarantors of the sample hospital who have died, with every state of their estates."""

from __future__ import annotations

from typing import Any

from statement_builder.billing.model import EstateStatus, FinancialClass, InsuranceStatus
from statement_builder.source.sample.household import Household
from statement_builder.source.sample.name_pools import FIRST_NAMES
from statement_builder.source.sample.scenarios import Scenario

_COURT: dict[str, Any] = {
    "court_state": "CO",
    "county": "Larimer",
    "court": "Larimer County District Court",
    "case_number": "2026PR030042",
}


def _add_decedent(
    household: Household,
    *,
    died_days_ago: int,
    status: EstateStatus,
    claim: InsuranceStatus | None = None,
    **facts: Any,
) -> None:
    """One visit that ended with the death. `claim`: the status of its claim; None: insurance has decided."""
    household.add_guarantor(language="en", delivery="paper")
    patient = household.add_patient(age=79)
    household.add_visit(
        patient,
        days_ago=died_days_ago,
        owed_cents=48_200,
        financial_class=FinancialClass.COMMERCIAL,
        status=claim,
    )
    household.add_estate(patient=patient, died_days_ago=died_days_ago, status=status, **facts)


def _representative(household: Household) -> dict[str, Any]:
    return {
        "representative_name": f"{household.rng.choice(FIRST_NAMES)} {household.last_name}",
        "address_lines": f"{household.rng.randint(2, 480)} Alder Street",
        "city": "Fort Collins",
        "state": "CO",
        "postal_code": "80521",
    }


def _probate(household: Household, *, published: int = 40, **changes: Any) -> dict[str, Any]:
    return {
        **_representative(household),
        **_COURT,
        "opened_on": household.day(50),
        "published_on": household.day(published),
        **changes,
    }


def estate_unknown(household: Household) -> None:
    """Nobody is known who takes care of the estate."""
    _add_decedent(household, died_days_ago=70, status=EstateStatus.UNKNOWN)


def estate_just_after_the_death(household: Household) -> None:
    _add_decedent(household, died_days_ago=12, status=EstateStatus.UNKNOWN)


def estate_in_probate(household: Household) -> None:
    """A claim is due, and the last stay is an expense of the last illness."""
    facts = _probate(household, last_illness_on=household.day(90))
    _add_decedent(household, died_days_ago=80, status=EstateStatus.OPEN, **facts)


def estate_with_attorney(household: Household) -> None:
    """The estate's attorney gets the claim, and has mailed a notice to the hospital."""
    facts = _probate(household, attorney_name="Reyes & Cole LLP", notice_on=household.day(15))
    _add_decedent(household, died_days_ago=80, status=EstateStatus.OPEN, **facts)


def estate_near_the_deadline(household: Household) -> None:
    """Insurance is pending, and the claim must be presented within two weeks."""
    facts = _probate(household, published=110)
    _add_decedent(household, died_days_ago=130, status=EstateStatus.OPEN, claim=InsuranceStatus.PENDING, **facts)


def estate_barred(household: Household) -> None:
    """The time to present a claim is over."""
    _add_decedent(household, died_days_ago=200, status=EstateStatus.OPEN, **_probate(household, published=150))


def estate_in_massachusetts(household: Household) -> None:
    """A letter does not present a claim there."""
    facts = _probate(household, court_state="MA", county="Hampden", court="Hampden Probate and Family Court")
    _add_decedent(household, died_days_ago=80, status=EstateStatus.OPEN, **facts)


def estate_in_an_unknown_state(household: Household) -> None:
    """The state's rule is not on file."""
    facts = _probate(household, court_state="OH", county="Summit", court="Summit County Probate Court")
    _add_decedent(household, died_days_ago=80, status=EstateStatus.OPEN, **facts)


def estate_closed(household: Household) -> None:
    _add_decedent(household, died_days_ago=300, status=EstateStatus.CLOSED, **_probate(household, published=250))


ESTATE_SCENARIOS: tuple[Scenario, ...] = (
    estate_unknown,
    estate_just_after_the_death,
    estate_in_probate,
    estate_with_attorney,
    estate_near_the_deadline,
    estate_barred,
    estate_in_massachusetts,
    estate_in_an_unknown_state,
    estate_closed,
)
