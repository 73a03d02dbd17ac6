"""Reports from vendors and mail services: acknowledged, mailed, delivered, rejected, returned, bounced.

Reports arrive late, twice and in any order. A report that the ledger knows already, or knows more than, changes
nothing; an impossible one is a `DeliveryReportError`. Everything that a report starts is written in the same
transaction: clocks, suppressions, the next attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy import Connection, delete, func, or_, select, update

from statement_builder.billing.selection import Channel, FinalVendorStatus, Hold
from statement_builder.errors import DeliveryReportError
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.delivery.emails import mark_emails
from statement_builder.ledger.delivery.hand_off import record_status_event
from statement_builder.ledger.delivery.print_files import lock_print_file, mark_print_file
from statement_builder.ledger.document_queries import (
    IS_PENDING,
    IS_TO_ESTATE,
    is_other_recipient_of,
    lock_document,
    read_deliveries,
    read_revisions,
)
from statement_builder.ledger.documents import withhold
from statement_builder.ledger.mailing_history import record_mailed, redate_mailed, reverse_mailed
from statement_builder.ledger.records import Delivery, Document, EmailMark, PrintFileRow, replaced_by
from statement_builder.ledger.states import (
    DELIVERY_MOVES,
    NEVER_PRINTED,
    PROGRESS,
    TERMINAL_FAILURES,
    VOIDED,
    DeliveryState,
    DocumentState,
    SuppressionCode,
    counts_as_mailed,
    require_delivery_move,
)
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_if_new, is_one_of
from statement_builder.ledger.storage.tables import (
    batch,
    delivery,
    document,
    event,
    print_file,
    redelivery,
    shard,
    suppression,
)
from statement_builder.ledger.storage.transactions import Repository
from statement_builder.ledger.suppressions import is_suppressed, suppress

COMPLAINT = "complaint"
"""The event of a complaint about an e-mail."""
_IN_DOUBT = frozenset({DeliveryState.COMMITTING, DeliveryState.UNCERTAIN})
_NOT_WITH_VENDOR = (DeliveryState.CLAIMED, DeliveryState.FAILED)
_KNOWN_DEATHS = (
    select(delivery.c.document_id, suppression.c.since)
    .distinct()
    .join(document, document.c.document_id == delivery.c.document_id)
    .join(batch, batch.c.batch_id == document.c.batch_id)
    .outerjoin(
        suppression,
        (suppression.c.facility_id == batch.c.facility_id)
        & (suppression.c.guarantor_id == document.c.guarantor_id)
        & (suppression.c.code == SuppressionCode.DECEASED.value),
    )
    .where(
        is_one_of(delivery.c.document_id),
        delivery.c.print_file.is_not(None),
        delivery.c.state.not_in([state.value for state in _NOT_WITH_VENDOR]),
    )
)
"""Each document that a vendor has on paper, and the day of the latest report that its guarantor has died."""


class DeliveryReportRepository(Repository):
    """`ledger.delivery_reports`. Each method records one report; `on` is the vendor's own date, and the result is
    whether the report was news."""

    def acknowledge_print_file(self, name: str, *, sha256: str, records: int, on: date, at: datetime, why: str) -> bool:
        """The vendor has received the whole file. `DeliveryReportError` when it is not the file that was handed off."""
        with self._write() as connection:
            require_same_file(_require_print_file(connection, name), sha256=sha256, records=records)
            return _record_print_file(connection, name, DeliveryState.ACKNOWLEDGED, on=on, at=at, why=why, pieces=None)

    def reject_print_file(self, name: str, *, sha256: str, records: int, on: date, at: datetime, why: str) -> bool:
        """The vendor will print nothing of the file. `DeliveryReportError` when it is not the file that was handed off:
        a mistyped name must not reverse the mailings of another file."""
        with self._write() as connection:
            require_same_file(_require_print_file(connection, name), sha256=sha256, records=records)
            return _record_print_file(connection, name, DeliveryState.REJECTED, on=on, at=at, why=why, pieces=None)

    def count_reversals(
        self, document_ids: Sequence[str], print_files: Sequence[str], deaths: Mapping[str, date] = MappingProxyType({})
    ) -> int:
        """How many pieces would fail for good, or stop all mail to their guarantor, if these documents were reported as
        returned or rejected, and these print files as rejected. `deaths`: document → the day of a report that its
        guarantor has died.

        Documents count from their hand-off. The pieces of a print file count if they are taken to be mailed: before
        that, a rejection with the file's own hash and count reverses nothing. A death counts unless it is known, also
        if the piece itself has failed before.
        """
        may_fail = delivery.c.state.in_([state.value for state in PROGRESS])
        pieces = select(delivery.c.document_id).where(is_one_of(delivery.c.document_id), may_fail)
        of_files = (
            select(delivery.c.document_id)
            .join(document, document.c.document_id == delivery.c.document_id)
            .where(is_one_of(delivery.c.print_file), may_fail, document.c.mailed_on.is_not(None))
        )
        found: set[str] = set()
        with self._read() as connection:
            for query, keys in ((pieces, document_ids), (of_files, print_files)):
                for ids in in_chunks(keys):
                    found.update(connection.execute(query, {"ids": ids}).scalars())
            for ids in in_chunks(tuple(deaths)):
                rows = connection.execute(_KNOWN_DEATHS, {"ids": ids}).all()
                found.update(
                    each.document_id for each in rows if not each.since or each.since < deaths[each.document_id]
                )
        return len(found)

    def record_print_file(
        self, name: str, state: DeliveryState, *, on: date, at: datetime, why: str, pieces: int | None = None
    ) -> bool:
        """One status for every piece of a file. Pieces that are further along, or have failed for good, do not change.
        `pieces` is the number the vendor reports: all except those it rejected earlier."""
        with self._write() as connection:
            return _record_print_file(connection, name, state, on=on, at=at, why=why, pieces=pieces)

    def record_piece(
        self,
        document_id: str,
        state: DeliveryState,
        *,
        print_file: str = "",
        digest: str = "",
        says_deceased: bool = False,
        on: date,
        at: datetime,
        why: str,
    ) -> bool:
        """One status for one printed piece: mailed, delivered, rejected or returned, for its attempt in `print_file` or
        for its latest on paper. A returned piece suppresses mail to the address it went to; `digest` is that of the
        address on its pages.

        If its addressee has died, the address was not the reason. Then everything to the guarantor is suppressed, at
        any address, and every document of the guarantor that waits in any batch, or for redelivery, is withheld at
        once. That may be news about a piece whose state is known. A letter to an estate is only returned from its
        address.

        `DeliveryReportError` when the report is impossible: then nothing is recorded, and no death.
        """
        with self._write() as connection:
            found = require_document(connection, document_id)
            says_deceased = says_deceased and not found.kind.traits.is_estate
            attempts = read_deliveries(connection, [document_id]).get(document_id, ())
            printed = [each for each in attempts if each.print_file and print_file in {"", each.print_file}]
            if not printed:
                where = f" in {print_file}" if print_file else ""
                raise DeliveryReportError(
                    f"document {document_id} was never handed off on paper{where}, so it cannot be {state}. Ask the "
                    "vendor."
                )
            file = _require_print_file(connection, printed[-1].print_file)
            file = _require_handed_off(connection, file, on=on, at=at)
            own = (delivery.c.document_id == document_id) & (delivery.c.attempt == printed[-1].attempt)
            now = DeliveryState(connection.execute(select(delivery.c.state).where(own)).scalar_one())
            is_news = _is_news(now, state, subject=f"document {document_id}")
            is_death = says_deceased and _record_death(connection, found, on=on, at=at, why=why)
            if not is_news:
                return is_death
            require_delivery_move(f"document {document_id}", now, state)
            connection.execute(update(delivery).where(own).values(state=state.value, changed_at=at))
            record_status_event(connection, found.batch_id, document_id, state, at=at, why=why)
            _record_mailing(connection, file, [document_id], state, on)
            if state in TERMINAL_FAILURES:
                reverse_mailed(connection, document_id)
            if state is DeliveryState.RETURNED and not says_deceased:
                returned_from = printed[-1].readdressed_to or digest
                suppress(connection, found, SuppressionCode.RETMAIL, digest=returned_from, since=on)
            return True

    def record_bounce(
        self,
        document_id: str,
        attempt: int,
        *,
        is_final: bool,
        is_sender_fault: bool = False,
        tries_max: int | None,
        on: date,
        at: datetime,
        why: str,
    ) -> bool:
        """An e-mail bounced, for good or for now. `DeliveryReportError` when it is not our message, or was delivered.

        The document becomes due for redelivery: on paper when the bounce is final or the last of `tries_max`; None:
        never. A final bounce also suppresses the guarantor's e-mail. A bounced message was sent, even when its attempt
        was in doubt.
        """
        with self._write() as connection:
            found = require_document(connection, document_id)
            attempts, mine = _require_sent_email(connection, document_id, attempt, on=on, at=at)
            if mine.state is DeliveryState.DELIVERED:
                raise DeliveryReportError(
                    f"document {document_id} was delivered, and a bounce followed: a reply, a copy, or a server behind "
                    "the recipient's. Nothing was changed; read the message."
                )
            if mine.state is DeliveryState.UNREAD:  # it goes on paper already
                if is_final:
                    suppress(connection, found, SuppressionCode.EMAIL, digest="", since=on)
                return is_final
            if not _is_news(mine.state, DeliveryState.BOUNCED, subject=f"document {document_id}"):
                return False
            require_delivery_move(f"document {document_id}", mine.state, DeliveryState.BOUNCED)
            own = (delivery.c.document_id == document_id) & (delivery.c.attempt == attempt)
            connection.execute(update(delivery).where(own).values(state=DeliveryState.BOUNCED.value, changed_at=at))
            record_status_event(connection, found.batch_id, document_id, DeliveryState.BOUNCED, at=at, why=why)
            reverse_mailed(connection, document_id)
            if not replaced_by(read_revisions(connection, document_id), document_id):
                due = {"document_id": document_id, "since": at, "readdressed": False}
                insert_if_new(connection, redelivery, {**due, "is_sender_fault": is_sender_fault})
                bounced = sum(
                    each.state is DeliveryState.BOUNCED and each.channel is Channel.EMAIL for each in attempts
                )
                if is_final or (tries_max is not None and bounced + 1 >= tries_max):
                    switch_channel(connection, found, Channel.PRINT, at=at, why=why)
            if is_final:
                suppress(connection, found, SuppressionCode.EMAIL, digest="", since=on)
            return True

    def record_complaint(self, document_id: str, attempt: int, *, on: date, at: datetime, why: str) -> bool:
        """The recipient complained about an e-mail, or unsubscribed; False if that is known. `DeliveryReportError` when
        it is not our message.

        Suppresses the guarantor's e-mail. The message was delivered: no clock moves, and nothing is mailed again.
        """
        with self._write() as connection:
            found = require_document(connection, document_id)
            _, mine = _require_sent_email(connection, document_id, attempt, on=on, at=at)
            known = select(event.c.event_id).where(
                event.c.batch_id == found.batch_id, event.c.subject == document_id, event.c.what == COMPLAINT
            )
            if connection.execute(known).first() is not None:
                return False
            if mine.state in PROGRESS:
                mark_delivered(connection, found, mine, at=at, why=why)
            if found.channel is Channel.EMAIL:  # a message that bounced for now is not e-mailed again
                connection.execute(delete(redelivery).where(redelivery.c.document_id == document_id))
            suppress(connection, found, SuppressionCode.EMAIL, digest="", since=on)
            write_event(
                connection,
                at=at,
                actor=SERVICE,
                batch_id=found.batch_id,
                subject=document_id,
                what=COMPLAINT,
                why=why,
            )
            return True

    def confirm_email(
        self, document_id: str, attempt: int, *, is_delivered: bool = False, on: date, at: datetime, why: str
    ) -> bool:
        """The mail service confirms that it accepted this message, or that the recipient's server did; False if that is
        known. `DeliveryReportError` when it is not our message."""
        with self._write() as connection:
            found = require_document(connection, document_id)
            attempts = read_deliveries(connection, [document_id]).get(document_id, ())
            was_in_doubt = _require_email(attempts, document_id, attempt).state in _IN_DOUBT
            _, mine = _require_sent_email(connection, document_id, attempt, on=on, at=at, why=why)
            if is_delivered and mine.state is DeliveryState.SENT:
                mark_delivered(connection, found, mine, at=at, why=why)
                return True
            return was_in_doubt

    def record_cancellation(self, document_id: str, *, actor: str, at: datetime, why: str) -> None:
        """The vendor canceled a piece at our request before printing it: the document is void. InvariantError when the
        piece can no longer be canceled."""
        with self._write() as connection:
            found = require_document(connection, document_id)
            attempt = read_deliveries(connection, [document_id])[document_id][-1]
            require_delivery_move(f"document {document_id}", attempt.state, DeliveryState.RECALLED)
            own = (delivery.c.document_id == document_id) & (delivery.c.attempt == attempt.attempt)
            recalled = {"state": DeliveryState.RECALLED.value, "changed_at": at}
            connection.execute(update(delivery).where(own).values(recalled))
            record_status_event(
                connection, found.batch_id, document_id, DeliveryState.RECALLED, at=at, actor=actor, why=why
            )
            reverse_mailed(connection, document_id)
            rendered = {"state": DocumentState.RENDERED.value}
            connection.execute(update(document).where(document.c.document_id == document_id).values(rendered))
            withhold(connection, document_id, [Hold(code=VOIDED)], actor=actor, at=at, why=why)


def _record_death(connection: Connection, found: Document, *, on: date, at: datetime, why: str) -> bool:
    """The post office or the vendor reports that the document's guarantor has died; False if an earlier report said
    so."""
    is_news = not is_suppressed(connection, found, SuppressionCode.DECEASED, since=on)
    suppress(connection, found, SuppressionCode.DECEASED, digest="", since=on)
    code = SuppressionCode.DECEASED.value
    if is_news:
        write_event(
            connection, at=at, actor=SERVICE, batch_id=found.batch_id, subject=found.document_id, what=code, why=why
        )
    for waiting_id in _read_waiting(connection, found):
        withhold(connection, waiting_id, [Hold(code=code)], actor=SERVICE, at=at, why=why)
    return is_news


def _read_waiting(connection: Connection, found: Document) -> list[str]:
    """The ids of the guarantor's documents that wait for a hand-off, in every batch of the facility. Includes those
    for the guarantor's other recipients, and not the letters to the estate."""
    own = batch.alias()
    facility_id = select(own.c.facility_id).where(own.c.batch_id == found.batch_id).scalar_subquery()
    query = (
        select(document.c.document_id)
        .join(batch, batch.c.batch_id == document.c.batch_id)
        .where(
            or_(document.c.guarantor_id == found.guarantor_id, is_other_recipient_of(found.guarantor_id)),
            batch.c.facility_id == facility_id,
            IS_PENDING,
            ~IS_TO_ESTATE,
        )
    )
    return list(connection.execute(query.order_by(document.c.document_id)).scalars())


