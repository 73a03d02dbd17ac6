"""A corrected document in place of one that was wrong: what the billing system says today, under the same rules.

The correction says on its face what it replaces. The earlier document is void where it has not left; where it has, the
two are one mailing for every clock, and what comes back of the earlier one starts nothing any more.
"""

from __future__ import annotations

import hashlib

from mail_house.profiles import Profile
from statement_builder.archive import write_snapshot
from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Selection
from statement_builder.documents import CompositionError, Content, Replaced, compose
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState, DeliveryState, Document, DocumentState, NewDocument, replaced_by
from statement_builder.operations.reissues import extra_id, hand_off_extra, keep_extra, next_revision, read_entry_now
from statement_builder.operations.release import same_person
from statement_builder.pipeline.build_worker import check_page_limit, envelope_windows, printed_terms
from statement_builder.pipeline.context import AppContext
from statement_builder.policy import HOLD_CODES, decide
from statement_builder.rendering import ForeignIds, PlainEngine, Press, Rendered, template_version

_BEFORE_BUILT = frozenset({BatchState.OPEN, BatchState.PULLED})
_BEFORE_RELEASE = frozenset({BatchState.BUILT, BatchState.WAITING, BatchState.RELEASED})
_IN_HAND = frozenset({DeliveryState.CLAIMED, DeliveryState.COMMITTING, DeliveryState.UNCERTAIN})


def correct_document(context: AppContext, document_id: str, reason: str) -> str:
    """Make a corrected document in place of this one and hand it off, with its batch where that has not left; what was
    done, in a sentence.

    `ConfigError` where it makes no sense, or the rules hold it now, and then nothing is made and nothing is void.
    """
    batch_id = context.require_document(document_id).batch_id
    with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
        batch, original = context.require_batch(batch_id), context.require_document(document_id)
        family = {each.document_id: each for each in context.ledger.documents.revisions(document_id)}
        correction = family.get(replaced_by(family.values(), document_id))
        if correction is None:
            _require_correctable(batch, original)
            correction = _make_correction(context, batch, original, reason)
        elif correction.state is DocumentState.HANDED_OFF:
            return (
                f"{correction.document_id} replaces {document_id} and has left already; nothing else was made. Should "
                f"that one be wrong, correct it: statements correct {correction.document_id}"
            )
    done = f"{correction.document_id} replaces {document_id}, which is {_what_became(original)}."
    if batch.state in _BEFORE_RELEASE:
        return f"{done} It goes out with {batch_id}, which has not left yet."
    return f"{done} {hand_off_extra(context, correction)}"


def _what_became(original: Document) -> str:
    return "superseded" if original.state is DocumentState.HANDED_OFF else "void"


def _require_correctable(batch: Batch, original: Document) -> None:
    what = f"document {original.document_id}"
    if original.is_copy:
        raise ConfigError(f"{what} is a copy: correct {original.revision_of}.")
    if original.state is DocumentState.ERROR:
        raise ConfigError(f"{what} was never made: mend what is wrong, then `statements rerun {batch.batch_id}`.")
    if original.state is DocumentState.WITHHELD:
        raise ConfigError(
            f"{what} is held back already, so there is nothing to replace: the next batch decides anew. "
            f"`statements holds {batch.batch_id}` says why."
        )
    if batch.state in _BEFORE_BUILT:
        raise ConfigError(f"batch {batch.batch_id} is being built: `statements rerun {batch.batch_id}` first.")
    if original.delivery_state in _IN_HAND:
        raise ConfigError(
            f"{what} is {original.delivery_state}: whether it left has to be known first. `statements rerun "
            f"{batch.batch_id}` asks; `statements show {batch.batch_id}` has the evidence where nobody can be asked."
        )


