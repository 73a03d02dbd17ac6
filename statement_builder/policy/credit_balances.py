"""The list of credit balances: whose money it is, why it is not paid back yet, and by when it must be.

A credit stands in the list until a refund of it is posted. It is the guarantor's, or an insurer's: an overpayment by
Medicare is reported and returned within 60 days of being identified (42 CFR 401.305(b)(1)(i)). Nobody here knows when
somebody identified it, so the days count from the day when the credit began, which is never later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum

from msgspec import field

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import (
    ApplicationStatus,
    Deposit,
    Encounter,
    EpisodeStatus,
    FinancialClass,
    GuarantorAccount,
    ObstetricEpisode,
    PatientPayment,
    Record,
    Refund,
    RefundStatus,
)
from statement_builder.billing.obstetric import deposited_cents
from statement_builder.billing.refunds import credit_since, is_posted
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.candidate import Candidate, open_candidate
from statement_builder.policy.refunds import (
    OPEN_VISIT_RULES,
    adjudicated_on,
    find_visit_holds,
    hold_after_loss,
    hold_deposit,
    hold_deposit_amount,
    hold_other_balances,
    hold_recorded_refund,
    hold_visit_amount,
    is_complete,
    is_late,
    unposted_cents,
)
from statement_builder.policy.settings import Policy

MEDICARE_CLASSES = (FinancialClass.MEDICARE, FinancialClass.QMB)
"""Parts A and B. A Medicare Advantage plan is an insurer of its own, with the terms of its contract."""
_RULES = (hold_recorded_refund, hold_after_loss, *OPEN_VISIT_RULES)


class CreditDeadline(StrEnum):
    """What sets the day by which a credit must be paid back."""

    MEDICARE = "medicare"
    """42 CFR 401.305(b)(1)(i): `policy.medicare_overpayment_days` from the first day of the credit."""
    DEPOSIT = "deposit"
    """`policy.deposit_refund_days` from the insurer's decision about the birth."""


class CreditBalance(Record, kw_only=True):
    """The credit of one visit, or what is left of the deposits of a pregnancy that has ended."""

    guarantor_id: str = field(name="guarantor")
    account_number: str = field(name="account")
    """Empty: of a deposit."""
    episode_id: str = field(name="episode")
    """Empty: of a visit."""
    amount_cents: int
    since: date
    """The first day of the credit. Of a deposit: of the insurer's decision, or of the last payment before it."""
    payer_class: FinancialClass
    refund_id: str = field(name="refund")
    """The refund that is requested, approved or sent. Empty: none."""
    reasons: tuple[str, ...]
    """Hold codes: why it is not paid back yet."""
    deadline: CreditDeadline | None
    due_on: date | None
    days_left: int | None
    """Negative: the day has passed."""


def find_credit_balances(account: GuarantorAccount, policy: Policy, as_of: date) -> Iterator[CreditBalance]:
    """The credits of one recipient's account as of a date. ValueError if it must be split by recipient first."""
    candidate = open_candidate(account, Kind.REFUND, policy, as_of)
    for encounter in account.encounters:
        if candidate.balance(encounter).balance_cents < 0:
            yield _visit_credit(candidate, encounter)
    for episode in account.episodes:
        if episode.status is not EpisodeStatus.ACTIVE and deposited_cents(episode, as_of) > 0:
            yield _deposit_credit(candidate, episode)


def sort_credit_balances(credits: Iterable[CreditBalance]) -> tuple[CreditBalance, ...]:
    """By deadline, those without one last, then the oldest first."""
    return tuple(
        sorted(
            credits,
            key=lambda each: (
                each.due_on or date.max,
                each.since,
                each.guarantor_id,
                each.account_number,
                each.episode_id,
            ),
        )
    )


