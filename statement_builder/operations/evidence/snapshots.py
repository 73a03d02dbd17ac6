"""The accounts as batches pulled them: what was paid, what each document shows, and what must be taken out of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Encounter, GuarantorAccount, Patient, PatientPayment
from statement_builder.errors import ArchiveError
from statement_builder.ledger import Document
from statement_builder.operations.console.account_history import BATCHES_MAX
from statement_builder.pipeline.build_worker import read_shard
from statement_builder.pipeline.context import AppContext


class Snapshots:
    """Reads each shard once, and keeps only the accounts of the guarantors who are asked for."""

    def __init__(self, context: AppContext, guarantor_ids: Collection[str]) -> None:
        self._context = context
        self._guarantors = {guarantor_of(each) for each in guarantor_ids}
        self._read: dict[tuple[str, int], list[GuarantorAccount]] = {}
        self.missing: set[tuple[str, int]] = set()
        """Shards that were purged, or that cannot be read."""

    def of_document(self, document: Document) -> GuarantorAccount | None:
        """The account that the document was made from. None if it is gone."""
        accounts = set(document.accounts)
        for each in self._of_shard(document.batch_id, document.sequence, document.guarantor_id):
            if accounts <= {encounter.account_number for encounter in each.encounters}:
                return each
        return None

    def newest(self, guarantor_id: str) -> list[GuarantorAccount]:
        """What the newest batch pulled of the guarantor and of other recipients of that guarantor's mail."""
        batches = [batch.batch_id for batch in self._context.ledger.batches.all(limit=BATCHES_MAX)]
        place = self._context.ledger.candidates.last_shard(batches, guarantor_of(guarantor_id))
        return self._of_shard(*place, guarantor_id) if place else []

    def _of_shard(self, batch_id: str, sequence: int, guarantor_id: str) -> list[GuarantorAccount]:
        key = (batch_id, sequence)
        if key not in self._read:
            self._read[key] = list(self._load(key))
        owner = guarantor_of(guarantor_id)
        return [each for each in self._read[key] if guarantor_of(each.guarantor.guarantor_id) == owner]

    def _load(self, key: tuple[str, int]) -> Iterator[GuarantorAccount]:
        shard = self._context.ledger.shards.require(*key)
        if shard.purged_on is not None:
            self.missing.add(key)
            return
        try:
            for entry in read_shard(self._context.archive, shard):
                if not isinstance(entry, GuarantorAccount):
                    continue
                if guarantor_of(entry.guarantor.guarantor_id) in self._guarantors:
                    yield entry
        except ArchiveError:  # the packet says so; its exhibits are read on their own
            self.missing.add(key)


def encounter_of(accounts: Collection[GuarantorAccount], account_number: str) -> Encounter | None:
    """The visit with this number."""
    return next(
        (visit for account in accounts for visit in account.encounters if visit.account_number == account_number), None
    )


def payments_of(accounts: Collection[GuarantorAccount], account_number: str) -> list[PatientPayment]:
    """Every payment that any of these snapshots has, once, in the order of posting. A later snapshot comes last and
    counts."""
    found: dict[str, PatientPayment] = {}
    for account in accounts:
        for visit in account.encounters:
            if visit.account_number == account_number:
                found |= {payment.payment_id: payment for payment in visit.payments}
    return sorted(found.values(), key=lambda payment: (payment.posted_on, payment.payment_id))


def forbidden_texts(account: GuarantorAccount, kept: Collection[str], shown: Collection[str]) -> list[str]:
    """What must not remain on a document of which only the accounts in `kept` may be seen: the descriptions of the
    other visits on it, and the names of patients who have none of those that stay. `shown`: the accounts on it."""
    staying = [visit for visit in account.encounters if visit.account_number in kept]
    going = [
        visit for visit in account.encounters if visit.account_number in shown and visit.account_number not in kept
    ]
    harmless = {visit.description for visit in staying}
    patients = {visit.patient_id for visit in staying}
    own_name = f"{account.guarantor.first_name} {account.guarantor.last_name}".strip()
    names = {
        _full_name(patient)
        for patient in account.patients
        if patient.patient_id not in patients and any(visit.patient_id == patient.patient_id for visit in going)
    }
    staying_names = {_full_name(patient) for patient in account.patients if patient.patient_id in patients}
    texts = {visit.description for visit in going if not visit.sensitive} - harmless
    return sorted(texts | (names - staying_names - {own_name}))


def _full_name(patient: Patient) -> str:
    return f"{patient.first_name} {patient.last_name}".strip()
