"""Request and approve evidence packets. Two persons are needed, and both decisions are events."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from statement_builder.actor import is_named, is_same_user
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger import EVIDENCE, AccessSubject, EvidenceKind, EvidencePacket
from statement_builder.operations.access import record_access, subject
from statement_builder.operations.roles import authorize, may_use, require_reader
from statement_builder.pipeline.context import AppContext

_NAMESPACE = uuid.UUID("6f0f8f1c-5c51-5f0e-8c0e-2f5f7b6f6a11")
ACCOUNTS_MAX = 200
"""An auditor's sample has fewer. A packet is put together in memory."""
_SAMPLE_BYTES_MAX = 1_000_000


def read_sample(path: Path) -> list[str]:
    """The account numbers of a sample list: one a line, or the first column of a CSV. A first line without a digit is a
    title. `ConfigError` if it cannot be read."""
    try:
        data = path.read_bytes()[: _SAMPLE_BYTES_MAX + 1]
        if len(data) > _SAMPLE_BYTES_MAX:
            raise ConfigError(f"{path} is not a list of accounts: it is larger than {_SAMPLE_BYTES_MAX:,} bytes.")
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8. Save it as CSV in UTF-8.") from exc
    return parse_sample(lines)


def parse_sample(lines: Sequence[str]) -> list[str]:
    """The account numbers in these lines, as `read_sample` finds them."""
    found = [line.partition(",")[0].strip().strip('"').strip() for line in lines]
    if found and not any(character.isdigit() for character in found[0]):
        found = found[1:]
    return [account for account in found if account]


def request_packet(context: AppContext, kind: EvidenceKind, accounts: Sequence[str], reason: str) -> EvidencePacket:
    """Record a request. The same kind, accounts, and day are the same packet: a repeated command changes nothing.

    `ConfigError` without a reason or an account, for too many, for one that no document is about, and for a small claim
    against more than one guarantor; `NotAllowed`.
    """
    if not reason.strip():
        raise ConfigError('A packet requires a reason: --reason "…"')
    named = list(dict.fromkeys(accounts))
    if not 1 <= len(named) <= ACCOUNTS_MAX:
        raise ConfigError(f"A packet has 1 to {ACCOUNTS_MAX} accounts; this list has {len(named):,}.")
    facility_id, today = context.facility.facility_id, context.today()
    parts = (facility_id, kind.value, today.isoformat(), *sorted(named))
    packet_id = f"EV-{uuid.uuid5(_NAMESPACE, chr(31).join(parts))}"
    authorize(context, "evidence", batch_id=EVIDENCE, subject=packet_id)
    owners = {account: find_owner(context, account) for account in named}
    if unknown := [account for account, owner in owners.items() if owner is None]:
        raise ConfigError(
            f"{len(unknown):,} of {len(named):,} accounts have no document in this ledger, the first at place "
            f"{named.index(unknown[0]) + 1} of the list. Correct the list, or leave them out."
        )
    if kind is EvidenceKind.SMALL_CLAIMS and len(set(owners.values())) > 1:
        raise ConfigError("A small claim is against one guarantor. Request a packet for each.")
    new = EvidencePacket(
        packet_id=packet_id,
        kind=kind,
        accounts=tuple(named),
        reason=reason.strip(),
        requested_by=context.actor,
        requested_at=context.now(),
    )
    context.ledger.evidence.request(facility_id, new)
    return require_packet(context, packet_id)


def require_evidence_reader(context: AppContext) -> None:
    """`NotAllowed` for somebody who may not read packets: they name accounts and why somebody asks for them."""
    require_reader(context, "evidence")


def list_packets(
    context: AppContext, *, newest_max: int | None = None, what: str = "evidence list"
) -> tuple[list[EvidencePacket], int]:
    """The packets, newest first and at most `newest_max`, and how many there are. The view of the accounts of those
    that are returned is recorded as `what`. `NotAllowed`."""
    require_evidence_reader(context)
    everything = context.ledger.evidence.all(context.facility.facility_id)
    packets = everything[:newest_max]
    record_access(context, what, _list_owners(context, packets))
    return packets, len(everything)


def find_packet(context: AppContext, packet_id: str, *, what: str) -> EvidencePacket | None:
    """The packet with this id; None if there is none. The view of its accounts is recorded as `what`. `NotAllowed`."""
    require_evidence_reader(context)
    packet = context.ledger.evidence.find(context.facility.facility_id, packet_id)
    if packet is not None:
        record_access(context, what, _list_owners(context, [packet]))
    return packet


def _list_owners(context: AppContext, packets: Sequence[EvidencePacket]) -> list[AccessSubject]:
    """Everybody whose accounts are in these packets."""
    accounts = {account for packet in packets for account in packet.accounts}
    owners = {find_owner(context, account) for account in accounts}
    return [subject(owner) for owner in sorted(filter(None, owners))]


def find_packets(context: AppContext, accounts: Sequence[str]) -> list[EvidencePacket]:
    """The packets with one of these accounts, newest first. None for somebody who may not read packets."""
    if not may_use(context, "evidence"):
        return []
    return context.ledger.evidence.about(context.facility.facility_id, accounts)


def require_packet(context: AppContext, packet_id: str) -> EvidencePacket:
    """The packet with this id, or the only one that begins with it. `ConfigError` otherwise."""
    evidence = context.ledger.evidence
    found = evidence.beginning_with(context.facility.facility_id, packet_id) if packet_id else []
    if len(found) != 1:
        raise ConfigError(f"There is no evidence packet {packet_id}. `statements evidence list` lists them.")
    return found[0]


def require_officer(context: AppContext, packet: EvidencePacket) -> None:
    """`ConfigError` if no officer is named; `GateStop` unless the actor is one, and not the person who requested it."""
    officers = context.settings.evidence.officers
    if not officers:
        raise ConfigError("Nobody can approve a packet: name the officers in the setting evidence.officers.")
    if is_same_user(context.actor, packet.requested_by):
        raise GateStop(f"{packet.packet_id} must be approved by another officer, because you requested it.")
    if not any(is_named(context.actor, officer) for officer in officers):
        raise GateStop(f"{packet.packet_id} must be approved by an officer named in the setting evidence.officers.")


def may_approve(context: AppContext, packet: EvidencePacket) -> bool:
    """Whether to offer the approval to the actor. `approve_packet` decides."""
    if not may_use(context, "evidence"):
        return False
    try:
        require_officer(context, packet)
    except (ConfigError, GateStop):
        return False
    return True


def find_owner(context: AppContext, account: str) -> str | None:
    """The guarantor whose documents are about this account. None if no document is."""
    found = context.ledger.documents.find(account)
    return next((each.document.guarantor_id for each in found if account in each.document.accounts), None)
