"""A copy of what was mailed, for a patient who asks for one: the archived pages, marked, on paper, counted as nothing.

The copy is a document of its own that names the original. It moves no clock and is in no figure of its cycle.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from statement_builder.billing.model import FaultyAccount
from statement_builder.billing.selection import Channel
from statement_builder.documents import make_recipient
from statement_builder.errors import ConfigError
from statement_builder.ledger import Document, DocumentState, NewDocument, replaced_by
from statement_builder.operations.reissues import (
    extra_id,
    hand_off_extra,
    keep_extra,
    next_revision,
    read_entry_now,
    shard_of,
)
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.recipients import read_recipients
from statement_builder.policy import HOLD_CODES, find_copy_holds
from statement_builder.rendering import make_copy, template_version

ANOTHER_AFTER = timedelta(days=1)
"""So long a second request is taken for the first one, made again after a crash."""


def reprint_document(context: AppContext, document_id: str, reason: str) -> str:
    """Make a copy of a document that was mailed, and hand it off; what was done, in a sentence.

    `ConfigError` where it makes no sense or a hold on file forbids it, and then nothing is made.
    """
    original = context.require_document(document_id)
    _require_mailed(context, original)
    with context.ledger.lock(original.batch_id, owner=context.actor, at=context.now()):
        copies = [each for each in context.ledger.documents.revisions(document_id) if each.revision_of == document_id]
        copies = [each for each in copies if each.is_copy]
        copy = next((each for each in copies if each.state is DocumentState.RENDERED), None)
        if copy is None:
            if latest := next(filter(lambda each: _is_recent(context, each), copies), None):
                return (
                    f"{latest.document_id}, a copy of {document_id}, was handed off less than a day ago; no other was "
                    "made."
                )
            copy = _make_copy(context, original, reason)
    return f"{copy.document_id} is a copy of {document_id}. {hand_off_extra(context, copy)}"


def _require_mailed(context: AppContext, original: Document) -> None:
    what = f"document {original.document_id}"
    if original.is_copy:
        raise ConfigError(f"{what} is a copy itself: reprint {original.revision_of}.")
    if original.state is DocumentState.RENDERED:
        raise ConfigError(
            f"{what} has not left yet, so there is nothing to copy: `statements show` says what it is at."
        )
    if original.state is not DocumentState.HANDED_OFF:
        raise ConfigError(f"{what} is {original.state}: it was never mailed, so there is nothing to copy.")
    if newer := replaced_by(context.ledger.documents.revisions(original.document_id), original.document_id):
        raise ConfigError(f"{what} was replaced by {newer}: reprint that one.")


def _is_recent(context: AppContext, copy: Document) -> bool:
    attempts = context.ledger.deliveries.for_document(copy.document_id)
    is_out = copy.state is DocumentState.HANDED_OFF and bool(attempts)
    return is_out and context.now() - attempts[-1].claimed_at < ANOTHER_AFTER


def _make_copy(context: AppContext, original: Document, reason: str) -> Document:
    batch = context.require_batch(original.batch_id)
    shard = shard_of(context, original)
    readdressed = _require_writable_to(context, original)
    revision = next_revision(context.ledger.documents.revisions(original.document_id))
    copy_id = extra_id(context, batch, original.guarantor_id, revision)
    made = make_copy(
        read_archived(context, original),
        document_id=copy_id,
        language=original.language,
        templates=context.templates,
    )
    own = {name: getattr(original, name) for name in NewDocument.__struct_fields__}
    new = replace(
        NewDocument(**own),
        document_id=copy_id,
        revision=revision,
        channel=Channel.PRINT,
        revision_of=original.document_id,
        is_copy=True,
    )
    return keep_extra(
        context,
        new,
        made,
        (shard.snapshot_key, shard.snapshot_sha256),
        batch_id=batch.batch_id,
        template_version=template_version(context.templates),
        readdressed=readdressed,
        why=reason,
    )


def _require_writable_to(context: AppContext, original: Document) -> bool:
    """Whether the copy goes to another name or address than the one on the page. ConfigError where it may not go."""
    batch = context.require_batch(original.batch_id)
    entry = read_entry_now(context, batch, original.guarantor_id)
    if isinstance(entry, FaultyAccount):
        raise ConfigError(
            f"guarantor {original.guarantor_id} has bad rows in the billing system, so nobody can say where to or "
            "whether to write. Mend them first."
        )
    holds = find_copy_holds(
        entry,
        batch.kind,
        context.settings.policy,
        context.today(),
        account_numbers=original.accounts,
        episode_id=original.episode_id,
    )
    if holds or entry is None:
        raise ConfigError(
            f"no copy of document {original.document_id} was made. "
            + " ".join(f"{hold.code}: {HOLD_CODES[hold.code].why} {HOLD_CODES[hold.code].what_to_do}" for hold in holds)
        )
    on_page = read_recipients(context.archive, shard_of(context, original), [original])[original.document_id]
    now = make_recipient(entry.guarantor)
    return (now.name, now.lines) != (on_page.name, on_page.lines)
