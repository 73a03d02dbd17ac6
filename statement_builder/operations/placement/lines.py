"""What an agency learns about one placed visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from mail_house.agency import AgencyProfile, PlacementLine, find_line_problem
from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.model import ApplicationStatus, Encounter, FinancialClass, Guarantor, Patient
from statement_builder.billing.selection import Hold
from statement_builder.containment import contain
from statement_builder.ledger.placement import NewPlacement
from statement_builder.operations.placement.review import ReviewedVisit
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.placement import ItemizationDate, find_amounts, itemize
from statement_builder.settings.backends import open_agency_profile


@dataclass(frozen=True, kw_only=True)
class PreparedPlacement:
    """A visit that can be placed."""

    placement: NewPlacement
    line: PlacementLine


def open_profiles(context: AppContext) -> dict[str, AgencyProfile]:
    """Agency → the format of its files."""
    return {each.agency_id: open_agency_profile(each) for each in context.settings.placement.agencies}


def prepare_placement(
    visit: ReviewedVisit,
    itemization: ItemizationDate,
    profiles: Mapping[str, AgencyProfile],
    placed_on: date,
    *,
    number: int | None = None,
) -> PreparedPlacement | Hold:
    """What is recorded and sent of a visit that passed the gates; the refusal if it does not fit the agency's file.
    `number` is that of a placement on a list; None: the next one."""
    assert visit.agency is not None
    agency_id, amounts = visit.agency.agency_id, find_amounts(visit.encounter, visit.candidate.as_of)
    placement = NewPlacement(
        account_number=visit.account_number,
        number=number or visit.before.placements + 1,
        guarantor_id=visit.guarantor_id,
        agency_id=agency_id,
        placed_cents=amounts.balance_cents,
        charged_cents=amounts.charged_cents,
        direct_cents=amounts.direct_cents,
    )
    try:
        line = build_line(visit, placement_id=placement.placement_id, placed_on=placed_on, itemization=itemization)
        fits = not find_line_problem(profiles[agency_id], line)
    except ValueError as exc:
        contain(exc, "itemizing the debt of this account", visit.guarantor_id)
        fits = False
    return PreparedPlacement(placement=placement, line=line) if fits else make_hold("PLACE_FIELD", visit.account_number)


def build_line(
    visit: ReviewedVisit, *, placement_id: str, placed_on: date, itemization: ItemizationDate
) -> PlacementLine:
    """The line of a visit that passed the gates. ValueError if its debt cannot be itemized."""
    encounter, account, as_of = visit.encounter, visit.candidate.account, visit.candidate.as_of
    guarantor, address = account.guarantor, account.guarantor.mailing_address
    patient = next((each for each in account.patients if each.patient_id == encounter.patient_id), None)
    balance, items = encounter_balance(encounter, as_of), itemize(encounter, itemization, as_of)
    mailed = encounter.correspondence
    if mailed is None:
        raise ValueError("no statement was mailed about the visit")
    last_payment = max(
        (each for each in encounter.payments if each.amount_cents > 0 and each.posted_on <= as_of),
        key=lambda each: (each.posted_on, each.payment_id),
        default=None,
    )
    wait = timedelta(days=visit.candidate.policy.eca_wait_days.value)
    return PlacementLine(
        placement=placement_id,
        placed_on=placed_on,
        account=encounter.account_number,
        guarantor=guarantor.guarantor_id,
        first_name=guarantor.first_name,
        last_name=guarantor.last_name,
        suffix=guarantor.suffix,
        birth_on=guarantor.birth_on,
        language=guarantor.other_language or guarantor.language,
        address_1=address.lines[0] if address.lines else "",
        address_2=", ".join(address.lines[1:]),
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
        country=address.country,
        patient_first_name=patient.first_name if patient else "",
        patient_last_name=patient.last_name if patient else "",
        patient_is_guarantor=_flag(patient is not None and _is_same_person(patient, guarantor)),
        service_from=encounter.service_from,
        service_to=encounter.service_to,
        facility=encounter.facility_name,
        financial_class=encounter.financial_class.value,
        insurance=encounter.insurance_name,
        is_medicare=_flag(encounter.financial_class is FinancialClass.MEDICARE),
        charges_cents=balance.charges_cents,
        insurance_paid_cents=balance.insurance_paid_cents,
        adjustments_cents=balance.adjustments_cents + balance.charity_cents,
        patient_paid_cents=balance.patient_paid_cents,
        balance_cents=items.balance_cents,
        itemized_on=items.on,
        itemized_cents=items.amount_cents,
        charges_since_cents=items.charges_cents,
        payments_since_cents=items.payments_cents,
        credits_since_cents=items.credits_cents,
        last_payment_on=last_payment.posted_on if last_payment else None,
        last_payment_cents=last_payment.amount_cents if last_payment else 0,
        first_statement_on=mailed.first_statement_on,
        last_statement_on=mailed.last_mailed_on,
        statements=mailed.statements_mailed,
        final_notice_on=visit.before.notice_mailed_on or mailed.last_mailed_on,
        actions_not_before=mailed.first_statement_on + wait,
        assistance=_assistance(visit, encounter),
        earlier_agency=visit.before.returned_by[-1] if visit.before.returned_by else "",
    )


def _assistance(visit: ReviewedVisit, encounter: Encounter) -> str:
    statuses = {
        each.status
        for each in visit.candidate.account.assistance
        if each.account_number in ("", encounter.account_number)
    }
    decided = [each.value for each in (ApplicationStatus.APPROVED, ApplicationStatus.DENIED) if each in statuses]
    return decided[0] if decided else "screened"


def _is_same_person(patient: Patient, guarantor: Guarantor) -> bool:
    same_name = (patient.first_name, patient.last_name) == (guarantor.first_name, guarantor.last_name)
    return same_name and guarantor.birth_on in (None, patient.birth_on)


def _flag(value: bool) -> str:
    return "Y" if value else "N"
