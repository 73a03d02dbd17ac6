"""The batch in figures, and in the lists that a clerk works through."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select

from statement_builder.billing.model import Fault
from statement_builder.billing.selection import Channel, Hold, Reports
from statement_builder.ledger.records import ControlTotals, ExceptionLine, Figures, HeldCandidate
from statement_builder.ledger.states import DeliveryState, DocumentState, Outcome
from statement_builder.ledger.tables import candidate, candidate_hold, delivery, document, follow_up, print_file, shard

_OUTCOME_FIGURE = {Outcome.SELECTED: "selected", Outcome.HELD: "held", Outcome.EXCEPTION: "exceptions"}
_CHANNEL_FIGURE = {Channel.PRINT: "print", Channel.EMAIL: "email"}
_ANSWER_FIGURES = {
    DeliveryState.ACKNOWLEDGED: ["acknowledged"],
    DeliveryState.MAILED: ["acknowledged", "mailed"],
    DeliveryState.DELIVERED: ["acknowledged", "mailed", "delivered"],
    DeliveryState.REJECTED: ["acknowledged", "rejected"],
    DeliveryState.RETURNED: ["acknowledged", "mailed", "returned"],
    DeliveryState.BOUNCED: ["acknowledged", "bounced"],
}
_STATE_FIGURE = {DocumentState.HANDED_OFF: "handed_off", DocumentState.WITHHELD: "withheld"}


def read_control_totals(connection: Connection, batch_id: str) -> ControlTotals:
    """Count a batch. What was pulled is what the pull itself recorded, independent of what was decided later."""
    counts: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    _count_shards(connection, batch_id, counts, cents)
    _count_candidates(connection, batch_id, counts, cents)
    largest_cents = _count_documents(connection, batch_id, counts, cents)
    people = func.count(candidate_hold.c.subject.distinct())
    query = select(candidate_hold.c.code, people).where(candidate_hold.c.batch_id == batch_id)
    rows = connection.execute(query.group_by(candidate_hold.c.code).order_by(candidate_hold.c.code))
    return ControlTotals(
        counts=Figures(**counts),
        cents=Figures(**cents),
        holds={row[0]: row[1] for row in rows},
        largest_cents=largest_cents,
    )


def read_exceptions(connection: Connection, batch_id: str) -> Iterator[ExceptionLine]:
    """Everything that a clerk has to mend, in mailing order: faults in the data, then documents not made."""
    query = select(candidate.c.subject, candidate.c.guarantor_id, candidate.c.faults)
    query = query.where(candidate.c.batch_id == batch_id, candidate.c.outcome == Outcome.EXCEPTION.value)
    for row in connection.execute(query.order_by(candidate.c.sequence, candidate.c.subject)):
        for fault in msgspec.json.decode(row.faults, type=tuple[Fault, ...]):
            yield ExceptionLine(
                subject=row.subject,
                guarantor_id=row.guarantor_id,
                code=fault.code,
                result_set=fault.result_set,
                column=fault.column,
                row_key=fault.row_key,
                message=fault.message,
                fix=fault.fix,
            )
    failed = select(document).where(document.c.batch_id == batch_id, document.c.state == DocumentState.ERROR.value)
    for row in connection.execute(failed.order_by(document.c.sequence, document.c.position)):
        yield ExceptionLine(
            subject=row.guarantor_id,
            guarantor_id=row.guarantor_id,
            document_id=row.document_id,
            code=row.error_code,
            message=row.error_message,
            fix=row.error_fix,
        )


def read_holds(connection: Connection, batch_id: str) -> list[HeldCandidate]:
    """Every candidate that is held in full or in part, with all its reasons, in mailing order."""
    query = (
        select(candidate, candidate_hold)
        .join(
            candidate_hold,
            and_(candidate_hold.c.batch_id == candidate.c.batch_id, candidate_hold.c.subject == candidate.c.subject),
        )
        .where(candidate.c.batch_id == batch_id)
        .order_by(candidate.c.sequence, candidate.c.subject, candidate_hold.c.position)
    )
    by_subject: defaultdict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        by_subject[row.subject].append(row)
    return [_to_held(rows) for rows in by_subject.values()]


def _to_held(rows: list[Any]) -> HeldCandidate:
    first = rows[0]
    return HeldCandidate(
        subject=first.subject,
        guarantor_id=first.guarantor_id,
        outcome=Outcome(first.outcome),
        held_cents=first.balance_cents - first.amount_cents,
        holds=tuple(_to_hold(row) for row in rows if not row.late),
        late_holds=tuple(_to_hold(row) for row in rows if row.late),
    )


def _to_hold(row: Any) -> Hold:
    return Hold(code=row.code, account_number=row.account_number, until=row.until)


def _count_shards(connection: Connection, batch_id: str, counts: Counter[str], cents: Counter[str]) -> None:
    query = select(func.sum(shard.c.candidates), func.sum(shard.c.cents)).where(shard.c.batch_id == batch_id)
    row = connection.execute(query).one()
    counts["pulled"], cents["pulled"] = int(row[0] or 0), int(row[1] or 0)


def _count_candidates(connection: Connection, batch_id: str, counts: Counter[str], cents: Counter[str]) -> None:
    """Held cents are also what is held of those who are selected: a credit, a visit that insurance still works on."""
    query = select(
        candidate.c.outcome, func.count(), func.sum(candidate.c.balance_cents), func.sum(candidate.c.amount_cents)
    ).where(candidate.c.batch_id == batch_id)
    for word, number, balance_cents, amount_cents in connection.execute(query.group_by(candidate.c.outcome)):
        outcome = Outcome(word)
        counts[_OUTCOME_FIGURE[outcome]] += number
        if outcome is Outcome.EXCEPTION:
            cents["exceptions"] += int(balance_cents)
        else:
            cents["selected"] += int(amount_cents)
            cents["held"] += int(balance_cents) - int(amount_cents)


def _count_documents(connection: Connection, batch_id: str, counts: Counter[str], cents: Counter[str]) -> int:
    """Count documents by what became of them; the largest amount of a rendered one, in cents."""
    largest_cents = 0
    for fate in connection.execute(select_status_counts(batch_id)):
        names = ["extra"] if fate.is_extra else name_figures(fate)
        if fate.state != DocumentState.ERROR.value and not fate.is_extra:
            largest_cents = max(largest_cents, fate.most_cents)
        for name in names:
            counts[name] += fate.documents
            cents[name] += int(fate.cents)
    return largest_cents


def name_figures(fate: Any) -> list[str]:
    """Every figure that documents of this fate, a row of `select_fates`, count in."""
    state, last = DocumentState(fate.state), DeliveryState(fate.last) if fate.last else None
    if state is DocumentState.ERROR:
        return ["errors"]
    names = ["rendered", _CHANNEL_FIGURE[Channel(fate.channel)]]
    if fate.is_due_again:
        names.append("due_again")
    is_waiting = state is DocumentState.RENDERED or fate.is_due_again
    if is_waiting and last in {DeliveryState.UNCERTAIN, DeliveryState.FAILED}:
        names.append(last.value)
    if state in _STATE_FIGURE:
        names.append(_STATE_FIGURE[state])
    if state is DocumentState.HANDED_OFF and last is not None:
        names += _name_answers(last, Reports(fate.reports or Reports.NOTHING))
    return names


def _name_answers(last: DeliveryState, reports: Reports) -> list[str]:
    """What the latest attempt's state stands for. Where no more will be told it stands for all that follows."""
    if last is DeliveryState.SENT and reports is Reports.NOTHING:
        return ["acknowledged", "mailed"]
    if last is DeliveryState.ACKNOWLEDGED and reports is not Reports.MAILED:
        return ["acknowledged", "mailed"]
    return _ANSWER_FIGURES.get(last, [])


def select_status_counts(batch_id: str, *more_keys: ColumnElement[Any]) -> Select[Any]:
    """Documents grouped by their state and that of their latest attempt, and by what else is asked for."""
    later = delivery.alias()
    latest = and_(
        delivery.c.document_id == document.c.document_id,
        ~exists().where(later.c.document_id == delivery.c.document_id, later.c.attempt > delivery.c.attempt),
    )
    is_extra = (document.c.revision_of != "").label("is_extra")
    is_due_again = follow_up.c.document_id.is_not(None).label("is_due_again")
    last = delivery.c.state.label("last")
    keys = (document.c.state, document.c.channel, is_extra, is_due_again, last, print_file.c.reports, *more_keys)
    figures = (
        func.count().label("documents"),
        func.sum(document.c.amount_cents).label("cents"),
        func.max(document.c.amount_cents).label("most_cents"),
    )
    return (
        select(*keys, *figures)
        .select_from(document)
        .outerjoin(delivery, latest)
        .outerjoin(print_file, print_file.c.name == delivery.c.print_file)
        .outerjoin(follow_up, follow_up.c.document_id == document.c.document_id)
        .where(document.c.batch_id == batch_id)
        .group_by(*keys)
    )
