"""Reprint: mail a patient a copy of a document that was mailed before. The archived pages, marked COPY, on paper.

The copy is a document of its own that names the original. It moves no dunning clock and counts in no figure of its
cycle.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from statement_builder.billing.identifiers import describe_recipient
from statement_builder.billing.model import FaultyAccount
from statement_builder.billing.selection import Channel
from statement_builder.documents import make_recipient
from statement_builder.errors import ConfigError
from statement_builder.kinds import find_reprint_holds
from statement_builder.ledger import Batch, Document, DocumentState, NewDocument, replaced_by
from statement_builder.operations.reissue.reissues import (
    hand_off_reissue,
    next_revision,
    record_reissue,
    reissue_id,
    shard_of,
)
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.preconditions import require_delivery
from statement_builder.pipeline.pull.candidates import find_recipient
from statement_builder.pipeline.recipients import read_recipients
from statement_builder.policy import describe_hold
from statement_builder.rendering import fingerprint_templates, make_copy

DUPLICATE_REQUEST_WINDOW = timedelta(days=1)
"""A second request within this time counts as the first one repeated after a crash."""


def reprint_document(context: AppContext, document: Document, reason: str) -> str:
    """Make a copy of a mailed document and hand it off. Returns a sentence that says what happened.

    `ConfigError` if the document was never mailed or a hold forbids the copy; nothing is made then.
    """
    require_delivery(context)
    document_id = document.document_id
    _require_mailed(context, document)
    with context.ledger.lock(document.batch_id, owner=context.actor, at=context.now()):
        family = context.ledger.documents.revisions(document_id)
        copies = [each for each in family if each.revision_of == document_id and each.is_copy]
        copy = next((each for each in copies if each.state is DocumentState.RENDERED), None)
        if copy is None:
            if recent := next(filter(lambda each: _is_recent(context, each), copies), None):
                return (
                    f"{recent.document_id}, a copy of {document_id}, was handed off less than a day ago; no second "
                    "copy was made."
                )
            copy = _make_copy(context, context.require_batch(document.batch_id), document, reason)
    return f"{copy.document_id} is a copy of {document_id}. {hand_off_reissue(context, copy)}"


def _require_mailed(context: AppContext, original: Document) -> None:
    what = f"document {original.document_id}"
    if original.is_copy:
        raise ConfigError(f"{what} is itself a copy: reprint {original.revision_of}.")
    if original.state is DocumentState.RENDERED:
        raise ConfigError(
            f"{what} is not handed off yet, so there is nothing to copy: `statements show {original.batch_id}` has its "
            "state."
        )
    if original.state is not DocumentState.HANDED_OFF:
        raise ConfigError(f"{what} is {original.state}: it was never mailed, so there is nothing to copy.")
    if newer := replaced_by(context.ledger.documents.revisions(original.document_id), original.document_id):
        raise ConfigError(f"{what} was replaced by {newer}: reprint that one.")


def _is_recent(context: AppContext, copy: Document) -> bool:
    attempts = context.ledger.deliveries.for_document(copy.document_id)
    was_handed_off = copy.state is DocumentState.HANDED_OFF and bool(attempts)
    return was_handed_off and context.now() - attempts[-1].claimed_at < DUPLICATE_REQUEST_WINDOW


def _make_copy(context: AppContext, batch: Batch, original: Document, reason: str) -> Document:
    shard = shard_of(context, original)
    readdressed = _require_mailable(context, batch, original)
    revision = next_revision(context.ledger.documents.revisions(original.document_id))
    copy_id = reissue_id(context, batch, original.guarantor_id, revision)
    rendered = make_copy(
        read_archived(context, original),
        document_id=copy_id,
        language=original.language,
        templates=context.templates,
    )
    fields = {name: getattr(original, name) for name in NewDocument.__struct_fields__}
    new = replace(
        NewDocument(**fields),
        document_id=copy_id,
        revision=revision,
        channel=Channel.PRINT,
        revision_of=original.document_id,
        is_copy=True,
    )
    return record_reissue(
        context,
        batch,
        new,
        rendered,
        (shard.snapshot_key, shard.snapshot_sha256),
        template_version=fingerprint_templates(context.templates),
        readdressed=readdressed,
        why=reason,
    )


def _require_mailable(context: AppContext, batch: Batch, original: Document) -> bool:
    """Whether the copy goes to another name or address than the original. `ConfigError` if a hold forbids the copy."""
    entry = find_recipient(context, batch, original.guarantor_id, for_copy=True)
    if isinstance(entry, FaultyAccount):
        raise ConfigError(
            f"{describe_recipient(original.guarantor_id)} has bad rows in the billing system, so the copy's address is "
            "unknown. Fix the rows first."
        )
    holds = find_reprint_holds(
        entry,
        batch.kind,
        context.settings.policy,
        context.today(),
        account_numbers=original.accounts,
        episode_id=original.episode_id,
    )
    if holds or entry is None:
        texts = [describe_hold(hold.code, context.settings.policy) for hold in holds]
        raise ConfigError(
            f"no copy of document {original.document_id} was made. "
            + " ".join(f"{text.code}: {text.why} {text.what_to_do}" for text in texts)
        )
    on_page = read_recipients(context.archive, shard_of(context, original), [original])[original.document_id]
    now = make_recipient(entry.guarantor)
    return (now.name, now.lines) != (on_page.name, on_page.lines)
