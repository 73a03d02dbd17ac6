"""The balance function: the only place that adds up what is owed.

Selection, documents, e-mails, manifests, and reports all read these figures and never add for themselves, so they
cannot disagree. All amounts are signed integer cents. Anything posted after `as_of` does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.model import Encounter, GuarantorAccount, InsuranceKind, Record


class FootingError(ValueError):
    """The parts do not add up to the total, or an account number is unknown. Nothing may be mailed."""


class EncounterBalance(Record, kw_only=True):
    """The balance of one encounter: `balance = charges - insurance - adjustments - charity - patient paid`."""

    account_number: str
    charges_cents: int
    insurance_paid_cents: int
    adjustments_cents: int
    """Contractual adjustments, write-offs, and others. Charity is separate because documents show it."""
    charity_cents: int
    patient_paid_cents: int
    insurance_pending_cents: int
    """What insurance is still expected to pay, capped at the balance."""
    balance_cents: int
    """The total owed by patient and insurance. Negative: a credit."""
    patient_cents: int
    """The patient balance: `balance - insurance pending`. Negative: a credit."""
    first_statement_on: date | None


class BalanceDetails(Record, kw_only=True):
    """What the amounts of an `EncounterBalance` contain, so that a document calls each by its own word."""

    taken_back_cents: int
    """What insurers took back of their payments; already subtracted from `insurance_paid_cents`."""
    contractual_cents: int
    """The insurers' discounts in `adjustments_cents`."""
    write_off_cents: int
    """The write-offs in `adjustments_cents`. The rest are the hospital's own discounts."""
    returned_cents: int
    """Refunds and returned checks; already subtracted from `patient_paid_cents`."""


class RollForward(Record, kw_only=True):
    """From the last mailing to now: `previous + charges - payments - insurance - adjustments = current`."""

    since: date | None
    """The latest mailing included in `previous_cents`. None: nothing was mailed."""
    previous_cents: int
    charges_cents: int
    insurance_cents: int
    adjustments_cents: int
    """All adjustments, including charity."""
    payments_cents: int
    current_cents: int


class Aging(Record, kw_only=True):
    """The patient balance by days since the first self-pay statement (never since the date of service).

    An encounter without a statement is current. A credit is a negative amount in its bucket.
    """

    current_cents: int
    days_31_60_cents: int
    days_61_90_cents: int
    days_91_120_cents: int
    over_120_cents: int
    total_cents: int


class AccountBalance(Record, kw_only=True):
    """The balances of the given encounters, each and in total."""

    encounters: tuple[EncounterBalance, ...]
    charges_cents: int
    insurance_paid_cents: int
    adjustments_cents: int
    charity_cents: int
    patient_paid_cents: int
    pending_cents: int
    balance_cents: int
    patient_cents: int
    roll_forward: RollForward
    aging: Aging


def balance(
    account: GuarantorAccount,
    as_of: date,
    *,
    account_numbers: tuple[str, ...] | None = None,
    since: date | None = None,
) -> AccountBalance:
    """The balance of these encounters in the given order, or of all encounters.

    The previous balance is the balance on the date of each encounter's own last mailing, so that a visit without an
    earlier statement is entirely new. `since` replaces that date for all encounters.

    FootingError if an account number is not this guarantor's or a sum does not foot.
    """
    encounters = _select(account, account_numbers)
    balances = tuple([encounter_balance(encounter, as_of) for encounter in encounters])
    result = AccountBalance(
        encounters=balances,
        charges_cents=sum([each.charges_cents for each in balances]),
        insurance_paid_cents=sum([each.insurance_paid_cents for each in balances]),
        adjustments_cents=sum([each.adjustments_cents for each in balances]),
        charity_cents=sum([each.charity_cents for each in balances]),
        patient_paid_cents=sum([each.patient_paid_cents for each in balances]),
        pending_cents=sum([each.insurance_pending_cents for each in balances]),
        balance_cents=sum([each.balance_cents for each in balances]),
        patient_cents=sum([each.patient_cents for each in balances]),
        roll_forward=_roll_forward(encounters, balances, as_of, since),
        aging=age(balances, as_of),
    )
    _require_footing(result, account.guarantor.guarantor_id)
    return result


def encounter_balances(
    account: GuarantorAccount, as_of: date, account_numbers: tuple[str, ...] | None = None
) -> tuple[EncounterBalance, ...]:
    """The balance of each of these encounters in the given order, or of each encounter.

    FootingError if an account number is not this guarantor's.
    """
    return tuple(encounter_balance(encounter, as_of) for encounter in _select(account, account_numbers))


