"""Builders of accounts for policy tests, and shorthands to read a decision."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from statement_builder.billing.model import (
    Correspondence,
    Encounter,
    GuarantorAccount,
    Installment,
    ObstetricEpisode,
    Plan,
    PlanStatus,
    RecordedHold,
)
from statement_builder.billing.selection import Decision, Hold, Kind, Selection
from statement_builder.kinds import decide
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_encounter, make_episode, make_patient

POLICY = Policy()
ADULT = make_patient(birth_on=date(1995, 3, 3))


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def mailed(*, first: int, last: int | None = None, level: int = 0, sent: int | None = None) -> Correspondence:
    """First statement and last mailing this many days ago, with the number of statements that fits the level."""
    return Correspondence(
        first_statement_on=days_ago(first),
        statements_sent=min(level + 1, 2) if sent is None else sent,
        last_level=level,
        last_mailed_on=days_ago(first if last is None else last),
    )


def recorded_hold(code: str, **changes: Any) -> RecordedHold:
    facts: dict[str, Any] = {"hold_id": "H1", "code": code, "placed_on": days_ago(10)}
    return RecordedHold(**(facts | changes))


def make_plan(*paid_cents: int, first: int = 66, status: PlanStatus = PlanStatus.ACTIVE) -> Plan:
    """Installments of $100 every 30 days, the first one this many days ago, with these amounts paid on each."""
    return Plan(
        plan_id="PL1",
        status=status,
        opened_on=days_ago(first + 10),
        installments=tuple(
            Installment(sequence=i + 1, due_on=days_ago(first - 30 * i), amount_cents=10_000, paid_cents=paid)
            for i, paid in enumerate(paid_cents)
        ),
    )


def make_pregnant(
    *encounters: Encounter, others: tuple[ObstetricEpisode, ...] = (), **episode: Any
) -> GuarantorAccount:
    """An adult with one pregnancy due for a notice. The keyword arguments change the pregnancy."""
    return make_account(*encounters, patients=(ADULT,), episodes=(make_episode(**episode), *others))


def statement(account: GuarantorAccount, policy: Policy = POLICY, as_of: date = AS_OF) -> Decision:
    return decide(account, Kind.STATEMENT, policy, as_of)


def letter(account: GuarantorAccount, policy: Policy = POLICY, as_of: date = AS_OF) -> Decision:
    return decide(account, Kind.DUNNING, policy, as_of)


def notice(account: GuarantorAccount, policy: Policy = POLICY, as_of: date = AS_OF) -> Decision:
    return decide(account, Kind.OB_NOTICE, policy, as_of)


def codes(decision: Decision | tuple[Hold, ...]) -> list[str]:
    """Hold codes: `CODE` for the guarantor, `CODE:account` for a visit, in the order found."""
    holds = decision.holds if isinstance(decision, Decision) else decision
    return [f"{hold.code}:{hold.account_number}" if hold.account_number else hold.code for hold in holds]


def selected(decision: Decision) -> Selection:
    assert decision.outcome == "selected", codes(decision)
    assert decision.selection is not None
    return decision.selection


def visit(owed_cents: int = 34_500, account_number: str = "A1", **changes: Any) -> Encounter:
    return make_encounter(account_number, owed_cents=owed_cents, **changes)
