"""Gathers what a packet says: from the ledger, the snapshots, and the billing system's Medicare facts. Reads only what
is about the packet's accounts, except for the one query of Medicare bad debts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Encounter, GuarantorAccount, MedicareBadDebt
from statement_builder.ledger import (
    Delivery,
    DocumentState,
    EvidenceKind,
    EvidencePacket,
    FoundDocument,
)
from statement_builder.operations.billing_facts import read_billing_facts
from statement_builder.operations.evidence.collection_log import AccountRecords, list_log, title_of
from statement_builder.operations.evidence.snapshots import Snapshots, encounter_of
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.cost_report.cost_report import CostReportPeriod, Finding
from statement_builder.policy.cost_report.medicare_bad_debts import (
    BillingFacts,
    allowable_cents,
    effort_ends_on,
    find_bad_debt_faults,
    first_billed_on,
    last_remitted_on,
)
from statement_builder.policy.evidence import BAD_DEBT_ATTACHMENTS, small_claims_attachments
from statement_builder.reports.evidence import (
    AccountEvidence,
    Attempt,
    ChargeLine,
    Exhibit,
    ExhibitState,
    Fact,
    Happening,
    MailProof,
    PacketContents,
)

_DOCUMENTS_MAX = 1_000
"""Documents of one account."""
_RECEIPT_CHARACTERS_MAX = 120
TITLES = {
    EvidenceKind.BAD_DEBT: "Evidence of Medicare bad debt",
    EvidenceKind.SMALL_CLAIMS: "Packet for a small claim",
}


def find_documents(context: AppContext, account: str) -> list[FoundDocument]:
    """Every document about an account, in the order of issue."""
    found = context.ledger.documents.find(account, limit=_DOCUMENTS_MAX)
    mine = [each for each in found if account in each.document.accounts]
    return sorted(mine, key=lambda each: (each.document.issued_on, each.document.batch_id, each.document.revision))


def gather_contents(context: AppContext, packet: EvidencePacket, snapshots: Snapshots) -> PacketContents:
    """What the packet says. Exhibits are complete until their pages are read (`assemble`). `SourceError` if the billing
    system cannot be read for a bad-debt packet."""
    debts = _read_bad_debts(context, packet) if packet.kind is EvidenceKind.BAD_DEBT else {}
    state = context.facility.return_address.state
    return PacketContents(
        packet_id=packet.packet_id,
        kind=packet.kind.value,
        title=TITLES[packet.kind],
        reason=packet.reason,
        requested_by=packet.requested_by,
        requested_at=packet.requested_at,
        accounts=tuple(
            _gather_account(context, packet, snapshots, number, debts.get(account))
            for number, account in enumerate(packet.accounts)
        ),
        attachments=(BAD_DEBT_ATTACHMENTS if packet.kind is EvidenceKind.BAD_DEBT else small_claims_attachments(state)),
    )


def letter_of(number: int) -> str:
    """`A` to `Z`, then `AA`: the letter of an account."""
    return chr(65 + number) if number < 26 else letter_of(number // 26 - 1) + letter_of(number % 26)


def _gather_account(
    context: AppContext, packet: EvidencePacket, snapshots: Snapshots, number: int, debt: MedicareBadDebt | None
) -> AccountEvidence:
    account = packet.accounts[number]
    found = find_documents(context, account)
    sent = [each for each in found if each.document.state is DocumentState.HANDED_OFF and not each.document.is_copy]
    guarantor_id = found[0].document.guarantor_id if found else ""
    pulled = [each for item in found if (each := snapshots.of_document(item.document)) is not None]
    pulled += snapshots.newest(guarantor_id) if guarantor_id else []
    records = AccountRecords(account=account, guarantor_id=guarantor_id, documents=found, pulled=pulled, debt=debt)
    visit = encounter_of(pulled[::-1], account)
    letter = letter_of(number)
    facts = read_billing_facts(context, [account])[account]
    gone = any((each.document.batch_id, each.document.sequence) in snapshots.missing for each in found)
    notes = ["The data from which some of the documents were made was purged; payments of that time are missing."]
    return AccountEvidence(
        letter=letter,
        account_number=account,
        guarantor_id=guarantor_of(guarantor_id),
        facts=tuple(_list_facts(packet, pulled, visit, debt, facts)),
        log=tuple(list_log(context, records)),
        findings=_find_faults(debt, facts),
        charges=tuple(_list_charges(visit)) if packet.kind is EvidenceKind.SMALL_CLAIMS else (),
        exhibits=tuple(_make_exhibit(context, f"{letter}-{n}", each) for n, each in enumerate(sent, start=1)),
        notes=tuple(notes if gone else ()),
    )


def _read_bad_debts(context: AppContext, packet: EvidencePacket) -> dict[str, MedicareBadDebt]:
    """The Medicare facts of the packet's accounts; the claim, where an account also has a recovery."""
    day = context.local_date(packet.requested_at)
    found: dict[str, MedicareBadDebt] = {}
    with context.open_source(context.settings.source.name) as source:
        for each in source.medicare_bad_debts(as_of=day, cycle=f"{day:%Y-%m}"):
            if isinstance(each, MedicareBadDebt) and each.account_number in packet.accounts and not each.is_recovery:
                found[each.account_number] = each
    return found


