"""The tie-out: what the service reads as owed, against the billing system's own total and the general ledger.

To the cent, by payer class. A difference to the billing system is explained by accounts; one to the general ledger
alone is a posting that the two systems do not share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from statement_builder.billing.model import Receivable, ReceivableLedger, Record
from statement_builder.reports.billing_office.report import Cell, Column, ColumnType, Report, Row
from statement_builder.reports.billing_office.visits import UNREADABLE

_LEDGERS = {
    ReceivableLedger.BILLING_SYSTEM: "billing system",
    ReceivableLedger.GENERAL_LEDGER: "general ledger",
}


class PulledTotals(Record, kw_only=True):
    """What a pull, or the billing system now, adds up to."""

    by_class: Mapping[str, int]
    """Payer class → cents, with `exceptions` for accounts that cannot be read."""
    recorded_cents: int | None = None
    """What the ledger recorded when the batch was pulled. None: these are no batch's accounts."""


class ComparedAccount(Record, kw_only=True):
    """One account as pulled and as the billing system has it. Empty classes: it is not on that side."""

    guarantor_id: str
    account_number: str
    pulled_class: str = ""
    pulled_cents: int = 0
    billing_class: str = ""
    billing_cents: int = 0


def report_tie_out(pulled: PulledTotals, receivables: Iterable[Receivable], as_of: date) -> Report:
    """One line for each payer class. A ledger that has its total only (class None) is compared in the last line."""
    theirs: dict[ReceivableLedger, Counter[str | None]] = {}
    for each in receivables:
        of_class = None if each.financial_class is None else each.financial_class.value
        theirs.setdefault(each.ledger, Counter())[of_class] += each.balance_cents
    classes = sorted(set(pulled.by_class) | {name for sums in theirs.values() for name in sums if name is not None})
    rows = [(name, *_compare(name, pulled, theirs)) for name in classes]
    if any(None in sums for sums in theirs.values()):
        rows.append(("not by class", *_compare(None, pulled, theirs)))
    return Report(
        name="tie-out",
        title="Tie-out of receivables",
        meaning=(
            "What the service read as owed, by payer class, against the billing system's own receivables and the "
            "general ledger. A difference is the other ledger less ours, and must be 0.00 or explained: `statements "
            "report tie-out-accounts` lists the accounts behind it."
        ),
        as_of=as_of,
        columns=_columns(),
        rows=rows,
        notes=list(_find_verdicts(pulled, theirs)),
    )


def _columns() -> tuple[Column, ...]:
    columns = [Column(name="financial_class", title="payer class"), _money("pulled_cents", "pulled")]
    for ledger, title in _LEDGERS.items():
        columns += [_money(f"{ledger}_cents", title), _money(f"{ledger}_difference_cents", "difference")]
    return tuple(columns)


def _money(name: str, title: str) -> Column:
    return Column(name=name, title=title, type=ColumnType.CENTS, adds_up=True)


def _compare(
    name: str | None, pulled: PulledTotals, theirs: Mapping[ReceivableLedger, Counter[str | None]]
) -> tuple[Cell, ...]:
    """Ours, then for each ledger its amount and the difference. A ledger without classes differs in its own line, by
    its total less ours."""
    own = 0 if name is None else pulled.by_class.get(name, 0)
    cells: list[Cell] = [own]
    for ledger in _LEDGERS:
        sums = theirs.get(ledger)
        if sums is None or (None in sums) != (name is None):
            cells += [None, None]
        else:
            cells += [sums[name], sums[name] - (own if name is not None else sum(pulled.by_class.values()))]
    return tuple(cells)


def _find_verdicts(pulled: PulledTotals, theirs: Mapping[ReceivableLedger, Counter[str | None]]) -> Iterator[str]:
    own = sum(pulled.by_class.values())
    if pulled.recorded_cents is not None:
        same = "the same as" if pulled.recorded_cents == own else "NOT the same as"
        yield f"The accounts of the batch add up to {same} the control total that was recorded at the pull."
    for ledger, title in _LEDGERS.items():
        if ledger not in theirs:
            yield f"There is no total of the {title}: the result set `receivables` has no row for it."
        elif theirs[ledger].total() == own:
            yield f"The {title} ties to the cent."
        else:
            yield f"The {title} does NOT tie."


def report_tie_out_accounts(compared: Iterable[ComparedAccount], rest: Mapping[str, int], as_of: date) -> Report:
    """The accounts whose balance or class differs. `rest`: payer class → what the billing system's total has and its
    accounts do not. The differences add up to that of the tie-out."""
    return Report(
        name="tie-out-accounts",
        title="Tie-out of receivables: accounts that differ",
        meaning=(
            "Every account whose balance is another one in the billing system's own list. Each line names what "
            "differs. Correct the posting, or the query that leaves it out; a line without an account needs the report "
            "that the total came from."
        ),
        as_of=as_of,
        columns=(
            Column(name="guarantor", title="guarantor", type=ColumnType.GUARANTOR),
            Column(name="account", title="account"),
            Column(name="pulled_class", title="class pulled"),
            Column(name="billing_class", title="class in billing"),
            _money("pulled_cents", "pulled"),
            _money("billing_cents", "billing system"),
            _money("difference_cents", "difference"),
            Column(name="reason", title="reason"),
        ),
        rows=_list_differences(compared, rest),
    )


def _list_differences(compared: Iterable[ComparedAccount], rest: Mapping[str, int]) -> Iterator[Row]:
    for each in compared:
        if reason := explain_difference(each):
            yield (
                each.guarantor_id,
                each.account_number,
                each.pulled_class,
                each.billing_class,
                each.pulled_cents,
                each.billing_cents,
                each.billing_cents - each.pulled_cents,
                reason,
            )
    for name, cents in sorted(rest.items()):
        if cents:
            yield (
                "",
                "",
                "",
                name,
                0,
                cents,
                cents,
                "in the total of the billing system and on no account of its list",
            )


def explain_difference(each: ComparedAccount) -> str:
    """Why the two sides differ about an account; empty if they do not."""
    if each.pulled_class == UNREADABLE:
        return "bad data: `statements source check` lists the faults" if each.pulled_cents else ""
    if not each.billing_class:
        return "pulled, and not in the list of the billing system" if each.pulled_cents else ""
    if not each.pulled_class:
        return "in the list of the billing system, and not pulled" if each.billing_cents else ""
    if each.pulled_cents != each.billing_cents:
        return "another balance"
    return "another payer class" if each.pulled_class != each.billing_class and each.pulled_cents else ""
