"""Builds all rows of one invented guarantor in the reference schema.

Dates are in days before the as-of date, amounts in cents. The same seed, number and as-of date give the same rows.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    ContactKind,
    EstateStatus,
    FinancialClass,
    InsuranceStatus,
    PlanStatus,
    RefundMethod,
    RefundReason,
    RefundStatus,
    RequestFormat,
    RequestKind,
)
from statement_builder.source.sample.name_pools import (
    CONSENT_TERMS,
    FIRST_NAMES,
    INSURERS,
    LAST_NAMES,
    SERVICES,
    STREETS,
    TOWNS,
    Service,
    revenue_code_of,
)

Rows = defaultdict[str, list[tuple[Any, ...]]]
"""Rows by table; each row has the table's columns in order."""

_PLAN_TERMS = (
    "terms_on",
    "method",
    "down_payment_cents",
    "finance_charge_cents",
    "apr_basis_points",
    "signed_on",
)
"""The optional columns of a plan, in order."""

_ASSISTANCE_COLUMNS = (
    "missing_items",
    "respond_by",
    "decided_on",
    "basis",
    "discount_percent",
    "valid_until",
    "notified_on",
)
"""The optional columns of an application, in order."""
_REVIEW_COLUMNS = ("reviewed_on", "corrected_items", "obstacle", "expected_on")
_ESTATE_COLUMNS = (
    "estate_id",
    "guarantor_id",
    "patient_id",
    "died_on",
    "status",
    "representative_name",
    "attorney_name",
    "address_lines",
    "city",
    "state",
    "postal_code",
    "country",
    "language",
    "large_print",
    "court_state",
    "county",
    "court",
    "case_number",
    "opened_on",
    "published_on",
    "notice_on",
    "last_illness_on",
    "claim_filed_on",
)
"""Of the table of estates, in order."""


_PRICE_PERCENT = (85, 115)
"""Of the typical price of a charge, at least and at most."""
_ALLOWED_PERCENT = (48, 68)
"""Of the charges, what an insurer allows."""


@dataclass(frozen=True)
class Mailed:
    """Mail already sent for a visit: first and last in days ago, last dunning level, number of statements."""

    first_days: int
    last_days: int
    level: int
    count: int