def _record_print_file(
    connection: Connection, name: str, state: DeliveryState, *, on: date, at: datetime, why: str, pieces: int | None
) -> bool:
    found = _require_handed_off(connection, _require_print_file(connection, name), on=on, at=at)
    _require_count(connection, name, pieces)
    mine = (delivery.c.print_file == name) & delivery.c.state.in_([each.value for each in _states_before(state)])
    ids = list(connection.execute(select(delivery.c.document_id).where(mine).order_by("document_id")).scalars())
    if not ids:
        return False
    connection.execute(update(delivery).where(mine).values(state=state.value, changed_at=at))
    _record_mailing(connection, found, ids, state, on)
    if state in TERMINAL_FAILURES:
        for document_id in ids:
            reverse_mailed(connection, document_id)
    record_status_event(connection, found.batch_id, name, state, at=at, why=why)
    return True


def _record_mailing(
    connection: Connection, file: PrintFileRow, document_ids: list[str], state: DeliveryState, on: date
) -> None:
    """Count the pieces as mailed if this state does. A reported date replaces one that was assumed."""
    if counts_as_mailed(state, file.reports):
        record_mailed(connection, document_ids, file.counted_on(state, on))
    if state is DeliveryState.MAILED and file.reports is not FinalVendorStatus.MAILED:
        redate_mailed(connection, document_ids, on)


