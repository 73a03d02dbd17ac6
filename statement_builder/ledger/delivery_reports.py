"""What the other side answers: acknowledged, mailed, delivered, rejected, returned, bounced.

Answers come late, twice and in any order. One that the ledger knew, or knows more than, changes nothing; one that
cannot be so is an `AnswerError`. What an answer starts is written in the same transaction: clocks, stops, next attempt.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, exists, func, select, update

from statement_builder.billing.selection import Channel, Hold, Reports
from statement_builder.errors import AnswerError
from statement_builder.ledger.correspondence import record_mailed, reverse_mailed
from statement_builder.ledger.deliveries import tell
from statement_builder.ledger.documents import lock_document, read_deliveries, read_family, to_delivery, withhold
from statement_builder.ledger.emails import mark_emails
from statement_builder.ledger.events import SERVICE, write_event
from statement_builder.ledger.print_files import lock_print_file, mark_print_file, to_print_file
from statement_builder.ledger.records import Delivery, Document, EmailMark, PrintFileRow, replaced_by
from statement_builder.ledger.sql_compat import insert_if_new
from statement_builder.ledger.states import (
    DELIVERY_MOVES,
    HAND_OFF_STATES,
    TERMINAL_FAILURES,
    VOIDED,
    DeliveryState,
    DocumentState,
    SuppressionCode,
    require_delivery_move,
)
from statement_builder.ledger.suppressions import suppress
from statement_builder.ledger.tables import batch, delivery, document, follow_up, print_file

_GOOD_WAY = (DeliveryState.SENT, DeliveryState.ACKNOWLEDGED, DeliveryState.MAILED, DeliveryState.DELIVERED)
_IN_DOUBT = frozenset({DeliveryState.COMMITTING, DeliveryState.UNCERTAIN})
_COUNTS_FROM = {
    Reports.ACKNOWLEDGED: {DeliveryState.ACKNOWLEDGED, DeliveryState.MAILED, DeliveryState.DELIVERED},
    Reports.MAILED: {DeliveryState.MAILED, DeliveryState.DELIVERED},
    Reports.NOTHING: set(_GOOD_WAY),
}
"""By what the vendor tells: the states from which a piece counts as mailed."""


def acknowledge_print_file(
    connection: Connection, name: str, *, sha256: str, records: int, on: date, at: datetime, why: str
) -> bool:
    """The vendor has the file. AnswerError when what it has is not what was handed off."""
    found = _require_print_file(connection, name)
    if found.sha256 != sha256:
        raise AnswerError(
            f"print file {name}: the vendor received other bytes than were handed off. Ask it to print nothing of them."
        )
    if len(found.documents) != records:
        raise AnswerError(
            f"print file {name} has {len(found.documents)} pieces, the vendor counts {records}: ask which are missing."
        )
    return answer_print_file(connection, name, DeliveryState.ACKNOWLEDGED, on=on, at=at, why=why)


def answer_print_file(
    connection: Connection,
    name: str,
    state: DeliveryState,
    *,
    on: date,
    at: datetime,
    why: str,
    pieces: int | None = None,
) -> bool:
    """One answer for every piece of a file; pieces that are further on, or dead, stay as they are. `pieces` is how many
    the vendor speaks of: all but those that it rejected."""
    found = _require_handed_off(connection, _require_print_file(connection, name), on=on, at=at)
    _require_count(connection, name, pieces)
    mine = (delivery.c.print_file == name) & delivery.c.state.in_([each.value for each in _before(state)])
    ids = list(connection.execute(select(delivery.c.document_id).where(mine).order_by("document_id")).scalars())
    if not ids:
        return False
    connection.execute(update(delivery).where(mine).values(state=state.value, changed_at=at))
    if state in _COUNTS_FROM[found.reports]:
        record_mailed(connection, ids, on)
    if state in TERMINAL_FAILURES:
        for document_id in ids:
            reverse_mailed(connection, document_id)
    tell(connection, found.batch_id, name, state, at=at, why=why)
    return True


def answer_piece(
    connection: Connection,
    document_id: str,
    state: DeliveryState,
    *,
    print_file_name: str,
    digest: str,
    on: date,
    at: datetime,
    why: str,
) -> bool:
    """One answer for one piece: of its attempt in that print file, or of its latest on paper."""
    found = _require_document(connection, document_id)
    attempts = read_deliveries(connection, [document_id]).get(document_id, ())
    printed = [each for each in attempts if each.print_file and print_file_name in {"", each.print_file}]
    if not printed:
        where = f" in {print_file_name}" if print_file_name else ""
        raise AnswerError(f"document {document_id} was never handed off on paper{where}: {state} cannot be so.")
    file = _require_handed_off(connection, _require_print_file(connection, printed[-1].print_file), on=on, at=at)
    own = (delivery.c.document_id == document_id) & (delivery.c.attempt == printed[-1].attempt)
    now = DeliveryState(connection.execute(select(delivery.c.state).where(own)).scalar_one())
    if not _is_news(now, state, what=f"document {document_id}"):
        return False
    require_delivery_move(f"document {document_id}", now, state)
    connection.execute(update(delivery).where(own).values(state=state.value, changed_at=at))
    tell(connection, found.batch_id, document_id, state, at=at, why=why)
    if state in _COUNTS_FROM[file.reports]:
        record_mailed(connection, [document_id], on)
    if state in TERMINAL_FAILURES:
        reverse_mailed(connection, document_id)
    if state is DeliveryState.RETURNED:
        suppress(connection, found, SuppressionCode.RETMAIL, digest=printed[-1].readdressed_to or digest, since=on)
    return True


def answer_email(
    connection: Connection,
    document_id: str,
    attempt: int,
    *,
    is_final: bool,
    tries_max: int,
    on: date,
    at: datetime,
    why: str,
) -> bool:
    """An e-mail that came back, or was complained of. What comes back was sent, whoever was in doubt about it."""
    found = _require_document(connection, document_id)
    attempts = read_deliveries(connection, [document_id]).get(document_id, ())
    mine = next((each for each in attempts if each.attempt == attempt), None)
    if mine is None or mine.channel is not Channel.EMAIL:
        raise AnswerError(f"document {document_id} has no attempt {attempt} by e-mail: the message is not ours.")
    if mine.state in _IN_DOUBT:
        sent = EmailMark(delivery_id=mine.delivery_id, state=DeliveryState.SENT, receipt=mine.receipt)
        mark_emails(connection, [sent], at=at, mailed_on=on)
        mine = _again(connection, mine)
    is_news = _is_news(mine.state, DeliveryState.BOUNCED, what=f"document {document_id}")
    if is_news:
        require_delivery_move(f"document {document_id}", mine.state, DeliveryState.BOUNCED)
        own = (delivery.c.document_id == document_id) & (delivery.c.attempt == attempt)
        connection.execute(update(delivery).where(own).values(state=DeliveryState.BOUNCED.value, changed_at=at))
        tell(connection, found.batch_id, document_id, DeliveryState.BOUNCED, at=at, why=why)
        reverse_mailed(connection, document_id)
        if not replaced_by(read_family(connection, document_id), document_id):
            insert_if_new(connection, follow_up, {"document_id": document_id, "since": at, "readdressed": False})
            bounced = (
                sum(each.state is DeliveryState.BOUNCED and each.channel is Channel.EMAIL for each in attempts) + 1
            )
            if is_final or bounced >= tries_max:
                _print_instead(connection, found, at=at, why=why)
    if is_final and is_news:
        suppress(connection, found, SuppressionCode.EMAIL, digest="", since=on)
    return is_news


def record_recall(connection: Connection, document_id: str, *, actor: str, at: datetime, why: str) -> None:
    """A piece that the vendor cancelled, as a person asked: it was not mailed, and goes out no more."""
    found = _require_document(connection, document_id)
    attempt = read_deliveries(connection, [document_id])[document_id][-1]
    require_delivery_move(f"document {document_id}", attempt.state, DeliveryState.RECALLED)
    own = (delivery.c.document_id == document_id) & (delivery.c.attempt == attempt.attempt)
    recalled = {"state": DeliveryState.RECALLED.value, "changed_at": at}
    connection.execute(update(delivery).where(own).values(recalled))
    tell(connection, found.batch_id, document_id, DeliveryState.RECALLED, at=at, actor=actor, why=why)
    reverse_mailed(connection, document_id)
    rendered = {"state": DocumentState.RENDERED.value}
    connection.execute(update(document).where(document.c.document_id == document_id).values(rendered))
    withhold(connection, document_id, [Hold(code=VOIDED)], actor=actor, at=at, why=why)


def confirm_email(connection: Connection, document_id: str, attempt: int, *, on: date, at: datetime, why: str) -> bool:
    """The mail service says that it took a message: where that was in doubt, it no longer is."""
    _require_document(connection, document_id)
    attempts = read_deliveries(connection, [document_id]).get(document_id, ())
    mine = next((each for each in attempts if each.attempt == attempt), None)
    if mine is None or mine.channel is not Channel.EMAIL:
        raise AnswerError(f"document {document_id} has no attempt {attempt} by e-mail: the message is not ours.")
    if mine.state not in _IN_DOUBT:
        return False
    sent = EmailMark(delivery_id=mine.delivery_id, state=DeliveryState.SENT, receipt=mine.receipt)
    mark_emails(connection, [sent], at=at, mailed_on=on, why=why)
    return True


def find_email(connection: Connection, reference: str) -> tuple[str, int] | None:
    """Document id and attempt of the e-mail that a mail service gave this id."""
    quoted = delivery.c.receipt.contains(msgspec.json.encode(reference).decode(), autoescape=True)
    query = select(delivery).where(delivery.c.channel == Channel.EMAIL.value, quoted)
    found = [to_delivery(dict(row)) for row in connection.execute(query).mappings()]
    mine = [each for each in found if (each.receipt or {}).get("reference") == reference]
    return (mine[0].document_id, mine[0].attempt) if len(mine) == 1 else None


def send_again(
    connection: Connection, document_id: str, *, readdressed: bool, actor: str, at: datetime, why: str
) -> None:
    """Put a document that did not arrive in line for a new attempt. Putting it there twice changes nothing."""
    found = _require_document(connection, document_id)
    if found.delivery_state is not None or found.state is not DocumentState.HANDED_OFF:
        raise AnswerError(f"document {document_id}: only what was handed off and did not arrive can go out again.")
    if insert_if_new(connection, follow_up, {"document_id": document_id, "since": at, "readdressed": readdressed}):
        write_event(
            connection, at=at, actor=actor, batch_id=found.batch_id, subject=document_id, what="resend", why=why
        )


def read_unanswered(connection: Connection, facility_id: str) -> list[PrintFileRow]:
    """Files of vendors who report, with a piece that has not come as far as they tell, oldest first."""
    open_states = {
        Reports.ACKNOWLEDGED: [DeliveryState.SENT.value],
        Reports.MAILED: [DeliveryState.SENT.value, DeliveryState.ACKNOWLEDGED.value],
    }
    rows = []
    for reports, states in open_states.items():
        left = exists().where(delivery.c.print_file == print_file.c.name, delivery.c.state.in_(states))
        query = (
            select(print_file)
            .join(batch, batch.c.batch_id == print_file.c.batch_id)
            .where(batch.c.facility_id == facility_id, print_file.c.reports == reports.value, left)
        )
        rows += [to_print_file(dict(row)) for row in connection.execute(query).mappings()]
    return sorted(rows, key=lambda row: (row.changed_at, row.name))


def is_acknowledged(connection: Connection, name: str) -> bool:
    """Whether the vendor has answered about this print file at all."""
    silent = [state.value for state in HAND_OFF_STATES]
    query = select(delivery.c.document_id).where(delivery.c.print_file == name, delivery.c.state.not_in(silent))
    return connection.execute(query.limit(1)).first() is not None


def _require_count(connection: Connection, name: str, pieces: int | None) -> None:
    rejected = DeliveryState.REJECTED.value
    query = select(func.count()).where(delivery.c.print_file == name, delivery.c.state != rejected)
    printed = connection.execute(query).scalar_one()
    if pieces not in {None, printed}:
        raise AnswerError(
            f"print file {name} has {printed} pieces that were not rejected, the vendor mailed {pieces}: ask which."
        )


def _is_news(now: DeliveryState, then: DeliveryState, *, what: str) -> bool:
    """Whether an answer tells something that the ledger does not know. AnswerError where the two exclude each other."""
    if now is then:
        return False
    if now in _GOOD_WAY and then in _GOOD_WAY:
        return _GOOD_WAY.index(then) > _GOOD_WAY.index(now)
    if now in {DeliveryState.RETURNED, DeliveryState.BOUNCED} and then in _GOOD_WAY:
        return False
    if now is DeliveryState.RECALLED and then in {DeliveryState.REJECTED, DeliveryState.ACKNOWLEDGED}:
        return False
    if then not in DELIVERY_MOVES[now]:
        raise AnswerError(f"{what} is {now}: it cannot have become {then}. Ask who reports it.")
    return True


def _before(state: DeliveryState) -> list[DeliveryState]:
    """The states from which an answer for a whole file moves a piece on."""
    return [now for now in _GOOD_WAY if state in DELIVERY_MOVES[now]]


def _require_print_file(connection: Connection, name: str) -> PrintFileRow:
    if connection.execute(select(print_file.c.name).where(print_file.c.name == name)).first() is None:
        raise AnswerError(f"print file {name} is not one of ours.")
    return lock_print_file(connection, name)


def _require_handed_off(connection: Connection, file: PrintFileRow, *, on: date, at: datetime) -> PrintFileRow:
    """What the vendor knows was handed off, whoever was in doubt about it. Not what never left."""
    if file.state in _IN_DOUBT:
        why = "the vendor has answered about it"
        mark_print_file(connection, file.name, DeliveryState.SENT, receipt=file.receipt, at=at, mailed_on=on, why=why)
    elif file.state is not DeliveryState.SENT:
        raise AnswerError(f"print file {file.name} is {file.state}: the vendor cannot have it. Ask what it has.")
    return lock_print_file(connection, file.name)


def _require_document(connection: Connection, document_id: str) -> Document:
    if connection.execute(select(document.c.state).where(document.c.document_id == document_id)).first() is None:
        raise AnswerError(f"document {document_id} is not one of ours.")
    return lock_document(connection, document_id)


def _again(connection: Connection, attempt: Delivery) -> Delivery:
    attempts = read_deliveries(connection, [attempt.document_id])[attempt.document_id]
    return next(each for each in attempts if each.attempt == attempt.attempt)


def _print_instead(connection: Connection, found: Document, *, at: datetime, why: str) -> None:
    mine = document.c.document_id == found.document_id
    connection.execute(update(document).where(mine).values(channel=Channel.PRINT.value))
    what = f"channel {Channel.PRINT}"
    write_event(
        connection, at=at, actor=SERVICE, batch_id=found.batch_id, subject=found.document_id, what=what, why=why
    )
