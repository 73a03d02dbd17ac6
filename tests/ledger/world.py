"""A small hospital's month in the ledger: batches, shards and documents with round numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from statement_builder.billing.model import Fault
from statement_builder.billing.selection import Channel, Hold, Kind
from statement_builder.documents.content import document_id
from statement_builder.ledger import (
    Batch,
    BatchState,
    Delivery,
    DeliveryState,
    DocumentState,
    EmailMark,
    Ledger,
    NewCandidate,
    NewDocument,
    NewPrintFile,
    NewShard,
    Outcome,
)

FACILITY = "LAKESIDE"
AS_OF = date(2026, 11, 2)
AT = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
MAILED_ON = date(2026, 11, 4)
SHA = "ab" * 32
HOLD = Hold(code="MINBAL")
FAULT = Fault(code="DATE", result_set="encounters", column="service_from", row_key="A1", message="no date", fix="add")


def open_batch(
    ledger: Ledger, *, cycle: str = "2026-11", kind: Kind = Kind.STATEMENT, facility: str = FACILITY
) -> Batch:
    return ledger.batches.open(
        batch_id=f"{cycle}-{kind.value}",
        facility_id=facility,
        kind=kind,
        cycle=cycle,
        as_of=AS_OF,
        source="reference",
        limit=None,
        actor="ana",
        at=AT,
    )


def selected(
    guarantor: str, *, amount: int = 12_50, balance: int | None = None, holds: Sequence[Hold] = ()
) -> NewCandidate:
    return NewCandidate(
        subject=guarantor,
        guarantor_id=guarantor,
        outcome=Outcome.SELECTED,
        balance_cents=amount if balance is None else balance,
        amount_cents=amount,
        holds=tuple(holds),
    )


def held(guarantor: str, *, balance: int = 3_00, holds: Sequence[Hold] = (HOLD,)) -> NewCandidate:
    return NewCandidate(
        subject=guarantor,
        guarantor_id=guarantor,
        outcome=Outcome.HELD,
        balance_cents=balance,
        amount_cents=0,
        holds=tuple(holds),
    )


def faulty(subject: str, *, balance: int = 40_00) -> NewCandidate:
    return NewCandidate(
        subject=subject,
        guarantor_id=subject,
        outcome=Outcome.EXCEPTION,
        balance_cents=balance,
        amount_cents=0,
        faults=(FAULT,),
    )


def rendered(
    guarantor: str,
    *,
    cycle: str = "2026-11",
    kind: Kind = Kind.STATEMENT,
    amount: int = 12_50,
    channel: Channel = Channel.PRINT,
    accounts: Sequence[str] | None = None,
    episode: str = "",
    cause: str = "",
    level: int = 0,
) -> NewDocument:
    return NewDocument(
        document_id=document_id(FACILITY, cycle, kind, guarantor),
        guarantor_id=guarantor,
        kind=kind,
        level=level,
        channel=channel,
        language="en",
        accounts=tuple(accounts) if accounts is not None else (f"A-{guarantor}",),
        episode_id=episode,
        cause_id=cause,
        amount_cents=amount,
        issued_on=AS_OF,
        state=DocumentState.RENDERED,
        sha256=SHA,
        pages=1,
        offset=64,
        length=9_000,
        postal_key="02139",
    )


def in_error(guarantor: str, *, amount: int = 12_50) -> NewDocument:
    return NewDocument(
        document_id=document_id(FACILITY, "2026-11", Kind.STATEMENT, guarantor),
        guarantor_id=guarantor,
        kind=Kind.STATEMENT,
        level=0,
        channel=Channel.PRINT,
        language="en",
        accounts=(f"A-{guarantor}",),
        amount_cents=amount,
        issued_on=AS_OF,
        state=DocumentState.ERROR,
        error_code="GLYPH",
        error_message="no font has U+4E00",
        error_fix="use a transliteration",
    )


def pull(ledger: Ledger, batch_id: str, *shards: Sequence[NewCandidate]) -> None:
    """Record a snapshot with one shard per list of candidates."""
    new = [
        NewShard(
            sequence=n,
            snapshot_key=f"snapshots/{batch_id}/001/{n:05d}.jsonl.gz",
            snapshot_sha256=SHA,
            candidates=len(candidates),
            cents=sum(candidate.balance_cents for candidate in candidates),
        )
        for n, candidates in enumerate(shards, 1)
    ]
    ledger.batches.record_pull(batch_id, new, actor="ana", at=AT)


def build(
    ledger: Ledger,
    batch_id: str,
    candidates: Sequence[NewCandidate],
    documents: Sequence[NewDocument],
    sequence: int = 1,
) -> None:
    ledger.shards.record_built(
        batch_id,
        sequence,
        candidates=candidates,
        documents=documents,
        pack_key=f"packs/{batch_id}/{sequence:05d}.zip",
        pack_sha256=SHA,
        template_version="t1",
        at=AT,
    )


def make_batch(
    ledger: Ledger,
    documents: Sequence[NewDocument],
    *,
    cycle: str = "2026-11",
    kind: Kind = Kind.STATEMENT,
    state: BatchState = BatchState.HANDING_OFF,
) -> Batch:
    """A batch of one shard with every candidate selected, moved on to `state`."""
    batch = open_batch(ledger, cycle=cycle, kind=kind)
    candidates = [selected(document.guarantor_id, amount=document.amount_cents) for document in documents]
    pull(ledger, batch.batch_id, candidates)
    build(ledger, batch.batch_id, candidates, documents)
    for step in (BatchState.BUILT, BatchState.RELEASED, BatchState.HANDING_OFF):
        ledger.batches.set_state(batch.batch_id, step, actor="ana", at=AT)
        if step is state:
            break
    found = ledger.batches.get(batch.batch_id)
    assert found is not None
    return found


def print_file(batch_id: str, documents: Sequence[NewDocument], *, name: str = "STMT_001.pdf") -> NewPrintFile:
    return NewPrintFile(
        name=name,
        batch_id=batch_id,
        sequence=1,
        envelope_class="letter",
        vendor="folder",
        sha256=SHA,
        bytes=9_000 * len(documents),
        documents=tuple(document.document_id for document in documents),
        pages=len(documents),
        sheets=len(documents),
        cents=sum(document.amount_cents for document in documents),
    )


def later(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def claim_email(ledger: Ledger, document_id: str, *, at: datetime = AT) -> Delivery:
    """Claim one document."""
    return ledger.emails.claim([document_id], vendor="smtp", at=at)[0]


def mark_email(
    ledger: Ledger,
    delivery_id: str,
    state: DeliveryState,
    *,
    receipt: dict[str, Any] | None = None,
    at: datetime = AT,
    mailed_on: date | None = None,
) -> None:
    """Mark one attempt."""
    mark = EmailMark(delivery_id=delivery_id, state=state, receipt=receipt)
    ledger.emails.mark([mark], at=at, mailed_on=mailed_on)


@contextmanager
def as_attacker(ledger: Ledger) -> Iterator[Connection]:
    """Somebody who controls the database: no trigger stops them."""
    with ledger._database.write() as connection:
        if connection.dialect.name == "sqlite":
            names = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for name in connection.execute(text(names)).scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
