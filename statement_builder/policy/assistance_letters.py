"""The rules that the letters about applications for financial assistance share: what is missing, and the decision.

Each letter answers the status of one application, which is its cause, and goes out once for it. These letters are
notices that the law requires (26 CFR 1.501(r)-6(c)(2), (5), (6)). What only stops a demand, such as a dispute, does not
stop one that asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from statement_builder.billing.assistance import (
    VisitHelp,
    application_cause,
    application_of_cause,
    covers,
    visit_help,
)
from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.entities import group_visits
from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceRecord,
    ContactKind,
    Encounter,
    GuarantorAccount,
)
from statement_builder.billing.selection import Hold, Selection
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.assistance import hold_approved_without_discount
from statement_builder.policy.candidate import Candidate, Rule, find_holds
from statement_builder.policy.channel import choose_channel, hold_unwanted_bill_on_paper
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import recheck_visits
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded

_NEVER_STOPS = frozenset({"CHARITY100", "AGENCY", "EXT"})
"""Recorded holds that the letters are about, or that stop only demands by the hospital."""
_STOPS_DEMANDS = frozenset(
    {"DISPUTE", "CONTEST", "PPDR", "IDR", "MCAID", "MCAID_PEND", "QMB", "WC", "TPL", "AUTO", "CLIENT", "GFE400"}
)
"""Holds of visits that this guarantor must not be asked to pay, or not yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AssistanceCase:
    """One application, or one decision without an application, as of the candidate's date."""

    candidate: Candidate
    record: AssistanceRecord
    visits: tuple[Encounter, ...]
    """The visits that it is about, by date of service: those with a balance or a discount, or else all."""

    @property
    def cause_id(self) -> str:
        return application_cause(self.record)

    @property
    def help(self) -> tuple[VisitHelp, ...]:
        """What the discounts since the application did to each visit."""
        return tuple(visit_help(each, self.record.occurred_on, self.candidate.as_of) for each in self.visits)

    def letters(self, kind: str) -> tuple[date | None, ...]:
        """When the letters of a kind about this application were mailed, whatever its status was. None: on its way."""
        found = (each for each in self.candidate.account.letters if each.kind == kind)
        own = (each for each in found if application_of_cause(each.cause_id) == self.record.assistance_id)
        return tuple(each.mailed_on for each in own)

    @property
    def is_answered(self) -> bool:
        """Whether a letter about this status was handed off, or the billing office wrote one itself."""
        kind, letters = self.candidate.kind.value, self.candidate.account.letters
        return self.record.notified_on is not None or any(
            (each.kind, each.cause_id) == (kind, self.cause_id) for each in letters
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AssistanceLetter:
    """A letter that is due."""

    due_on: date
    """The date that the letter gives."""
    amount_cents: int = 0
    """What it asks for."""
    prints_amounts: bool = False
    """It prints what is left of every visit, so that a hold on one visit holds the letter."""


AssistanceRule = Callable[[AssistanceCase], AssistanceLetter | Hold]
"""The letter that an application gets now, or why it gets none: a hold without an account, put on each visit."""

_RULES: tuple[Rule, ...] = (
    hold_recorded,
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_alternate_format,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    hold_unwanted_bill_on_paper,
    encounter_rules.hold_minor_confidential,
    encounter_rules.hold_confidential_visit,
)
_AMOUNT_RULES: tuple[Rule, ...] = (
    guarantor_rules.hold_posted_today,
    guarantor_rules.hold_unapplied,
    encounter_rules.hold_insurance_pending,
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_covered_patient,
    encounter_rules.hold_above_estimate,
    hold_approved_without_discount,
)
"""Of letters that print amounts: an amount that may still change is not printed."""


def applications(account: GuarantorAccount, *statuses: ApplicationStatus) -> tuple[AssistanceRecord, ...]:
    """The applications and decisions in one of these states, oldest first, one record for each visit that they name."""
    found = (each for each in account.assistance if each.status in statuses)
    return tuple(sorted(found, key=lambda each: (each.occurred_on, each.assistance_id, each.account_number)))


def assistance_visits_cents(account: GuarantorAccount, as_of: date, *statuses: ApplicationStatus) -> int:
    """The debit balances of the visits that applications in one of these states are about."""
    records = applications(account, *statuses)
    visits = _covered_visits(account, records)
    return sum(max(0, encounter_balance(each, as_of).patient_cents) for each in visits)


@dataclass(frozen=True, kw_only=True, slots=True)
class AssistanceLetterRules:
    """The rules of one kind of letter about applications."""

    find: AssistanceRule
    statuses: tuple[ApplicationStatus, ...]
    days_min: int
    """A letter that leaves fewer days to the date that it gives is not mailed."""

    def select(self, candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
        """The letter about one application, or None, and all holds. Another one's letter waits for the next batch."""
        found = [(case, *self._evaluate(case)) for case in self._open_cases(candidate)]
        holds = tuple(dict.fromkeys(hold for _, _, holds in found for hold in holds))
        ready = [(case, letter) for case, letter, holds in found if letter and _numbers(case, letter, holds)]
        if not ready:
            return None, holds
        case, letter = ready[0]
        own = next(holds for each, _, holds in found if each is case)
        selection = _make_selection(case, letter, _numbers(case, letter, own))
        taken = {"", *selection.account_numbers}
        later = [make_hold("FAP_NEXT", each.account_number) for other, _ in ready[1:] for each in other.visits]
        return selection, tuple(hold for hold in (*holds, *later) if hold.account_number not in taken)

    def recheck(self, candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
        """Why the letter must not be mailed now: what was decided, posted or held since, or too little time is left."""
        case = next((each for each in self._open_cases(candidate) if each.cause_id == selection.cause_id), None)
        letter, holds = self._evaluate(case) if case else (None, (make_hold("FAP_CHANGED"),))
        yield from recheck_visits(
            candidate, selection, holds, lambda: letter.amount_cents if letter else selection.amount_cents
        )
        if (selection.due_on - as_of).days < self.days_min:
            yield make_hold("FAP_SHORT")

    def _open_cases(self, candidate: Candidate) -> list[AssistanceCase]:
        """A case for each application, oldest first. Its visits with another status are another case."""
        records: dict[str, list[AssistanceRecord]] = {}
        for record in applications(candidate.account, *self.statuses):
            records.setdefault(application_cause(record), []).append(record)
        return [
            AssistanceCase(candidate=candidate, record=each[0], visits=_find_visits(candidate, each))
            for each in records.values()
        ]

    def _evaluate(self, case: AssistanceCase) -> tuple[AssistanceLetter | None, tuple[Hold, ...]]:
        """The letter, if one is due, and all holds on the guarantor and on the visits."""
        if case.is_answered:
            return None, _on_visits(case, make_hold("FAP_SENT"))
        if not case.visits:
            return None, (make_hold("FAP_NO_VISIT"),)
        if _is_anothers(case):
            return None, _on_visits(case, make_hold("FAP_CONF"))
        found = self.find(case)
        if isinstance(found, Hold):
            return None, _on_visits(case, found)
        holds = _find_holds(case, found)
        if found.prints_amounts and any(hold.account_number for hold in holds):
            held = {hold.account_number for hold in holds}
            part = [make_hold("FAP_PART", each.account_number) for each in case.visits]
            holds = (*holds, *(hold for hold in part if hold.account_number not in held))
        return found, holds


def _covered_visits(account: GuarantorAccount, records: Iterable[AssistanceRecord]) -> list[Encounter]:
    """The hospital's visits that these records cover. A physician group decides about its own bills."""
    covering, groups = tuple(records), group_visits(account)
    return [
        each
        for each in account.encounters
        if each.account_number not in groups and any(covers(record, each) for record in covering)
    ]


def _find_visits(candidate: Candidate, records: list[AssistanceRecord]) -> tuple[Encounter, ...]:
    about = _covered_visits(candidate.account, records)
    since = records[0].occurred_on
    moved = [
        each
        for each in about
        if candidate.balance(each).balance_cents or visit_help(each, since, candidate.as_of).help_cents
    ]
    return tuple(sorted(moved or about, key=lambda each: (each.service_from, each.account_number)))


def _find_holds(case: AssistanceCase, letter: AssistanceLetter) -> tuple[Hold, ...]:
    """The holds on the guarantor and on the visits of the case, those without a balance included."""
    rules = (*_RULES, *_AMOUNT_RULES) if letter.prints_amounts else _RULES
    ignored = _NEVER_STOPS if letter.amount_cents else _NEVER_STOPS | _STOPS_DEMANDS
    numbers = {"", *(each.account_number for each in case.visits)}
    found = find_holds(replace(case.candidate, with_balance=case.visits), rules)
    return tuple(hold for hold in found if hold.account_number in numbers and hold.code not in ignored)


def _is_anothers(case: AssistanceCase) -> bool:
    """Whether the mail would tell a patient with a confidential address about the guarantor's application."""
    confidential = case.candidate.account.guarantor.contact_kind is ContactKind.CONFIDENTIAL
    return confidential and not case.record.account_number


def _numbers(case: AssistanceCase, letter: AssistanceLetter, holds: tuple[Hold, ...]) -> tuple[str, ...]:
    """The visits on the letter. Empty: it is held. One that prints no amounts leaves a held visit out."""
    held = {hold.account_number for hold in holds}
    if "" in held or (letter.prints_amounts and held):
        return ()
    return tuple(each.account_number for each in case.visits if each.account_number not in held)


def _on_visits(case: AssistanceCase, hold: Hold) -> tuple[Hold, ...]:
    if not case.visits:
        return (make_hold(hold.code, until=hold.until),)
    return tuple(make_hold(hold.code, each.account_number, hold.until) for each in case.visits)


def _make_selection(case: AssistanceCase, letter: AssistanceLetter, numbers: tuple[str, ...]) -> Selection:
    candidate = case.candidate
    channel = choose_channel(candidate, level=0)
    return Selection(
        kind=candidate.kind,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        account_numbers=numbers,
        cause_id=case.cause_id,
        channel=channel,
        amount_cents=letter.amount_cents,
        due_on=letter.due_on,
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
