"""Correct a document: replace it with what the billing system says today, under the same rules.

The correction names the document that it replaces. If the original was not handed off, it is void. If it was, the two
count as one mailing for every dunning clock, and later reports about the original start nothing.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from msgspec.structs import replace

from statement_builder.actor import is_same_user
from statement_builder.archive import write_snapshot
from statement_builder.billing.identifiers import describe_recipient
from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.plans import plan_of_cause
from statement_builder.billing.selection import Kind, Selection
from statement_builder.documents import CompositionError, Content
from statement_builder.errors import ConfigError
from statement_builder.kinds import compose, decide
from statement_builder.ledger import Batch, BatchState, DeliveryState, Document, DocumentState, NewDocument, replaced_by
from statement_builder.operations.reissue.correction_changes import list_changes, replaced_document
from statement_builder.operations.reissue.reissues import (
    hand_off_reissue,
    next_revision,
    record_reissue,
    reissue_id,
)
from statement_builder.pipeline.build_worker import check_page_limit, envelope_windows, printed_terms
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.page_notes import Notes, read_page_notes
from statement_builder.pipeline.payment_codes import payment_check
from statement_builder.pipeline.preconditions import require_delivery
from statement_builder.pipeline.pull.candidates import find_recipient
from statement_builder.policy import describe_hold
from statement_builder.rendering import ForeignIds, PlainEngine, Rendered, VerifiedRenderer, fingerprint_templates

_BEFORE_BUILT = frozenset({BatchState.OPEN, BatchState.PULLED})
_BEFORE_RELEASE = frozenset({BatchState.BUILT, BatchState.WAITING, BatchState.RELEASED})
_UNDECIDED = frozenset({DeliveryState.CLAIMED, DeliveryState.COMMITTING, DeliveryState.UNCERTAIN})


class CorrectionPreview(Record, kw_only=True):
    """A correction as it would be made now."""

    changes: tuple[str, ...]
    """What it changes, in words for an operator."""
    pdf: bytes
    """Its verified pages."""


class _Prepared(NamedTuple):
    account: GuarantorAccount
    selection: Selection
    revision: int
    content: Content
    changes: tuple[str, ...]
    rendered: Rendered


def correct_document(context: AppContext, document: Document, reason: str, *, seen: str = "") -> str:
    """Replace a document with a corrected one. Returns a sentence that says what happened.

    The correction is handed off at once, or with its batch if that is not released yet. `seen` is the SHA-256 of the
    preview that the person decided on, if there was one. `ConfigError` if the document cannot be corrected, the rules
    hold it now, or its correction is not what was seen; nothing is made or voided then.
    """
    require_delivery(context)
    document_id = document.document_id
    with context.ledger.lock(document.batch_id, owner=context.actor, at=context.now()):
        batch, original = context.require_batch(document.batch_id), context.require_document(document_id)
        family = {each.document_id: each for each in context.ledger.documents.revisions(document_id)}
        correction = family.get(replaced_by(family.values(), document_id))
        changes: tuple[str, ...] = ()
        if correction is None:
            _require_correctable(batch, original)
            correction, changes = _make_correction(context, batch, original, reason, seen)
        elif correction.state is DocumentState.HANDED_OFF:
            return (
                f"{correction.document_id} already replaces {document_id} and was handed off; nothing else was made. "
                f"If that one is wrong, correct it: statements correct {correction.document_id}"
            )
    outcome = "superseded" if original.state is DocumentState.HANDED_OFF else "void"
    changed = f" It changes {' and '.join(changes)}." if changes else ""
    done = f"{correction.document_id} replaces {document_id}, which is {outcome}.{changed}"
    if batch.state in _BEFORE_RELEASE:
        return f"{done} It goes out with {batch.batch_id}, which is not handed off yet."
    return f"{done} {hand_off_reissue(context, correction)}"


def _require_correctable(batch: Batch, original: Document) -> None:
    what = f"document {original.document_id}"
    if original.is_copy:
        raise ConfigError(f"{what} is a copy: correct {original.revision_of}.")
    if original.state is DocumentState.ERROR:
        raise ConfigError(f"{what} was never made: fix the cause, then run `statements rerun {batch.batch_id}`.")
    if original.state is DocumentState.WITHHELD:
        raise ConfigError(
            f"{what} is already withheld, so there is nothing to replace: the next batch decides again. "
            f"`statements holds {batch.batch_id}` lists the reasons."
        )
    if batch.state in _BEFORE_BUILT:
        raise ConfigError(f"batch {batch.batch_id} is not built yet: run `statements rerun {batch.batch_id}` first.")
    if original.delivery_state in _UNDECIDED:
        raise ConfigError(
            f"{what} is {original.delivery_state}: first find out whether it was sent. "
            f"`statements rerun {batch.batch_id}` asks the vendor; if the vendor cannot say, "
            f"`statements show {batch.batch_id}` has the evidence."
        )


def preview_correction(context: AppContext, document: Document) -> CorrectionPreview:
    """What `correct_document` would print and change. Makes and records nothing.

    `ConfigError` as `correct_document`, also if a correction of the document exists.
    """
    batch, original = context.require_batch(document.batch_id), context.require_document(document.document_id)
    if newer := replaced_by(context.ledger.documents.revisions(original.document_id), original.document_id):
        raise ConfigError(f"document {original.document_id} was replaced by {newer}: correct that one.")
    _require_correctable(batch, original)
    prepared = _prepare_correction(context, batch, original)
    return CorrectionPreview(changes=prepared.changes, pdf=prepared.rendered.pdf)


def _prepare_correction(context: AppContext, batch: Batch, original: Document) -> _Prepared:
    """The correction, rendered and verified, but recorded nowhere."""
    account, selection = _decide_again(context, batch, original)
    _require_second_user(context, batch, selection)
    revision = next_revision(context.ledger.documents.revisions(original.document_id))
    content = _compose(context, batch, account, selection, original, revision=revision)
    changes = list_changes(context, batch, original, content)
    if not changes:
        raise ConfigError(
            f"no correction of document {original.document_id} was made: it would print the same amount, lines, name, "
            "address, and words. If the billing system is wrong, correct it there first. To send the same page again: "
            f"statements resend {original.document_id} (or reprint)."
        )
    rendered = _render(context, account, content, original)
    return _Prepared(account, selection, revision, content, changes, rendered)


def _make_correction(
    context: AppContext, batch: Batch, original: Document, reason: str, seen: str
) -> tuple[Document, tuple[str, ...]]:
    """The correction, and what it changes."""
    account, selection, revision, content, changes, rendered = _prepare_correction(context, batch, original)
    if seen and seen != hashlib.sha256(rendered.pdf).hexdigest():
        raise ConfigError(
            f"no correction of document {original.document_id} was made: it would print something else than the "
            "preview now, since the account or the date has changed. Look at the preview again."
        )
    snapshot = write_snapshot([account])
    sha256 = hashlib.sha256(snapshot).hexdigest()
    key = f"snapshots/{batch.batch_id}/corrections/{sha256}.jsonl.gz"
    context.archive.put(key, snapshot, sha256=sha256)
    new = NewDocument(
        document_id=content.document_id,
        guarantor_id=content.guarantor_id,
        kind=content.kind,
        revision=revision,
        level=content.level,
        channel=content.channel,
        language=content.language,
        accounts=content.account_numbers,
        requests=selection.requests,
        episode_id=selection.episode_id,
        cause_id=selection.cause_id,
        amount_cents=content.amount_cents,
        issued_on=content.issued_on,
        due_on=selection.due_on,
        state=DocumentState.RENDERED,
        postal_key=account.guarantor.mailing_address.postal_code,
        revision_of=original.document_id,
    )
    correction = record_reissue(
        context,
        batch,
        replace(new, **_find_notes(context, account, selection).codes),
        rendered,
        (key, sha256),
        template_version=fingerprint_templates(context.templates),
        readdressed=False,
        why=reason,
    )
    return correction, changes


def _decide_again(context: AppContext, batch: Batch, original: Document) -> tuple[GuarantorAccount, Selection]:
    """What the rules select today, as if the original had not been mailed. `ConfigError` if they hold it."""
    not_made = f"no correction of document {original.document_id} was made"
    guarantor_id = original.guarantor_id
    entry = find_recipient(context, batch, guarantor_id, replaced=frozenset([guarantor_id]))
    if entry is None:
        raise ConfigError(f"{not_made}: {describe_recipient(guarantor_id)} is no longer in the billing system.")
    if isinstance(entry, FaultyAccount):
        faults = " ".join(f"{fault.code}: {fault.message} {fault.fix}" for fault in entry.faults)
        raise ConfigError(
            f"{not_made}: {describe_recipient(guarantor_id)} has bad rows in the billing system. {faults}"
        )
    decision = decide(entry, batch.kind, context.settings.policy, context.today())
    if decision.selection is None:
        codes = dict.fromkeys(hold.code for hold in decision.holds)
        texts = [describe_hold(code, context.settings.policy) for code in codes]
        holds = [f"{text.code}: {text.why} {text.what_to_do}" for text in texts]
        faults_now = [f"{fault.code}: {fault.message} {fault.fix}" for fault in decision.faults]
        raise ConfigError(f"{not_made}: the rules hold it now. {' '.join((*holds, *faults_now))}")
    if other := _find_other_subject(batch.kind, original, decision.selection):
        raise ConfigError(
            f"{not_made}: the rules now select a document about another {other}. The next batch makes that one. To "
            f"send the same page again: `statements resend {original.document_id}` (or reprint)."
        )
    return entry, decision.selection


def _find_other_subject(kind: Kind, original: Document, selection: Selection) -> str:
    """What a document about one visit, plan, event or pregnancy would be about instead, such as "visit". Empty: the
    same."""
    if original.episode_id != selection.episode_id:
        return "pregnancy"
    if original.cause_id and plan_of_cause(original.cause_id) != plan_of_cause(selection.cause_id):
        return "plan" if kind.family == "plan" else "event"
    is_about_visits = kind.traits.is_asked_for or (bool(original.cause_id) and bool(original.accounts))
    return "visit" if is_about_visits and not {*original.accounts} & {*selection.account_numbers} else ""


def _require_second_user(context: AppContext, batch: Batch, selection: Selection) -> None:
    """Apply the batch's release policy here, because a correction does not pass the batch's gates."""
    release = context.settings.release
    is_final_notice = selection.level >= release.dual_control_level_min
    is_large = selection.amount_cents > release.amount_max_cents
    needs_second_user = is_final_notice or is_large or release.by(batch.kind) == "dual-control"
    if needs_second_user and is_same_user(context.actor, batch.opened_by):
        raise ConfigError(
            f"a correction of this kind, level or amount requires a user other than {batch.opened_by}, who opened "
            f"batch {batch.batch_id} (settings: release). Ask a colleague to run it."
        )


def _find_notes(context: AppContext, account: GuarantorAccount, selection: Selection) -> Notes:
    notes = read_page_notes(context.settings, context.facility, context.environ)
    return notes.of(account, selection, context.today())


def _compose(
    context: AppContext,
    batch: Batch,
    account: GuarantorAccount,
    selection: Selection,
    original: Document,
    *,
    revision: int,
) -> Content:
    """The content of the correction. `ConfigError` if it cannot be printed."""
    notes = _find_notes(context, account, selection)
    try:
        content = compose(
            account,
            selection,
            context.facility,
            terms=printed_terms(context.settings.policy, context.facility),
            batch_cycle=batch.cycle,
            issued_on=context.today(),
            payment_check=payment_check(context.payment_keys()),
            revision=revision,
            message=notes.message,
            enrollment_code=notes.enrollment_code,
            replaces=replaced_document(original),
        )
    except CompositionError as exc:
        raise ConfigError(f"no correction of document {original.document_id} was made. {exc}") from exc
    assert content.document_id == reissue_id(context, batch, account.guarantor.guarantor_id, revision)
    return content


def _render(context: AppContext, account: GuarantorAccount, content: Content, original: Document) -> Rendered:
    """The verified pages. `ConfigError` if they cannot be made."""
    profile = context.profile()
    own_accounts = frozenset(encounter.account_number for encounter in account.encounters)
    renderer = VerifiedRenderer(PlainEngine(context.templates), context.templates, envelope_windows(profile))
    outcomes = renderer.render_all([content], ForeignIds(accounts_by_guarantor={content.guarantor_id: own_accounts}))
    outcome = check_page_limit(outcomes[0], profile.pages_max)
    if not isinstance(outcome, Rendered):
        raise ConfigError(f"no correction of document {original.document_id} was made. {outcome}")
    return outcome
