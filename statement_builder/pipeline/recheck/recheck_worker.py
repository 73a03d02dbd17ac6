"""The per-document work of the pre-mail recheck: what was decided at build time, and why it must not be mailed now.

Nothing here reads or writes the ledger or the source, so several processes can share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from statement_builder.archive import Archive, open_archive
from statement_builder.billing.dates import PAPER_DAYS, add_business_days
from statement_builder.billing.model import GuarantorAccount, Record
from statement_builder.billing.selection import Channel, Hold
from statement_builder.containment import contain
from statement_builder.documents import make_recipient
from statement_builder.kinds import decide, find_passed_dates, find_reprint_holds, recheck
from statement_builder.ledger import Document, Shard
from statement_builder.pipeline.build_worker import BuildPlan, printed_terms, read_shard
from statement_builder.policy.due_dates import last_day_to_open
from statement_builder.policy.recipient import recipient_digest
from statement_builder.stopwatch import Spent, Stopwatch


class RecheckTask(Record, kw_only=True):
    """Recheck documents of one shard."""

    as_of: date
    shard: Shard
    items: tuple[tuple[Document, bytes | None], ...]
    """Documents of the shard, each with its recipient's account as the source has it now, from `pack_account`; None if
    the source has nothing on file."""
    fatal: tuple[str, ...] = ()
    """Document ids that ended every worker process. They cannot be rechecked."""


class RecheckResult(Record, kw_only=True):
    """The result of a task."""

    ineligible: tuple[tuple[str, tuple[Hold, ...]], ...]
    """Documents that must not be mailed, by document id, with all reasons."""
    spent: Mapping[str, Spent]
    """Time by stage; empty when the caller's stopwatch counted it."""


class RecheckHalving:
    """How `WorkerPool` finds the documents of a task that end its worker."""

    @staticmethod
    def count(task: RecheckTask) -> int:
        return len(task.items)

    @staticmethod
    def part(task: RecheckTask, first: int, end: int) -> RecheckTask:
        return replace(task, items=task.items[first:end])

    @staticmethod
    def without(task: RecheckTask, fatal: Sequence[int]) -> RecheckTask:
        ids = tuple(task.items[index][0].document_id for index in fatal)
        rest = tuple(each for index, each in enumerate(task.items) if index not in fatal)
        return replace(task, items=rest, fatal=ids)


RECHECK_FAILED = (Hold(code="RECHECK_FAILED"),)
"""Why a document is withheld whose own recheck failed: what is not checked is not mailed."""

pack_account: Callable[[GuarantorAccount], bytes] = msgspec.msgpack.Encoder().encode
_unpack_account = msgspec.msgpack.Decoder(GuarantorAccount).decode


def open_recheck_worker(plan: BuildPlan) -> RecheckWorker:
    """A recheck worker with its own archive, for a worker process."""
    return RecheckWorker(plan, open_archive(plan.settings.archive))


class RecheckWorker:
    """Runs the tasks of a recheck. Raises `ArchiveError` for a damaged snapshot."""

    def __init__(self, plan: BuildPlan, archive: Archive, watch: Stopwatch | None = None) -> None:
        self._plan = plan
        self._terms = printed_terms(plan.settings.policy, plan.facility)
        self._archive = archive
        self._watch = watch
        self._own_watch = Stopwatch()

    def __call__(self, task: RecheckTask) -> RecheckResult:
        with (self._watch or self._own_watch)("recheck"):
            checked = [*self._recheck(task)]
        holds = dict(checked)
        missing = [each.document_id for each, _ in task.items if each.document_id not in holds]
        failed = [(document_id, RECHECK_FAILED) for document_id in (*missing, *task.fatal)]
        ineligible = (*((document_id, found) for document_id, found in checked if found), *failed)
        return RecheckResult(ineligible=ineligible, spent=self._own_watch.take())

    def _recheck(self, task: RecheckTask) -> Iterator[tuple[str, tuple[Hold, ...]]]:
        """Each document of the task that is in the shard's snapshot, with the reasons against it."""
        by_recipient = {document.guarantor_id: (document, now) for document, now in task.items}
        for then in read_shard(self._archive, task.shard):
            item = by_recipient.get(then.guarantor.guarantor_id) if isinstance(then, GuarantorAccount) else None
            if item is None:
                continue
            assert isinstance(then, GuarantorAccount)
            document, packed = item
            try:
                now = None if packed is None else _unpack_account(packed)
                yield document.document_id, self._find_holds(then, now, document, task.as_of)
            except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
                contain(exc, "rechecking this document", document.document_id)
                yield document.document_id, RECHECK_FAILED

    def _find_holds(
        self, then: GuarantorAccount, now: GuarantorAccount | None, document: Document, as_of: date
    ) -> tuple[Hold, ...]:
        """`then` is the account as it was pulled, `now` as the source has it."""
        if document.is_copy:
            return self._find_copy_holds(then, now, document, as_of)
        policy = self._plan.settings.policy
        selection = decide(then, self._plan.batch.kind, policy, document.issued_on).selection
        if selection is None:  # the settings have changed
            return (Hold(code="AMOUNT_CHANGED"),)
        if selection.channel is not document.channel:
            # A refused, bounced, or unread e-mail is printed, so the rules for paper apply.
            digest = recipient_digest(then.guarantor, document.channel)
            selection = replace(selection, channel=document.channel, recipient_digest=digest)
        issued_on, mailed_by = document.issued_on, self._mailed_by(document, as_of)
        holds = recheck(now, selection, policy, as_of=as_of, rendered_as_of=issued_on, mailed_by=mailed_by)
        if as_of > issued_on:  # on the day of rendering, no page has a date so near
            holds = (*holds, *find_passed_dates(then, selection, self._terms, issued_on, mailed_by))
        found = dict.fromkeys(holds)
        return tuple(hold for hold in found if not (document.readdressed and hold.code == "READDRESSED"))

    def _mailed_by(self, document: Document, as_of: date) -> date:
        """The last day on which what is handed off today is expected to enter the mail.

        An e-mail is there at once. But if paper was to follow one that nobody opens, there must still be time for it.
        """
        mail = self._plan.settings.mail
        if document.channel is not Channel.EMAIL:
            return add_business_days(as_of, mail.mailed_deadline_business_days)
        if last_day_to_open(document.issued_on, mail.unread_email_days, document.due_on) is None:
            return as_of
        return as_of + timedelta(days=PAPER_DAYS + 1)

    def _find_copy_holds(
        self, then: GuarantorAccount, now: GuarantorAccount | None, document: Document, as_of: date
    ) -> tuple[Hold, ...]:
        holds = find_reprint_holds(
            now,
            self._plan.batch.kind,
            self._plan.settings.policy,
            as_of,
            account_numbers=document.accounts,
            episode_id=document.episode_id,
        )
        if now is None or document.readdressed:
            return holds
        here, there = make_recipient(now.guarantor), make_recipient(then.guarantor)
        moved = (here.name, here.lines) != (there.name, there.lines)
        return (*holds, Hold(code="READDRESSED")) if moved else holds
