"""What the second look reckons for each piece: what was decided when it was made, and why it must not leave now.

Nothing here reads or writes the ledger or the source, so that several processes may share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from statement_builder.archive import Archive, open_archive
from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.selection import Channel, Hold, Selection
from statement_builder.documents import Recipient, make_recipient
from statement_builder.ledger import Document, Shard
from statement_builder.pipeline.build_worker import BuildPlan, read_shard
from statement_builder.policy import decide, find_copy_holds, recheck
from statement_builder.stopwatch import Stopwatch


class Copied(Record, kw_only=True, array_like=True):
    """What a copy shows."""

    recipient: Recipient
    account_numbers: tuple[str, ...]
    episode_id: str


class Waiting(Record, kw_only=True, array_like=True):
    """A document that nobody has claimed yet, as far as it matters here, and what was decided when it was made."""

    document_id: str
    channel: Channel
    issued_on: date
    readdressed: bool
    selection: Selection | None
    """None where the settings have changed since and no longer select it, and of a copy."""
    copied: Copied | None


Packed = bytes
"""A `Waiting` as MessagePack: all of a batch wait at once, and so take a third of the room."""


class NoteTask(Record, kw_only=True):
    """Note what was decided on a shard's documents."""

    shard: Shard
    documents: tuple[Document, ...]


class LookTask(Record, kw_only=True):
    """Look at some guarantors again."""

    as_of: date
    found: tuple[tuple[bytes, tuple[Packed, ...]], ...]
    """Accounts as the source has them now, from `pack_account`, each with the pieces that wait for it."""


class Looked(Record, kw_only=True):
    """What came of a task."""

    notes: tuple[tuple[str, Packed], ...] = ()
    """Guarantor id and piece."""
    late: tuple[tuple[str, tuple[Hold, ...]], ...] = ()
    """Documents that must not leave, by their id, with all reasons."""
    spent_s: Mapping[str, float]
    """Processor time by stage; empty where it was counted with the caller's."""


pack_account: Callable[[GuarantorAccount], bytes] = msgspec.msgpack.Encoder().encode
_unpack_account = msgspec.msgpack.Decoder(GuarantorAccount).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Waiting).decode


def open_looker(plan: BuildPlan) -> Looker:
    """With an archive of its own, for a process of its own."""
    return Looker(plan, open_archive(plan.settings.archive))


class Looker:
    """Works off the tasks of a second look. `ArchiveError` for a damaged snapshot."""

    def __init__(self, plan: BuildPlan, archive: Archive, watch: Stopwatch | None = None) -> None:
        self._plan = plan
        self._archive = archive
        self._watch = watch
        self._own_watch = Stopwatch()

    def __call__(self, task: NoteTask | LookTask) -> Looked:
        with (self._watch or self._own_watch)("second look"):
            done = self._note(task) if isinstance(task, NoteTask) else self._look(task)
        return replace(done, spent_s=self._own_watch.take())

    def _note(self, task: NoteTask) -> Looked:
        documents = {each.guarantor_id: each for each in task.documents}
        notes = []
        for entry in read_shard(self._archive, task.shard):
            if isinstance(entry, GuarantorAccount) and (document := documents.get(entry.guarantor.guarantor_id)):
                notes.append((document.guarantor_id, _pack(self._waiting(entry, document))))
        return Looked(notes=tuple(notes), spent_s={})

    def _waiting(self, account: GuarantorAccount, document: Document) -> Waiting:
        """`account` is as it was pulled."""
        selection = copied = None
        if document.is_copy:
            recipient = make_recipient(account.guarantor)
            copied = Copied(recipient=recipient, account_numbers=document.accounts, episode_id=document.episode_id)
        else:
            policy = self._plan.settings.policy
            selection = decide(account, self._plan.batch.kind, policy, document.issued_on).selection
        return Waiting(
            document_id=document.document_id,
            channel=document.channel,
            issued_on=document.issued_on,
            readdressed=document.readdressed,
            selection=selection,
            copied=copied,
        )

    def _look(self, task: LookTask) -> Looked:
        late: list[tuple[str, tuple[Hold, ...]]] = []
        for account, pieces in task.found:
            late += self.late(_unpack_account(account), pieces, task.as_of)
        return Looked(late=tuple(late), spent_s={})

    def late(
        self, entry: GuarantorAccount | FaultyAccount | None, pieces: Sequence[Packed], as_of: date
    ) -> list[tuple[str, tuple[Hold, ...]]]:
        """Which of a guarantor's pieces must not leave. `entry` is what the source has now, None for nothing."""
        reasons = [(piece.document_id, self._reasons(entry, piece, as_of)) for piece in map(_unpack, pieces)]
        return [(document_id, holds) for document_id, holds in reasons if holds]

    def _reasons(self, entry: GuarantorAccount | FaultyAccount | None, piece: Waiting, as_of: date) -> tuple[Hold, ...]:
        policy, selection = self._plan.settings.policy, piece.selection
        if isinstance(entry, FaultyAccount):
            return (Hold(code="BADDATA"),)
        if piece.copied is not None:
            return self._reasons_of_copy(entry, piece, piece.copied, as_of)
        if selection is None:
            return (Hold(code="AMOUNT_CHANGED"),)
        # Refused or bounced e-mail is printed: then it is paper that has to be allowed.
        selection = replace(selection, channel=piece.channel)
        holds = recheck(entry, selection, policy, as_of=as_of, rendered_as_of=piece.issued_on)
        return tuple(hold for hold in holds if not (piece.readdressed and hold.code == "READDRESSED"))

    def _reasons_of_copy(
        self, account: GuarantorAccount | None, piece: Waiting, copied: Copied, as_of: date
    ) -> tuple[Hold, ...]:
        holds = find_copy_holds(
            account,
            self._plan.batch.kind,
            self._plan.settings.policy,
            as_of,
            account_numbers=copied.account_numbers,
            episode_id=copied.episode_id,
        )
        if account is None or piece.readdressed:
            return holds
        now, was = make_recipient(account.guarantor), copied.recipient
        return holds if (now.name, now.lines) == (was.name, was.lines) else (*holds, Hold(code="READDRESSED"))