def _visit_credit(candidate: Candidate, encounter: Encounter) -> CreditBalance:
    cents = -candidate.balance(encounter).balance_cents
    refunds = _find_open(candidate, encounter.payments, account_number=encounter.account_number)
    refund = refunds[0] if refunds else None
    paid_cents = max(cents, unposted_cents(candidate, refund)) if refund is not None else cents
    holds = (
        *find_visit_holds(candidate, (encounter,), _RULES),
        *hold_visit_amount(candidate, encounter, paid_cents),
        *hold_other_balances(candidate, encounter, refund),
    )
    nobody_asked = "REFUND_ASSISTANCE" if _is_assisted(candidate, encounter, cents) else "REFUND_NONE"
    since = credit_since(encounter, candidate.as_of)
    is_medicare = encounter.financial_class in MEDICARE_CLASSES
    days = timedelta(days=candidate.policy.medicare_overpayment_days.value)
    due_on = since + days if is_medicare else None
    return CreditBalance(
        guarantor_id=guarantor_of(candidate.account.guarantor.guarantor_id),
        account_number=encounter.account_number,
        episode_id="",
        amount_cents=cents,
        since=since,
        payer_class=encounter.financial_class,
        refund_id=refund.refund_id if refund is not None else "",
        reasons=_reasons(candidate, holds, refunds, cents, nobody_asked),
        deadline=CreditDeadline.MEDICARE if is_medicare else None,
        due_on=due_on,
        days_left=_days_left(candidate, due_on),
    )


def _deposit_credit(candidate: Candidate, episode: ObstetricEpisode) -> CreditBalance:
    as_of = candidate.as_of
    cents = deposited_cents(episode, as_of)
    refunds = _find_open(candidate, episode.deposits, episode_id=episode.episode_id)
    refund = refunds[0] if refunds else None
    paid_cents = unposted_cents(candidate, refund) if refund is not None else 0
    holds = (*hold_deposit(candidate, episode), *hold_deposit_amount(candidate, episode, paid_cents))
    decided_on = adjudicated_on(candidate, episode)
    paid_on = max(each.posted_on for each in episode.deposits if each.posted_on <= as_of)
    days = timedelta(days=candidate.policy.deposit_refund_days)
    due_on = decided_on + days if decided_on is not None else None
    return CreditBalance(
        guarantor_id=guarantor_of(candidate.account.guarantor.guarantor_id),
        account_number="",
        episode_id=episode.episode_id,
        amount_cents=cents,
        since=decided_on or paid_on,
        payer_class=episode.financial_class,
        refund_id=refund.refund_id if refund is not None else "",
        reasons=_reasons(candidate, holds, refunds, cents, "REFUND_NONE"),
        deadline=CreditDeadline.DEPOSIT if due_on is not None else None,
        due_on=due_on,
        days_left=_days_left(candidate, due_on),
    )


def _reasons(
    candidate: Candidate, holds: Iterable[Hold], refunds: Sequence[Refund], cents: int, nobody_asked: str
) -> tuple[str, ...]:
    """The codes of the holds, then how far the refunds are. `nobody_asked`: for a credit that they do not cover."""
    codes = [hold.code for hold in holds]
    for each in refunds:
        if each.status is RefundStatus.REQUESTED:
            codes.append("REFUND_REQUESTED")
            continue
        codes += ["REFUND_INCOMPLETE"] if not is_complete(each) else []
        codes += ["REFUND_LATE"] if is_late(each, candidate.as_of) else []
        codes.append("REFUND_PAID")
    if sum(each.amount_cents for each in refunds) < cents:
        codes.append(nobody_asked)
    return tuple(dict.fromkeys(codes))


def _days_left(candidate: Candidate, due_on: date | None) -> int | None:
    return (due_on - candidate.as_of).days if due_on is not None else None


def _find_open(
    candidate: Candidate,
    posted: Iterable[PatientPayment | Deposit],
    *,
    account_number: str = "",
    episode_id: str = "",
) -> tuple[Refund, ...]:
    """The refunds that are to pay this credit back, neither canceled nor posted. Requested ones come last."""
    found = [
        each
        for each in candidate.account.refunds
        if (each.account_number, each.episode_id) == (account_number, episode_id)
        and each.status is not RefundStatus.CANCELED
        and not is_posted(each, posted, candidate.as_of)
    ]
    return tuple(sorted(found, key=lambda each: (each.status is RefundStatus.REQUESTED, each.refund_id)))


def _is_assisted(candidate: Candidate, encounter: Encounter, cents: int) -> bool:
    """Whether an approved application covers the visit, and the law requires the refund of this much."""
    return cents >= candidate.policy.assistance_refund_min_cents.value and any(
        each.status is ApplicationStatus.APPROVED
        and each.account_number in ("", encounter.account_number)
        and encounter.service_from <= each.occurred_on
        for each in candidate.account.assistance
    )