def require_same_file(file: PrintFileRow, *, sha256: str, records: int) -> None:
    """The vendor speaks of the file that was handed off. `DeliveryReportError` when hash or count differ."""
    if file.sha256 != sha256:
        raise DeliveryReportError(
            f"print file {file.name}: the vendor received different bytes than were handed off. Ask the vendor not to "
            "print them."
        )
    if len(file.documents) != records:
        raise DeliveryReportError(
            f"print file {file.name} has {len(file.documents)} pieces, the vendor counts {records}: ask the vendor "
            "which are missing."
        )


def _require_count(connection: Connection, name: str, pieces: int | None) -> None:
    """Pieces of a failed attempt were never printed: a retried print file has the same name, and new attempts."""
    not_printed = [state.value for state in NEVER_PRINTED]
    query = select(func.count()).where(delivery.c.print_file == name, delivery.c.state.not_in(not_printed))
    printed = connection.execute(query).scalar_one()
    if pieces not in {None, printed}:
        raise DeliveryReportError(
            f"print file {name} has {printed} pieces that were not rejected, the vendor mailed {pieces}: ask the "
            "vendor which."
        )


def _is_news(now: DeliveryState, then: DeliveryState, *, subject: str) -> bool:
    """The report is new to the ledger. DeliveryReportError when it contradicts the ledger."""
    if now is then:
        return False
    if now in PROGRESS and then in PROGRESS:
        return PROGRESS.index(then) > PROGRESS.index(now)
    if now in {DeliveryState.RETURNED, DeliveryState.BOUNCED} and then in PROGRESS:
        return False
    if now is DeliveryState.RECALLED and then in {DeliveryState.REJECTED, DeliveryState.ACKNOWLEDGED}:
        return False
    if then not in DELIVERY_MOVES[now]:
        raise DeliveryReportError(f"{subject} is {now}: it cannot have become {then}. Ask the vendor.")
    return True


