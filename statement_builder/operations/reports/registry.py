"""Every report of the billing office: its name, what it takes, and how its rows are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Kind
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.clocks import clock_rules
from statement_builder.operations.reports.accounts import Entry, read_accounts
from statement_builder.operations.reports.exhibits import (
    ExhibitRequest,
    open_exhibit_2a,
    open_exhibit_3b,
    open_exhibit_3c,
    open_exhibit_checks,
)
from statement_builder.operations.reports.tie_out import open_tie_out, open_tie_out_accounts
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.requests import chunked
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.reports.billing_office import (
    HeldReason,
    MailRates,
    Report,
    find_answers,
    report_agencies,
    report_aging,
    report_dunning_funnel,
    report_expiring_clocks,
    report_holds,
    report_mail_cost,
    report_plan_lapses,
    report_returned_mail,
)
from statement_builder.reports.billing_office.dunning_funnel import Answer

_GUARANTORS_A_LOOKUP = 500
"""Guarantors whose mailings are read together."""


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """What the operator asked for."""

    as_of: date
    since: date
    """First day of what the ledger counts."""
    days: int
    """How far ahead to look."""
    batch: Batch | None = None
    """The accounts as this statement batch pulled them. None: as the billing system has them now."""
    refused: frozenset[int] = frozenset()
    """As of `Source.accounts`."""
    exhibit: ExhibitRequest
    """Of the cost report's exhibits: the provider and the fiscal year."""


@dataclass(frozen=True, kw_only=True)
class ReportDefinition:
    """One report. `open` reads what it needs; its rows may be a stream that reads on."""

    name: str
    says: str
    """One line for the list of reports."""
    takes: frozenset[str]
    """The options that it uses: `as_of`, `batch`, `since`, `days`; of an exhibit `ccn`,
    `component_ccn`, `first`, `last`, `service`."""
    open: Callable[[AppContext, ReportRequest], Report]


def _open_aging(context: AppContext, request: ReportRequest) -> Report:
    return report_aging(_read(context, request), request.as_of)


def _open_plan_lapses(context: AppContext, request: ReportRequest) -> Report:
    return report_plan_lapses(_read(context, request), context.settings.policy, request.as_of)


def _open_expiring_clocks(context: AppContext, request: ReportRequest) -> Report:
    rules = clock_rules(context.settings.policy)
    return report_expiring_clocks(_read(context, request), rules, request.as_of, request.days)


def _open_returned_mail(context: AppContext, request: ReportRequest) -> Report:
    facility_id, figures = context.facility.facility_id, context.ledger.mail_figures
    first = datetime.combine(request.since, time.min, ZoneInfo(context.facility.time_zone))
    mailed, lost = figures.count_sent(facility_id, since=first)
    return report_returned_mail(
        figures.returned(facility_id, since=first),
        context.local_date,
        mailed=mailed,
        lost=lost,
        since=request.since,
        as_of=request.as_of,
    )


def _open_mail_cost(context: AppContext, request: ReportRequest) -> Report:
    costs = context.settings.costs
    rates = MailRates(**{name: getattr(costs, f"{name}_per_1000_cents") for name in MailRates.__struct_fields__})
    volumes = context.ledger.mail_figures.volumes(context.facility.facility_id, since=request.since)
    return report_mail_cost(volumes, rates, since=request.since, as_of=request.as_of)


def _open_dunning_funnel(context: AppContext, request: ReportRequest) -> Report:
    counts = context.ledger.mail_figures.mailed_by_level(context.facility.facility_id, since=request.since)
    return report_dunning_funnel(counts, _find_all_answers(context, request), since=request.since, as_of=request.as_of)


def _find_all_answers(context: AppContext, request: ReportRequest) -> Iterator[Answer]:
    """The answers to every document of the ledger whose visits the billing system still has."""
    by_guarantor = groupby(
        (entry for entry in _read(context, request) if isinstance(entry, GuarantorAccount)),
        key=lambda entry: guarantor_of(entry.guarantor.guarantor_id),
    )
    for some in chunked(
        ([visit for entry in entries for visit in entry.encounters] for _, entries in by_guarantor),
        _GUARANTORS_A_LOOKUP,
    ):
        numbers = [visit.account_number for visits in some for visit in visits]
        facility_id = context.facility.facility_id
        mailings = context.ledger.mail_figures.mailings(facility_id, numbers, since=request.since)
        for visits in some:
            yield from find_answers(visits, mailings, request.as_of)


def _open_holds(context: AppContext, request: ReportRequest) -> Report:
    codes = {code: describe_hold(code, context.settings.policy).what_to_do for code in HOLD_CODES}
    return report_holds(_list_reasons(context), request.as_of, codes)


