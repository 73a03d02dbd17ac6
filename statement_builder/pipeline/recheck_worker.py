"""The per-document work of the pre-mail recheck: what was decided at build time, and why it must not be mailed now.

Nothing here reads or writes the ledger or the source, so several processes can share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from statement_builder.archive import Archive, open_archive
from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.selection import Hold, Selection
from statement_builder.containment import contain
from statement_builder.documents import Recipient, make_recipient
from statement_builder.kinds import decide, find_reprint_holds, recheck
from statement_builder.ledger import Document, Shard
from statement_builder.pipeline.build_worker import BuildPlan, read_shard
from statement_builder.policy.recipient import recipient_digest
from statement_builder.stopwatch import Stopwatch


class CopyFacts(Record, kw_only=True, array_like=True):
    """The facts that a copy shows."""

    recipient: Recipient
    account_numbers: tuple[str, ...]
    episode_id: str


class PendingDocument(Record, kw_only=True, array_like=True):
    """An unclaimed document and the decision that was made when it was built."""

    document_id: str
    issued_on: date
    readdressed: bool
    selection: Selection | None
    """None for a copy, and when the settings have changed and no longer select the account."""
    copied: CopyFacts | None


PackedDocument = bytes
"""A `PendingDocument` as MessagePack. A whole batch is in memory at once, and this takes a third of the space."""


class LoadTask(Record, kw_only=True):
    """Recalculate what was decided for a shard's documents when they were built."""

    shard: Shard
    documents: tuple[Document, ...]
    fatal: tuple[str, ...] = ()
    """Document ids that ended every worker process. They cannot be rechecked."""


class RecheckTask(Record, kw_only=True):
    """Recheck some guarantors."""

    as_of: date
    accounts: tuple[tuple[bytes, tuple[PackedDocument, ...]], ...]
    """Accounts as the source has them now, from `pack_account`, each with its pending documents."""
    fatal: tuple[str, ...] = ()
    """As in `LoadTask`."""


class RecheckResult(Record, kw_only=True):
    """The result of a task."""

    documents: tuple[tuple[str, PackedDocument], ...] = ()
    """From a `LoadTask`: pending documents by guarantor id."""
    ineligible: tuple[tuple[str, tuple[Hold, ...]], ...] = ()
    """Documents that must not be mailed, by document id, with all reasons. From a `LoadTask`, those that failed."""
    spent_s: Mapping[str, float]
    """Seconds of processor time by stage; empty when the caller's stopwatch counted it."""


class RecheckHalving:
    """How `WorkerPool` finds the documents of a task that end its worker."""

    @staticmethod
    def count(task: LoadTask | RecheckTask) -> int:
        return len(task.documents if isinstance(task, LoadTask) else task.accounts)

    @staticmethod
    def part(task: LoadTask | RecheckTask, first: int, end: int) -> LoadTask | RecheckTask:
        if isinstance(task, LoadTask):
            return replace(task, documents=task.documents[first:end])
        return replace(task, accounts=task.accounts[first:end])

    @staticmethod
    def without(task: LoadTask | RecheckTask, fatal: Sequence[int]) -> LoadTask | RecheckTask:
        if isinstance(task, LoadTask):
            ids = tuple(task.documents[index].document_id for index in fatal)
            rest = tuple(each for index, each in enumerate(task.documents) if index not in fatal)
            return replace(task, documents=rest, fatal=ids)
        ids = tuple(_unpack(packed).document_id for index in fatal for packed in task.accounts[index][1])
        others = tuple(each for index, each in enumerate(task.accounts) if index not in fatal)
        return replace(task, accounts=others, fatal=ids)


RECHECK_FAILED = (Hold(code="RECHECK_FAILED"),)
"""Why a document is withheld whose own recheck failed: what is not checked is not mailed."""

pack_account: Callable[[GuarantorAccount], bytes] = msgspec.msgpack.Encoder().encode
_unpack_account = msgspec.msgpack.Decoder(GuarantorAccount).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(PendingDocument).decode


def open_recheck_worker(plan: BuildPlan) -> RecheckWorker:
    """A recheck worker with its own archive, for a worker process."""
    return RecheckWorker(plan, open_archive(plan.settings.archive))