def _make_correction(context: AppContext, batch: Batch, original: Document, reason: str) -> Document:
    account, selection = _decide_anew(context, batch, original)
    _require_another_person(context, batch, selection)
    revision = next_revision(context.ledger.documents.revisions(original.document_id))
    made, content = _render(context, batch, account, selection, original, revision=revision)
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
        episode_id=selection.episode_id,
        amount_cents=content.amount_cents,
        issued_on=content.issued_on,
        state=DocumentState.RENDERED,
        postal_key=account.guarantor.mailing_address.postal_code,
        revision_of=original.document_id,
    )
    return keep_extra(
        context,
        new,
        made,
        (key, sha256),
        batch_id=batch.batch_id,
        template_version=template_version(context.templates),
        readdressed=False,
        why=reason,
    )


def _decide_anew(context: AppContext, batch: Batch, original: Document) -> tuple[GuarantorAccount, Selection]:
    """What the rules say today, as if the earlier document had not been mailed. ConfigError when they hold it."""
    nothing = f"no correction of document {original.document_id} was made"
    guarantor_id = original.guarantor_id
    entry = read_entry_now(context, batch, guarantor_id, replaced=frozenset([guarantor_id]))
    if entry is None:
        raise ConfigError(f"{nothing}: guarantor {guarantor_id} is not in the billing system any more.")
    if isinstance(entry, FaultyAccount):
        faults = " ".join(f"{fault.code}: {fault.message} {fault.fix}" for fault in entry.faults)
        raise ConfigError(f"{nothing}: guarantor {guarantor_id} has bad rows in the billing system. {faults}")
    decision = decide(entry, batch.kind, context.settings.policy, context.today())
    if decision.selection is None:
        codes = dict.fromkeys(hold.code for hold in decision.holds)
        held = [f"{code}: {HOLD_CODES[code].why} {HOLD_CODES[code].what_to_do}" for code in codes]
        amiss = [f"{fault.code}: {fault.message} {fault.fix}" for fault in decision.faults]
        raise ConfigError(f"{nothing}: the rules hold it now. {' '.join((*held, *amiss))}")
    return entry, decision.selection


def _require_another_person(context: AppContext, batch: Batch, selection: Selection) -> None:
    """A correction does not go through its batch's gates: what they would ask of it is asked here."""
    release = context.settings.release
    sharp = selection.level >= release.dual_control_level_min
    large = selection.amount_cents > release.amount_max_cents
    wanted = sharp or large or release.by(batch.kind) == "dual-control"
    if wanted and same_person(context.actor, batch.opened_by):
        raise ConfigError(
            f"a correction of this kind, level or amount wants somebody other than {batch.opened_by}, who opened batch "
            f"{batch.batch_id} (settings: release). Ask a colleague to run it."
        )


def _render(
    context: AppContext,
    batch: Batch,
    account: GuarantorAccount,
    selection: Selection,
    original: Document,
    *,
    revision: int,
) -> tuple[Rendered, Content]:
    """The finished pages, read back. ConfigError where they cannot be made."""
    profile: Profile = context.profile()
    try:
        content = compose(
            account,
            selection,
            context.facility,
            terms=printed_terms(context.settings.policy),
            batch_cycle=batch.cycle,
            issued_on=context.today(),
            revision=revision,
            replaces=Replaced(document_id=original.document_id, issued_on=original.issued_on),
        )
    except CompositionError as exc:
        raise ConfigError(f"no correction of document {original.document_id} was made. {exc}") from exc
    assert content.document_id == extra_id(context, batch, account.guarantor.guarantor_id, revision)
    own = frozenset(encounter.account_number for encounter in account.encounters)
    press = Press(PlainEngine(context.templates), context.templates, envelope_windows(profile))
    printed = press.print_all([content], ForeignIds(accounts_by_guarantor={content.guarantor_id: own}))
    made = check_page_limit(printed[0], profile.pages_max)
    if not isinstance(made, Rendered):
        raise ConfigError(f"no correction of document {original.document_id} was made. {made}")
    return made, content