def _list_reasons(context: AppContext) -> Iterator[HeldReason]:
    """Every reason in the last decided batch of each kind, with the day since which it holds without a gap."""
    decided = [
        each
        for each in context.ledger.batches.all()
        if each.limit is None and each.state not in {BatchState.OPEN, BatchState.PULLED}
    ]
    for kind in Kind:
        batches = [each for each in decided if each.kind is kind]
        if not batches:
            continue
        reasons = {(subject, code): cents for subject, code, cents in _reasons(context, batches[0])}
        since = dict.fromkeys(reasons, batches[0].as_of)
        waiting = set(reasons)
        for earlier in batches[1:]:
            if not waiting:
                break
            waiting &= {(subject, code) for subject, code, _ in _reasons(context, earlier)}
            since |= dict.fromkeys(waiting, earlier.as_of)
        for (subject, code), cents in reasons.items():
            yield HeldReason(kind=kind, subject=subject, code=code, since=since[subject, code], cents=cents)


def _reasons(context: AppContext, batch: Batch) -> Iterator[tuple[str, str, int]]:
    return context.ledger.candidates.reasons(batch.batch_id)


def _read(context: AppContext, request: ReportRequest) -> Iterator[Entry]:
    return read_accounts(context, request.batch, request.as_of, request.refused)


def _open_agencies(context: AppContext, request: ReportRequest) -> Report:
    facility_id, ledger = context.facility.facility_id, context.ledger.placements
    placements = ledger.all(facility_id)
    totals = ledger.totals(facility_id, [each.placement_id for each in placements])
    payments = ledger.payments(facility_id)
    return report_agencies(placements, totals, payments, since=request.since, as_of=request.as_of)


_OF_ACCOUNTS = frozenset({"as_of", "batch"})
_OF_MAIL = frozenset({"since"})
_OF_EXHIBITS = frozenset({"ccn", "component_ccn", "first", "last"})
REPORTS: dict[str, ReportDefinition] = {
    each.name: each
    for each in (
        ReportDefinition(
            name="tie-out",
            says="what is owed by payer class, against the billing system's total and the general ledger",
            takes=_OF_ACCOUNTS,
            open=lambda context, request: open_tie_out(context, request.batch, request.as_of, request.refused),
        ),
        ReportDefinition(
            name="tie-out-accounts",
            says="the accounts behind a difference of the tie-out",
            takes=_OF_ACCOUNTS,
            open=lambda context, request: open_tie_out_accounts(context, request.batch, request.as_of, request.refused),
        ),
        ReportDefinition(
            name="aging",
            says="what patients owe, by payer class, facility, last letter, and age",
            takes=_OF_ACCOUNTS,
            open=_open_aging,
        ),
        ReportDefinition(
            name="dunning-funnel",
            says="what was mailed at each level, and paid within 30, 60, and 90 days",
            takes=_OF_ACCOUNTS | _OF_MAIL,
            open=_open_dunning_funnel,
        ),
        ReportDefinition(name="holds", says="why mail is held, and since when", takes=frozenset(), open=_open_holds),
        ReportDefinition(
            name="returned-mail", says="mail and e-mail that did not arrive", takes=_OF_MAIL, open=_open_returned_mail
        ),
        ReportDefinition(
            name="plan-lapses",
            says="payment plans that are behind, and when they end",
            takes=_OF_ACCOUNTS,
            open=_open_plan_lapses,
        ),
        ReportDefinition(
            name="expiring-clocks",
            says="legal clocks that run out soon",
            takes=_OF_ACCOUNTS | {"days"},
            open=_open_expiring_clocks,
        ),
        ReportDefinition(
            name="mail-cost", says="postage, sheets, and e-mails of each batch", takes=_OF_MAIL, open=_open_mail_cost
        ),
        ReportDefinition(
            name="agencies",
            says="collection agencies side by side: placed, collected, kept, and returned",
            takes=_OF_MAIL,
            open=_open_agencies,
        ),
        ReportDefinition(
            name="exhibit-2a",
            says="Medicare bad debts that the cost report claims (Exhibit 2A)",
            takes=_OF_EXHIBITS | {"service"},
            open=lambda context, request: open_exhibit_2a(context, request.exhibit),
        ),
        ReportDefinition(
            name="exhibit-3b",
            says="charity care for the cost report (Exhibit 3B)",
            takes=_OF_EXHIBITS,
            open=lambda context, request: open_exhibit_3b(context, request.exhibit),
        ),
        ReportDefinition(
            name="exhibit-3c",
            says="total bad debt for the cost report (Exhibit 3C)",
            takes=_OF_EXHIBITS,
            open=lambda context, request: open_exhibit_3c(context, request.exhibit),
        ),
        ReportDefinition(
            name="exhibit-checks",
            says="the rows that the exhibits leave out, and why",
            takes=_OF_EXHIBITS,
            open=lambda context, request: open_exhibit_checks(context, request.exhibit),
        ),
    )
}
"""Name → report, in the order of the list."""
