"""Builds `billing.model` records from validated rows, without any decisions.

Columns are in the order of the contract; a test checks every builder against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from statement_builder.billing.assistance_terms import MissingItem
from statement_builder.billing.model import (
    AssistanceRecord,
    BillingEntity,
    Charge,
    Correspondence,
    Coverage,
    Deposit,
    DocumentRequest,
    Encounter,
    EstimateReview,
    Installment,
    InsuranceTransaction,
    ObstetricEpisode,
    Patient,
    PatientPayment,
    PatientShare,
    PayrollDeduction,
    Plan,
    PlanMethod,
    RecordedHold,
    Refund,
    RequestFormat,
)
from statement_builder.billing.request_terms import read_corrections
from statement_builder.source.row_validation import Row


def build_patient(row: Row) -> Patient:
    _, _, patient_id, first_name, last_name, birth_on = row
    return Patient(patient_id=patient_id, first_name=first_name or "", last_name=last_name, birth_on=birth_on)


def build_coverage(row: Row) -> Coverage:
    _, _, patient_id, _, kind, starts_on, ends_on = row
    return Coverage(patient_id=patient_id, kind=kind, starts_on=starts_on, ends_on=ends_on)


def build_assistance(row: Row) -> AssistanceRecord:
    return AssistanceRecord(
        kind=row[4],
        occurred_on=row[5],
        account_number=row[2] or "",
        status=row[6],
        assistance_id=row[3],
        missing=tuple(item for item in MissingItem if item in (row[7] or "").split()),
        respond_by=row[8],
        decided_on=row[9],
        basis=row[10],
        discount_percent=row[11],
        valid_until=row[12],
        notified_on=row[13],
    )


def build_encounter(
    row: Row,
    *,
    charges: Iterable[Row],
    insurance: Iterable[Row],
    payments: Iterable[Row],
    shares: Sequence[Row],
    correspondence: Sequence[Row],
    requests: Iterable[Row] = (),
) -> Encounter:
    """One encounter with the rows of its account; `shares` and `correspondence` have at most one row."""
    return Encounter(
        account_number=row[2],
        patient_id=row[3],
        service_from=row[4],
        service_to=row[5],
        facility_name=row[6],
        description=row[7],
        patient_class=row[8],
        financial_class=row[9],
        insurance_status=row[10],
        insurance_name=row[11] or "",
        insurance_pending_cents=row[12],
        final_billed=bool(row[13]),
        sensitive=bool(row[14]),
        plan_id=row[15] or "",
        good_faith_estimate_cents=row[16],
        estimate_review=EstimateReview(reviewed_by=row[17], reviewed_on=row[18], note=row[19]) if row[18] else None,
        charges=tuple([_charge(charge) for charge in charges]),
        insurance=tuple([_insurance(transaction) for transaction in insurance]),
        payments=tuple([_payment(payment) for payment in payments]),
        share=_share(shares[0]) if shares else None,
        correspondence=_correspondence(correspondence[0]) if correspondence else None,
        billing_entity_id=row[20] or "",
        requests=tuple([build_request(request) for request in requests]),
    )


def build_billing_entity(row: Row) -> BillingEntity:
    _, _, entity_id, kind, name, tax_id, phone, hospital_collects, in_assistance_policy = row
    return BillingEntity(
        entity_id=entity_id,
        kind=kind,
        name=name,
        tax_id=tax_id,
        phone=phone,
        hospital_collects=bool(hospital_collects),
        in_assistance_policy=bool(in_assistance_policy),
    )


def _charge(row: Row) -> Charge:
    _, _, _, charge_id, service_on, posted_on, description, code, revenue_code, quantity, cents = row
    return Charge(
        charge_id=charge_id,
        service_on=service_on,
        posted_on=posted_on,
        description=description,
        code=code or "",
        revenue_code=revenue_code or "",
        quantity=quantity,
        amount_cents=cents,
    )


def _insurance(row: Row) -> InsuranceTransaction:
    _, _, _, transaction_id, posted_on, kind, payer, cents = row
    return InsuranceTransaction(
        transaction_id=transaction_id, posted_on=posted_on, kind=kind, payer=payer or "", amount_cents=cents
    )


def _payment(row: Row) -> PatientPayment:
    _, _, _, payment_id, posted_on, method, cents = row
    return PatientPayment(payment_id=payment_id, posted_on=posted_on, method=method or "", amount_cents=cents)


def _share(row: Row) -> PatientShare:
    _, _, _, adjudicated_on, deductible_cents, coinsurance_cents, copay_cents, noncovered_cents = row
    return PatientShare(
        adjudicated_on=adjudicated_on,
        deductible_cents=deductible_cents,
        coinsurance_cents=coinsurance_cents,
        copay_cents=copay_cents,
        noncovered_cents=noncovered_cents,
    )


def _correspondence(row: Row) -> Correspondence:
    _, _, _, first_statement_on, statements_sent, last_level, last_mailed_on = row
    return Correspondence(
        first_statement_on=first_statement_on,
        statements_sent=statements_sent,
        last_level=last_level,
        last_mailed_on=last_mailed_on,
    )


def build_request(row: Row) -> DocumentRequest:
    _, _, _, request_id, kind, asked_on, requested_format, reviewed_on, corrected, obstacle, expected_on = row
    return DocumentRequest(
        request_id=request_id,
        kind=kind,
        asked_on=asked_on,
        format=requested_format or RequestFormat.STANDARD,
        reviewed_on=reviewed_on,
        corrected=read_corrections(corrected),
        obstacle=obstacle,
        expected_on=expected_on,
    )


def build_plan(row: Row, installments: Iterable[Row]) -> Plan:
    _, _, plan_id, status, opened_on, terms_on, method, down_payment, finance_charge, apr, signed_on = row
    return Plan(
        plan_id=plan_id,
        status=status,
        opened_on=opened_on,
        installments=tuple([_installment(i) for i in installments]),
        terms_on=terms_on,
        method=method or PlanMethod.MANUAL,
        down_payment_cents=down_payment or 0,
        finance_charge_cents=finance_charge or 0,
        apr_basis_points=apr,
        signed_on=signed_on,
    )


def _installment(row: Row) -> Installment:
    _, _, _, sequence, due_on, amount_cents, paid_cents = row
    return Installment(sequence=sequence, due_on=due_on, amount_cents=amount_cents, paid_cents=paid_cents)


def build_deduction(row: Row) -> PayrollDeduction:
    return PayrollDeduction(
        authorization_id=row[2],
        plan_id=row[3],
        employee_id=row[4],
        status=row[5],
        asked_on=row[6],
        total_cents=row[7],
        per_pay_cents=row[8],
        pay_count=row[9],
        frequency=row[10],
        first_pay_on=row[11],
        last_pay_on=row[12],
        work_state=row[13].upper(),
        signed_on=row[14],
        hospital_signed_on=row[15],
        ended_on=row[16],
    )


def build_hold(row: Row) -> RecordedHold:
    _, _, account_number, hold_id, code, placed_on, episode_id, expires_on = row
    return RecordedHold(
        hold_id=hold_id,
        code=code,
        placed_on=placed_on,
        account_number=account_number or "",
        episode_id=episode_id or "",
        expires_on=expires_on,
    )


def build_episode(row: Row, deposits: Iterable[Row]) -> ObstetricEpisode:
    """One pregnancy with its deposits."""
    return ObstetricEpisode(
        episode_id=row[2],
        patient_id=row[3],
        status=row[4],
        expected_delivery_on=row[5],
        estimate_cents=row[6],
        estimate_on=row[7],
        estimated_delivery_on=row[8],
        benefits_verified_on=row[9],
        estimate_basis=row[10] or "",
        financial_class=row[11],
        insurance_name=row[12] or "",
        insurance_changed_on=row[13],
        plan_year_ends_on=row[14],
        good_faith_estimate_id=row[15] or "",
        notices_sent=row[16],
        last_notice_on=row[17],
        deposits=tuple([_deposit(deposit) for deposit in deposits]),
    )


def _deposit(row: Row) -> Deposit:
    _, _, _, deposit_id, posted_on, cents = row
    return Deposit(deposit_id=deposit_id, posted_on=posted_on, amount_cents=cents)


def build_refund(row: Row) -> Refund:
    _, _, account_number, refund_id, episode_id, cents, reason, status, *rest = row
    approved_on, approved_by, method, send_on, sent_on, check_number, balances_reviewed = rest
    return Refund(
        refund_id=refund_id,
        account_number=account_number or "",
        episode_id=episode_id or "",
        amount_cents=cents,
        reason=reason,
        status=status,
        approved_on=approved_on,
        approved_by=approved_by or "",
        method=method,
        send_on=send_on,
        sent_on=sent_on,
        check_number=check_number or "",
        balances_reviewed=bool(balances_reviewed),
    )