def _states_before(state: DeliveryState) -> list[DeliveryState]:
    """The states from which a report on a whole file moves a piece on."""
    return [now for now in PROGRESS if state in DELIVERY_MOVES[now]]


def _require_print_file(connection: Connection, name: str) -> PrintFileRow:
    if connection.execute(select(print_file.c.name).where(print_file.c.name == name)).first() is None:
        raise DeliveryReportError(f"print file {name} is not one of ours.")
    return lock_print_file(connection, name)


def _require_handed_off(connection: Connection, file: PrintFileRow, *, on: date, at: datetime) -> PrintFileRow:
    """A file that the vendor reports on was handed off, even when that was in doubt. DeliveryReportError for a file
    that never left."""
    if file.state in _IN_DOUBT:
        why = "the vendor has reported on it"
        mark_print_file(connection, file.name, DeliveryState.SENT, receipt=file.receipt, at=at, mailed_on=on, why=why)
    elif file.state is not DeliveryState.SENT:
        raise DeliveryReportError(
            f"print file {file.name} is {file.state}: the vendor cannot have it. Ask the vendor what it has."
        )
    return lock_print_file(connection, file.name)


def require_document(connection: Connection, document_id: str) -> Document:
    """The document, locked. `DeliveryReportError` when it is not ours, or was purged."""
    own_shard = (shard.c.batch_id == document.c.batch_id) & (shard.c.sequence == document.c.sequence)
    query = select(shard.c.purged_on).select_from(document).join(shard, own_shard)
    found = connection.execute(query.where(document.c.document_id == document_id)).first()
    if found is None:
        raise DeliveryReportError(f"document {document_id} is not one of ours.")
    if found.purged_on is not None:
        raise DeliveryReportError(
            f"document {document_id} was purged on {found.purged_on} after its retention period, so nothing about it "
            "can change. Answer the sender by hand, if at all."
        )
    return lock_document(connection, document_id)


