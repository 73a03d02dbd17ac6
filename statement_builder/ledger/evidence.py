"""Evidence packets: requests for them, and the approvals of named officers. The packets themselves are not kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from sqlalchemy import ColumnElement, RowMapping, insert, select, update

from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_if_new, is_one_of
from statement_builder.ledger.storage.tables import evidence_account, evidence_packet
from statement_builder.ledger.storage.transactions import Repository

EVIDENCE = "evidence"
"""What stands for the batch in events about evidence packets."""


class EvidenceKind(StrEnum):
    """What a packet is for."""

    BAD_DEBT = "bad-debt"
    """An auditor's sample of Medicare bad debts."""
    SMALL_CLAIMS = "small-claims"
    """A claim in a small-claims court."""


class EvidencePacket(Record, kw_only=True):
    """A request for a packet, and its approval."""

    packet_id: str
    kind: EvidenceKind
    accounts: tuple[str, ...]
    reason: str
    requested_by: str
    requested_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    content_sha256: str = ""
    """The digest of what was approved; empty before."""


class EvidenceRepository(Repository):
    """`ledger.evidence`."""

    def request(self, facility_id: str, new: EvidencePacket) -> bool:
        """Record a request. False if there is one with its id, which changes nothing."""
        values = {
            "packet_id": new.packet_id,
            "facility_id": facility_id,
            "kind": new.kind.value,
            "reason": new.reason,
            "requested_by": new.requested_by,
            "requested_at": new.requested_at,
        }
        accounts = [
            {"packet_id": new.packet_id, "position": position, "account_number": account}
            for position, account in enumerate(new.accounts, start=1)
        ]
        with self._write() as connection:
            if not insert_if_new(connection, evidence_packet, values):
                return False
            connection.execute(insert(evidence_account), accounts)
            write_event(
                connection,
                at=new.requested_at,
                actor=new.requested_by,
                batch_id=EVIDENCE,
                subject=new.packet_id,
                what="requested",
                why=f"{new.kind.value}: {new.reason}",
            )
        return True

    def find(self, facility_id: str, packet_id: str) -> EvidencePacket | None:
        """One request; None if there is none with this id."""
        found = self._select(facility_id, evidence_packet.c.packet_id == packet_id)
        return found[0] if found else None

    def beginning_with(self, facility_id: str, beginning: str) -> list[EvidencePacket]:
        """The requests whose id begins like this, newest first."""
        found = self._select(facility_id, evidence_packet.c.packet_id.startswith(beginning, autoescape=True))
        return [each for each in found if each.packet_id.startswith(beginning)]  # SQLite ignores the case

    def about(self, facility_id: str, account_numbers: Sequence[str]) -> list[EvidencePacket]:
        """The requests about any of these accounts, newest first."""
        query = select(evidence_account.c.packet_id).where(is_one_of(evidence_account.c.account_number))
        with self._read() as connection:
            ids = {
                packet_id
                for numbers in in_chunks(account_numbers)
                for packet_id in connection.execute(query, {"ids": numbers}).scalars()
            }
        return self._select(facility_id, evidence_packet.c.packet_id.in_(sorted(ids))) if ids else []

    def unapproved(self, facility_id: str) -> list[EvidencePacket]:
        """The requests that no officer has approved, newest first."""
        return self._select(facility_id, evidence_packet.c.approved_at.is_(None))

    def all(self, facility_id: str) -> list[EvidencePacket]:
        """Every request, newest first."""
        return self._select(facility_id)

    def _select(self, facility_id: str, *conditions: ColumnElement[bool]) -> list[EvidencePacket]:
        """The requests that meet the conditions, newest first, with their accounts: one query."""
        query = (
            select(evidence_packet, evidence_account.c.account_number)
            .outerjoin(evidence_account, evidence_account.c.packet_id == evidence_packet.c.packet_id)
            .where(evidence_packet.c.facility_id == facility_id, *conditions)
            .order_by(evidence_packet.c.requested_at.desc(), evidence_packet.c.packet_id, evidence_account.c.position)
        )
        with self._read() as connection:
            rows = connection.execute(query).mappings().all()
        return [_to_packet(list(group)) for _, group in groupby(rows, key=lambda row: row["packet_id"])]

    def approve(self, packet_id: str, content_sha256: str, *, actor: str, at: datetime, why: str) -> None:
        """Record an officer's approval of this content. An approval of other content replaces an earlier one.
        `ConfigError` if the request is not there."""
        values = {"approved_by": actor, "approved_at": at, "content_sha256": content_sha256}
        changed = update(evidence_packet).where(evidence_packet.c.packet_id == packet_id).values(**values)
        with self._write() as connection:
            if not connection.execute(changed).rowcount:
                raise ConfigError(f"There is no evidence packet {packet_id}. `statements evidence list` lists them.")
            write_event(
                connection,
                at=at,
                actor=actor,
                batch_id=EVIDENCE,
                subject=packet_id,
                what="approved",
                why=f"content {content_sha256}: {why}",
            )


def _to_packet(rows: Sequence[RowMapping]) -> EvidencePacket:
    """A packet from its rows, one for each account."""
    first = rows[0]
    values = {name: first[name] for name in EvidencePacket.__struct_fields__ if name != "accounts"}
    accounts = tuple(row["account_number"] for row in rows if row["account_number"] is not None)
    return EvidencePacket(**{**values, "kind": EvidenceKind(first["kind"]), "accounts": accounts})