class Household:
    """Adds one guarantor's rows to `rows`. `number` counts from 0 and is part of every id."""

    def __init__(self, rows: Rows, *, number: int, seed: int, as_of: date) -> None:
        self.rows = rows
        self.rng = random.Random(seed * 1_000_003 + number)  # noqa: S311 - the sample must be reproducible
        self.as_of = as_of
        self.number = number
        self.guarantor_id = f"G{100_000 + number}"
        self.first_name = self.rng.choice(FIRST_NAMES)
        self.last_name = self.rng.choice(LAST_NAMES)
        self.accounts: list[str] = []
        """The account numbers of its visits, in the order added."""
        self._last_suffix = 0

    def day(self, days_ago: int) -> str:
        """The date `days_ago` days before the as-of date, as ISO text."""
        return (self.as_of - timedelta(days=days_ago)).isoformat()

    def next_id(self, letter: str) -> str:
        """A new id, unique in this hospital."""
        self._last_suffix += 1
        return f"{letter}{100_000 + self.number}-{self._last_suffix:03d}"

    def add_guarantor(self, **changes: Any) -> None:
        """Add the guarantor row; `changes` override its default columns."""
        rng = self.rng
        city, state, prefix = rng.choice(TOWNS)
        lines = f"{rng.randint(1, 980)} {rng.choice(STREETS)}"
        if rng.random() < 0.2:
            lines += f"\nApt {rng.randint(1, 60)}"
        zip_code = f"{prefix}{rng.randint(1, 99):02d}"
        if rng.random() < 0.5:
            zip_code += f"-{rng.randint(1, 9998):04d}"
        by_email = rng.random() < 0.15
        withdrew = not by_email and self.number % 12 == 0 and "email_consent_at" not in changes
        consented = by_email or withdrew
        row = {
            "guarantor_id": self.guarantor_id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "suffix": "Jr." if rng.random() < 0.02 else None,
            "address_lines": lines,
            "city": city,
            "state": state,
            "postal_code": zip_code,
            "country": "US",
            "confidential_lines": None,
            "confidential_city": None,
            "confidential_state": None,
            "confidential_postal_code": None,
            "confidential_country": None,
            "email": f"reader{self.number}@example.com" if by_email or rng.random() < 0.4 else None,
            "language": "es" if rng.random() < 0.08 else "en",
            "large_print": rng.random() < 0.02,
            "delivery": "email" if by_email else "paper",
            "email_consent_at": f"{self.day(300 if withdrew else rng.randint(30, 700))}T15:00:00Z"
            if consented
            else None,
            "email_secret": None,
            "birth_on": None,
            **self._consent(is_given=consented, is_withdrawn=withdrew),
            "alternate_format": None,
            "alternate_format_requested_on": None,
        }
        assert changes.keys() <= row.keys()
        self.rows["guarantor"].append(tuple((row | changes).values()))

    def _consent(self, *, is_given: bool, is_withdrawn: bool) -> dict[str, str | None]:
        """To which text somebody consented, how, and when that was withdrawn."""
        return {
            "email_consent_terms": CONSENT_TERMS if is_given else None,
            "email_consent_source": ("portal", "portal", "paper form")[self.number % 3] if is_given else None,
            "email_consent_withdrawn_on": self.day(20) if is_withdrawn else None,
        }

    def add_patient(self, *, age: int | None = None, first_name: str | None = None) -> str:
        """Add the guarantor as patient, or a family member called `first_name`. Returns the patient id."""
        years = age if age is not None else self.rng.randint(22, 84)
        patient_id = self.next_id("P")
        born = self.day(int(years * 365.25) + self.rng.randint(1, 300))
        self.rows["patient"].append(
            (self.guarantor_id, patient_id, first_name or self.first_name, self.last_name, born)
        )
        return patient_id

    def add_visit(
        self,
        patient_id: str,
        *,
        days_ago: int,
        service: Service | None = None,
        owed_cents: int | None = None,
        mailed: Mailed | None = None,
        financial_class: FinancialClass | None = None,
        status: InsuranceStatus | None = None,
        final_billed: bool = True,
        sensitive: bool = False,
        plan_id: str | None = None,
        estimate_cents: int | None = None,
        billing_entity_id: str | None = None,
    ) -> tuple[str, int]:
        """Add a visit with its charges and insurance transactions. Returns (account number, patient balance in cents).

        `owed_cents` fixes the patient balance. With status pending or appeal the insurer has not paid yet, and the
        encounter row has the amount still expected from insurance. Some self-pay visits have a good faith estimate;
        charges far above it were reviewed.
        """
        rng = self.rng
        service = service or self._choose_service(owed_cents or 0)
        account = f"{7_000_000 + self.number}{len(self.accounts) + 1:03d}"
        self.accounts.append(account)
        if financial_class is None:
            financial_class = FinancialClass.SELF_PAY if rng.random() < 0.12 else FinancialClass.COMMERCIAL
        insured = financial_class is not FinancialClass.SELF_PAY
        if status is None:
            status = InsuranceStatus.ADJUDICATED if insured else InsuranceStatus.NONE
        payer = rng.choice(INSURERS) if insured else ""
        total = self._add_charges(account, service, days_ago)
        review: tuple[str | None, ...] = (None, None, None)
        if not insured and estimate_cents is None and service.patient_class != "emergency" and self.number % 3 == 0:
            estimate_cents = total + 5_000
            if self.number % 2 and total > 100_000:
                estimate_cents, review = total - 60_000, ("M. Ortega", self.day(1), "The charges are right")
        settled_on = self.day(max(2, days_ago - 14))
        if payer:
            owed, pending = self._add_insurance(account, total, owed_cents, payer=payer, status=status, on=settled_on)
        else:
            owed, pending = self._add_discount(account, total, owed_cents, on=settled_on), 0
        stay_days = 3 if service.patient_class == "inpatient" else 0
        self.rows["encounter"].append(
            (
                account,
                self.guarantor_id,
                patient_id,
                self.day(days_ago + stay_days),
                self.day(days_ago),
                service.location,
                service.description,
                service.patient_class,
                financial_class,
                status,
                payer or None,
                pending,
                final_billed,
                sensitive,
                plan_id,
                estimate_cents,
                *review,
                billing_entity_id,
            )
        )
        if mailed is not None:
            self.rows["correspondence"].append(
                (account, self.day(mailed.first_days), mailed.count, mailed.level, self.day(mailed.last_days))
            )
        return account, owed

    def _choose_service(self, owed_cents: int) -> Service:
        """A kind of visit at random; the smallest that can leave this patient balance, if that one is too small."""

        def least_share_cents(service: Service) -> int:
            return sum(dollars for _, _, dollars in service.lines) * _PRICE_PERCENT[0] * _ALLOWED_PERCENT[0] // 100

        drawn = self.rng.choice(SERVICES)
        if least_share_cents(drawn) >= owed_cents:
            return drawn
        large = [each for each in SERVICES if least_share_cents(each) >= owed_cents]
        return min(large, key=least_share_cents, default=drawn)

    def _add_charges(self, account: str, service: Service, days_ago: int) -> int:
        total = 0
        for index, (description, code, dollars) in enumerate(service.lines, 1):
            cents = dollars * self.rng.randint(*_PRICE_PERCENT)
            total += cents
            self.rows["charge"].append(
                (
                    f"{account}-{index:02d}",
                    account,
                    self.day(days_ago),
                    self.day(max(1, days_ago - 2)),
                    description,
                    code,
                    revenue_code_of(code),
                    1,
                    cents,
                )
            )
        return total

    def _add_discount(self, account: str, total: int, owed_cents: int | None, *, on: str) -> int:
        """Add the self-pay discount. Returns the remaining balance in cents."""
        discount = total - owed_cents if owed_cents is not None else total * 20 // 100
        self._add_transaction(account, on, "other", None, discount)
        return total - discount

    def _add_insurance(
        self, account: str, total: int, owed_cents: int | None, *, payer: str, status: InsuranceStatus, on: str
    ) -> tuple[int, int]:
        """Add the insurer's payment, contractual adjustment and patient share.

        Returns (patient balance, amount pending with insurance) in cents.
        """
        allowed = total * self.rng.randint(*_ALLOWED_PERCENT) // 100
        if status in (InsuranceStatus.PENDING, InsuranceStatus.APPEAL):
            self._add_transaction(account, on, "contractual", payer, total - allowed)
            return 0, allowed
        share = owed_cents if owed_cents is not None else max(1500, allowed * self.rng.randint(15, 60) // 100)
        share = min(share, allowed)
        self._add_transaction(account, on, "contractual", payer, total - allowed)
        self._add_transaction(account, on, "payment", payer, allowed - share)
        if status is InsuranceStatus.ADJUDICATED:
            deductible = share * self.rng.choice((0, 40, 60, 100)) // 100
            copay = min(share - deductible, self.rng.choice((0, 2500, 4000)))
            self.rows["patient_share"].append((account, on, deductible, share - deductible - copay, copay, 0))
        return share, 0

    def _add_transaction(self, account: str, posted_on: str, kind: str, payer: str | None, cents: int) -> None:
        if cents:
            self.rows["insurance_transaction"].append((self.next_id("T"), account, posted_on, kind, payer, cents))

    def add_payment(self, account: str | None, cents: int, *, days_ago: int) -> None:
        """Add a patient payment; without an account it is unapplied."""
        method = self.rng.choice(("CHECK", "CARD", "ONLINE"))
        self.rows["patient_payment"].append(
            (self.next_id("R"), self.guarantor_id, account, self.day(days_ago), method, cents)
        )

    def add_hold(self, code: str, *, account: str | None = None, episode: str | None = None, days_ago: int = 6) -> None:
        """Add a hold on the guarantor, one account or one pregnancy."""
        self.rows["hold"].append(
            (self.next_id("X"), self.guarantor_id, account, episode, code, self.day(days_ago), None)
        )

    def add_assistance(
        self, kind: AssistanceKind, *, days_ago: int, status: ApplicationStatus | None = None, **decision: Any
    ) -> None:
        """Add an oral effort, or an application for financial assistance, for all visits. `decision` are the optional
        columns of the contract."""
        columns = dict.fromkeys(_ASSISTANCE_COLUMNS) | decision
        assert len(columns) == len(_ASSISTANCE_COLUMNS)
        self.rows["assistance"].append(
            (self.next_id("N"), self.guarantor_id, None, kind, self.day(days_ago), status, *columns.values())
        )

    def add_charity(self, account: str, cents: int, *, days_ago: int) -> None:
        """Post a discount of financial assistance on a visit."""
        self._add_transaction(account, self.day(days_ago), "charity", None, cents)

    def add_request(
        self,
        account: str,
        *,
        days_ago: int,
        kind: RequestKind = RequestKind.INVOICE,
        requested_format: RequestFormat | None = None,
        **review: Any,
    ) -> None:
        """Add a request about one visit. `review` are the optional columns of the contract."""
        columns = dict.fromkeys(_REVIEW_COLUMNS) | review
        assert len(columns) == len(_REVIEW_COLUMNS)
        self.rows["document_request"].append(
            (self.next_id("Q"), account, kind, self.day(days_ago), requested_format, *columns.values())
        )

    def add_refund(
        self,
        cents: int,
        *,
        account: str | None = None,
        episode: str | None = None,
        reason: RefundReason = RefundReason.OVERPAID,
        status: RefundStatus = RefundStatus.APPROVED,
        method: RefundMethod | None = RefundMethod.CHECK,
        sent_on: str | None = None,
        balances_reviewed: bool | None = True,
    ) -> None:
        """Add a refund of a visit, or of a pregnancy's deposits. Unless it was sent, it leaves in five days."""
        is_decided = status is not RefundStatus.REQUESTED
        row = {
            "refund_id": self.next_id("F"),
            "guarantor_id": self.guarantor_id,
            "account_number": account,
            "episode_id": episode,
            "amount_cents": cents,
            "reason": reason,
            "status": status,
            "approved_on": self.day(4) if is_decided else None,
            "approved_by": "refund-queue" if is_decided else None,
            "method": method if is_decided else None,
            "send_on": self.day(-5) if is_decided and sent_on is None else None,
            "sent_on": sent_on,
            "check_number": None,
            "balances_reviewed": balances_reviewed,
        }
        self.rows["refund"].append(tuple(row.values()))

    def add_contact(
        self, kind: ContactKind, *, patient: str | None = None, account: str | None = None, **changes: Any
    ) -> str:
        """Add a contact for a patient, an account or the whole guarantor; `changes` override its default columns.
        Returns the contact id."""
        city, state, prefix = self.rng.choice(TOWNS)
        row = {
            "contact_id": self.next_id("K"),
            "guarantor_id": self.guarantor_id,
            "account_number": account,
            "patient_id": patient,
            "kind": kind,
            "name": None,
            "address_lines": f"PO Box {self.rng.randint(100, 980)}",
            "city": city,
            "state": state,
            "postal_code": f"{prefix}{self.rng.randint(1, 99):02d}",
            "country": "US",
            "email": None,
            "language": None,
            "large_print": False,
            "delivery": "paper",
            "email_consent_at": None,
            **self._consent(is_given=False, is_withdrawn=False),
        }
        assert changes.keys() <= row.keys()
        row |= changes
        self.rows["contact"].append(tuple(row.values()))
        return str(row["contact_id"])

    def add_estate(self, *, patient: str | None = None, died_days_ago: int, status: EstateStatus, **facts: Any) -> None:
        """Add the estate of a guarantor who has died; `facts` are the optional columns of the contract."""
        row = dict.fromkeys(_ESTATE_COLUMNS) | {
            "estate_id": f"T{100_000 + self.number}",
            "guarantor_id": self.guarantor_id,
            "patient_id": patient,
            "died_on": self.day(died_days_ago),
            "status": status,
        }
        assert facts.keys() <= row.keys()
        self.rows["estate"].append(tuple((row | facts).values()))

    def add_plan(
        self,
        plan_id: str,
        account: str,
        total_cents: int,
        *,
        count: int,
        paid: int,
        next_days: int,
        opened_days_ago: int | None = None,
        status: PlanStatus = PlanStatus.ACTIVE,
        **terms: Any,
    ) -> None:
        """Add a monthly payment plan for one account. The first `paid` installments were paid when due; the next is due
        in `next_days` days (negative: it was missed). `terms` are the optional columns of the contract; a finance
        charge is added to the total."""
        total_cents += terms.get("finance_charge_cents", 0)
        amounts = [total_cents // count] * (count - 1)
        amounts.append(total_cents - sum(amounts))
        due_in_days = [next_days + 30 * (index - paid) for index in range(count)]
        opened_on = self.day(20 - due_in_days[0] if opened_days_ago is None else opened_days_ago)
        columns = dict.fromkeys(_PLAN_TERMS) | terms
        assert len(columns) == len(_PLAN_TERMS)
        self.rows["payment_plan"].append((plan_id, self.guarantor_id, status, opened_on, *columns.values()))
        for index, (cents, days) in enumerate(zip(amounts, due_in_days, strict=True)):
            settled = index < paid
            self.rows["installment"].append((plan_id, index + 1, self.day(-days), cents, cents if settled else 0))
            if settled:
                self.add_payment(account, cents, days_ago=-days)