class RecheckWorker:
    """Runs the tasks of a recheck. Raises `ArchiveError` for a damaged snapshot."""

    def __init__(self, plan: BuildPlan, archive: Archive, watch: Stopwatch | None = None) -> None:
        self._plan = plan
        self._archive = archive
        self._watch = watch
        self._own_watch = Stopwatch()

    def __call__(self, task: LoadTask | RecheckTask) -> RecheckResult:
        with (self._watch or self._own_watch)("recheck"):
            result = self._load(task) if isinstance(task, LoadTask) else self._recheck(task)
        fatal = tuple((document_id, RECHECK_FAILED) for document_id in task.fatal)
        return replace(result, ineligible=(*result.ineligible, *fatal), spent_s=self._own_watch.take())

    def _load(self, task: LoadTask) -> RecheckResult:
        documents = {each.guarantor_id: each for each in task.documents}
        pending: list[tuple[str, PackedDocument]] = []
        failed: list[tuple[str, tuple[Hold, ...]]] = []
        for entry in read_shard(self._archive, task.shard):
            if isinstance(entry, GuarantorAccount) and (document := documents.get(entry.guarantor.guarantor_id)):
                try:
                    pending.append((document.guarantor_id, _pack(self._to_pending(entry, document))))
                except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
                    contain(exc, "rechecking this document", document.document_id)
                    failed.append((document.document_id, RECHECK_FAILED))
        return RecheckResult(documents=tuple(pending), ineligible=tuple(failed), spent_s={})

    def _to_pending(self, account: GuarantorAccount, document: Document) -> PendingDocument:
        """`account` is as it was pulled."""
        selection = copied = None
        if document.is_copy:
            recipient = make_recipient(account.guarantor)
            copied = CopyFacts(recipient=recipient, account_numbers=document.accounts, episode_id=document.episode_id)
        else:
            policy = self._plan.settings.policy
            selection = decide(account, self._plan.batch.kind, policy, document.issued_on).selection
            if selection is not None and selection.channel is not document.channel:
                # A refused, bounced, or unread e-mail is printed, so the rules for paper apply.
                digest = recipient_digest(account.guarantor, document.channel)
                selection = replace(selection, channel=document.channel, recipient_digest=digest)
        return PendingDocument(
            document_id=document.document_id,
            issued_on=document.issued_on,
            readdressed=document.readdressed,
            selection=selection,
            copied=copied,
        )

    def _recheck(self, task: RecheckTask) -> RecheckResult:
        ineligible: list[tuple[str, tuple[Hold, ...]]] = []
        for account, documents in task.accounts:
            try:
                entry = _unpack_account(account)
            except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
                ineligible += fail_all(documents, exc)
            else:
                ineligible += self.find_ineligible(entry, documents, task.as_of)
        return RecheckResult(ineligible=tuple(ineligible), spent_s={})

    def find_ineligible(
        self, entry: GuarantorAccount | FaultyAccount | None, documents: Sequence[PackedDocument], as_of: date
    ) -> list[tuple[str, tuple[Hold, ...]]]:
        """The ids of a guarantor's documents that must not be mailed, with the reasons.

        `entry` is what the source has now; None means that it has nothing on file.
        """
        reasons = [(each.document_id, self._try_find_holds(entry, each, as_of)) for each in map(_unpack, documents)]
        return [(document_id, holds) for document_id, holds in reasons if holds]

    def _try_find_holds(
        self, entry: GuarantorAccount | FaultyAccount | None, document: PendingDocument, as_of: date
    ) -> tuple[Hold, ...]:
        try:
            return self._find_holds(entry, document, as_of)
        except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
            contain(exc, "rechecking this document", document.document_id)
            return RECHECK_FAILED

    def _find_holds(
        self, entry: GuarantorAccount | FaultyAccount | None, document: PendingDocument, as_of: date
    ) -> tuple[Hold, ...]:
        policy, selection = self._plan.settings.policy, document.selection
        if isinstance(entry, FaultyAccount):
            return (Hold(code="BADDATA"),)
        if document.copied is not None:
            return self._find_copy_holds(entry, document, document.copied, as_of)
        if selection is None:
            return (Hold(code="AMOUNT_CHANGED"),)
        holds = recheck(entry, selection, policy, as_of=as_of, rendered_as_of=document.issued_on)
        return tuple(hold for hold in holds if not (document.readdressed and hold.code == "READDRESSED"))

    def _find_copy_holds(
        self, account: GuarantorAccount | None, document: PendingDocument, copied: CopyFacts, as_of: date
    ) -> tuple[Hold, ...]:
        holds = find_reprint_holds(
            account,
            self._plan.batch.kind,
            self._plan.settings.policy,
            as_of,
            account_numbers=copied.account_numbers,
            episode_id=copied.episode_id,
        )
        if account is None or document.readdressed:
            return holds
        now, then = make_recipient(account.guarantor), copied.recipient
        return holds if (now.name, now.lines) == (then.name, then.lines) else (*holds, Hold(code="READDRESSED"))


def fail_all(documents: Sequence[PackedDocument], error: Exception) -> list[tuple[str, tuple[Hold, ...]]]:
    """Withhold all documents of an account that cannot be rechecked."""
    ids = [_unpack(document).document_id for document in documents]
    for document_id in ids:
        contain(error, "rechecking this document", document_id)
    return [(document_id, RECHECK_FAILED) for document_id in ids]