def _find_faults(debt: MedicareBadDebt | None, facts: BillingFacts) -> tuple[Finding, ...]:
    """What the rules say about the claim. Its own fiscal year is not known here, so the year is not checked."""
    if debt is None:
        return ()
    claimed_on = debt.medicare_written_off_on or date.max
    return find_bad_debt_faults(debt, facts, CostReportPeriod(first_on=date.min, last_on=claimed_on))


def _list_facts(
    packet: EvidencePacket,
    pulled: Sequence[GuarantorAccount],
    visit: Encounter | None,
    debt: MedicareBadDebt | None,
    facts: BillingFacts,
) -> Iterator[Fact]:
    if visit is not None:
        yield Fact(label="Service", value=f"{visit.service_from} to {visit.service_to}")
        yield Fact(label="Facility", value=visit.facility_name)
        yield Fact(label="Payer class", value=visit.financial_class.value.replace("_", " "))
    if packet.kind is EvidenceKind.SMALL_CLAIMS and pulled:
        guarantor = pulled[-1].guarantor
        yield Fact(label="Guarantor", value=f"{guarantor.first_name} {guarantor.last_name}".strip())
    yield Fact(
        label="First bill or letter that counts as mailed", value=facts.mailed_on[0] if facts.mailed_on else None
    )
    yield Fact(label="Last one", value=facts.mailed_on[-1] if facts.mailed_on else None)
    yield Fact(label="How many", value=f"{len(facts.mailed_on)}")
    if packet.kind is not EvidenceKind.BAD_DEBT:
        return
    if debt is None:
        yield Fact(label="Medicare facts", value="The billing system has none: see medicare_bad_debts.sql")
        return
    yield Fact(label="Latest remittance advice of Medicare or a secondary payer", value=last_remitted_on(debt))
    yield Fact(label="First bill, for Exhibit 2A", value=first_billed_on(debt, facts))
    yield Fact(label="Last payment before the write-off", value=debt.last_paid_on)
    yield Fact(label="Earliest end of the collection effort", value=effort_ends_on(debt, facts))
    yield Fact(label="Collection effort ceased", value=debt.ceased_on)
    yield Fact(label="Deductible", value=debt.deductible_cents)
    yield Fact(label="Coinsurance", value=debt.coinsurance_cents)
    yield Fact(label="Payments before the write-off", value=debt.paid_cents)
    yield Fact(label="Allowable bad debt", value=allowable_cents(debt))


def _list_charges(visit: Encounter | None) -> Iterator[ChargeLine]:
    if visit is None:
        return
    for charge in sorted(visit.charges, key=lambda each: (each.service_on, each.charge_id)):
        yield ChargeLine(
            service_on=charge.service_on,
            description="Service" if visit.sensitive else charge.description,
            code="" if visit.sensitive else charge.code,
            amount_cents=charge.amount_cents,
        )


def _make_exhibit(context: AppContext, label: str, each: FoundDocument) -> Exhibit:
    document = each.document
    subjects = [document.document_id, *sorted({attempt.print_file for attempt in each.deliveries} - {""})]
    events = [event for one in subjects for event in context.ledger.events.for_batch(document.batch_id, subject=one)]
    events.sort(key=lambda event: event.event_id)
    return Exhibit(
        label=label,
        title=title_of(document),
        document_id=document.document_id,
        issued_on=document.issued_on,
        mailed_on=document.mailed_on,
        sha256=document.sha256,
        pages=document.pages,
        state=ExhibitState.COMPLETE,
        note="",
        proof=MailProof(
            attempts=tuple(_make_attempt(context, attempt) for attempt in each.deliveries),
            events=tuple(Happening(at=event.at, what=event.what, why=event.why) for event in events),
        ),
    )


def _make_attempt(context: AppContext, attempt: Delivery) -> Attempt:
    print_file = context.ledger.print_files.find(attempt.print_file) if attempt.print_file else None
    receipt = {**((print_file.receipt if print_file else None) or {}), **(attempt.receipt or {})}
    return Attempt(
        number=attempt.attempt,
        channel=attempt.channel.value,
        state=attempt.state.value,
        vendor=attempt.vendor,
        handed_off_at=attempt.claimed_at,
        changed_at=attempt.changed_at,
        print_file=attempt.print_file,
        print_file_sha256=print_file.sha256 if print_file else "",
        print_file_documents=len(print_file.documents) if print_file else 0,
        receipt=tuple(
            f"{name}: {value}"[:_RECEIPT_CHARACTERS_MAX]
            for name, value in sorted(receipt.items())
            if isinstance(value, str | int) and value != ""
        ),
    )