def encounter_balance(encounter: Encounter, as_of: date) -> EncounterBalance:
    """The balance of one encounter as of a date."""
    charges = insurance_paid = adjustments = charity = patient_paid = 0
    for charge in encounter.charges:
        if charge.posted_on <= as_of:
            charges += charge.amount_cents
    for each in encounter.insurance:
        if each.posted_on > as_of:
            continue
        if each.kind is InsuranceKind.PAYMENT:
            insurance_paid += each.amount_cents
        elif each.kind is InsuranceKind.CHARITY:
            charity += each.amount_cents
        else:
            adjustments += each.amount_cents
    for payment in encounter.payments:
        if payment.posted_on <= as_of:
            patient_paid += payment.amount_cents
    owed = charges - insurance_paid - adjustments - charity - patient_paid
    # Without the cap, overstated pending insurance would look like a patient credit.
    pending = min(encounter.insurance_pending_cents, max(owed, 0))
    return EncounterBalance(
        account_number=encounter.account_number,
        charges_cents=charges,
        insurance_paid_cents=insurance_paid,
        adjustments_cents=adjustments,
        charity_cents=charity,
        patient_paid_cents=patient_paid,
        insurance_pending_cents=pending,
        balance_cents=owed,
        patient_cents=owed - pending,
        first_statement_on=encounter.correspondence.first_statement_on if encounter.correspondence else None,
    )


def balance_details(encounter: Encounter, as_of: date) -> BalanceDetails:
    """What the balance of one encounter contains as of a date."""
    taken_back = contractual = write_off = returned = 0
    for each in encounter.insurance:
        if each.posted_on > as_of:
            continue
        if each.kind is InsuranceKind.CONTRACTUAL:
            contractual += each.amount_cents
        elif each.kind is InsuranceKind.WRITE_OFF:
            write_off += each.amount_cents
        elif each.kind is InsuranceKind.PAYMENT and each.amount_cents < 0:
            taken_back -= each.amount_cents
    for payment in encounter.payments:
        if payment.posted_on <= as_of and payment.amount_cents < 0:
            returned -= payment.amount_cents
    return BalanceDetails(
        taken_back_cents=taken_back,
        contractual_cents=contractual,
        write_off_cents=write_off,
        returned_cents=returned,
    )


def owed_cents(account: GuarantorAccount, as_of: date) -> int:
    """The total owed on a guarantor's encounters by patient and insurance, as the control totals count it.

    Unapplied payments (`unapplied_cents`) do not reduce it.
    """
    return sum(encounter_balance(encounter, as_of).balance_cents for encounter in account.encounters)


def _select(account: GuarantorAccount, account_numbers: tuple[str, ...] | None) -> tuple[Encounter, ...]:
    if account_numbers is None:
        return account.encounters
    by_number = {encounter.account_number: encounter for encounter in account.encounters}
    if missing := [number for number in account_numbers if number not in by_number]:
        raise FootingError(f"guarantor {account.guarantor.guarantor_id}: no encounter {', '.join(missing)} on file")
    return tuple(by_number[number] for number in account_numbers)


def _roll_forward(
    encounters: tuple[Encounter, ...], balances: tuple[EncounterBalance, ...], as_of: date, since: date | None
) -> RollForward:
    previous = charges = insurance = adjustments = payments = current = 0
    latest: date | None = None
    for encounter, now in zip(encounters, balances, strict=True):
        start = since or (encounter.correspondence.last_mailed_on if encounter.correspondence else None)
        current += now.balance_cents
        charges += now.charges_cents
        insurance += now.insurance_paid_cents
        adjustments += now.adjustments_cents + now.charity_cents
        payments += now.patient_paid_cents
        if start is None:
            continue
        start = min(start, as_of)
        latest = max(latest, start) if latest else start
        then = encounter_balance(encounter, start)
        previous += then.balance_cents
        charges -= then.charges_cents
        insurance -= then.insurance_paid_cents
        adjustments -= then.adjustments_cents + then.charity_cents
        payments -= then.patient_paid_cents
    return RollForward(
        since=latest,
        previous_cents=previous,
        charges_cents=charges,
        insurance_cents=insurance,
        adjustments_cents=adjustments,
        payments_cents=payments,
        current_cents=current,
    )


def age(balances: Iterable[EncounterBalance], as_of: date) -> Aging:
    """The patient balance of these visits by age."""
    buckets = [0, 0, 0, 0, 0]
    for each in balances:
        days = (as_of - each.first_statement_on).days if each.first_statement_on else 0
        buckets[min(4, max(0, (days - 1) // 30))] += each.patient_cents
    return Aging(
        current_cents=buckets[0],
        days_31_60_cents=buckets[1],
        days_61_90_cents=buckets[2],
        days_91_120_cents=buckets[3],
        over_120_cents=buckets[4],
        total_cents=sum(buckets),
    )


def _require_footing(result: AccountBalance, guarantor_id: str) -> None:
    roll = result.roll_forward
    rolled = (
        roll.previous_cents + roll.charges_cents - roll.payments_cents - roll.insurance_cents - roll.adjustments_cents
    )
    checks = {
        "parts to balance": result.charges_cents
        - result.insurance_paid_cents
        - result.adjustments_cents
        - result.charity_cents
        - result.patient_paid_cents
        == result.balance_cents,
        "pending to balance": result.patient_cents + result.pending_cents == result.balance_cents,
        "roll-forward": rolled == roll.current_cents == result.balance_cents,
        "aging": result.aging.total_cents == result.patient_cents,
    }
    if broken := [name for name, foots in checks.items() if not foots]:
        raise FootingError(f"guarantor {guarantor_id}: {', '.join(broken)} does not foot")