def _require_email(attempts: tuple[Delivery, ...], document_id: str, attempt: int) -> Delivery:
    found = next((each for each in attempts if each.attempt == attempt), None)
    if found is None or found.channel is not Channel.EMAIL:
        raise DeliveryReportError(
            f"document {document_id} has no attempt {attempt} by e-mail: the message is not ours."
        )
    return found


def _require_sent_email(
    connection: Connection, document_id: str, attempt: int, *, on: date, at: datetime, why: str = ""
) -> tuple[tuple[Delivery, ...], Delivery]:
    """All attempts of the document before this, and the attempt that a message is about. The message was sent, even if
    that was in doubt."""
    attempts = read_deliveries(connection, [document_id]).get(document_id, ())
    mine = _require_email(attempts, document_id, attempt)
    if mine.state in _IN_DOUBT:
        sent = EmailMark(delivery_id=mine.delivery_id, state=DeliveryState.SENT, receipt=mine.receipt)
        mark_emails(connection, [sent], at=at, mailed_on=on, why=why)
        mine = _require_email(read_deliveries(connection, [document_id])[document_id], document_id, attempt)
    return attempts, mine


def mark_delivered(connection: Connection, found: Document, mine: Delivery, *, at: datetime, why: str) -> None:
    """Move an attempt to `delivered`; no change when it is."""
    if mine.state is DeliveryState.DELIVERED:
        return
    require_delivery_move(f"document {found.document_id}", mine.state, DeliveryState.DELIVERED)
    own = (delivery.c.document_id == found.document_id) & (delivery.c.attempt == mine.attempt)
    connection.execute(update(delivery).where(own).values(state=DeliveryState.DELIVERED.value, changed_at=at))
    record_status_event(connection, found.batch_id, found.document_id, DeliveryState.DELIVERED, at=at, why=why)


def switch_channel(connection: Connection, found: Document, channel: Channel, *, at: datetime, why: str) -> None:
    """Send the document's next attempt by this channel."""
    mine = document.c.document_id == found.document_id
    connection.execute(update(document).where(mine).values(channel=channel.value))
    what = f"channel {channel}"
    write_event(
        connection, at=at, actor=SERVICE, batch_id=found.batch_id, subject=found.document_id, what=what, why=why
    )
