"""Release a batch: first the gates, which no approval overrides, then the checks that a person's release answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from statement_builder.actor import is_same_user
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger import Batch, BatchState, Released
from statement_builder.operations.approval.release_checks import (
    PreviousBatch,
    ReleaseCheck,
    check_rejection,
    list_release_checks,
    most_documents_failed,
)
from statement_builder.operations.approval.release_codes import RELEASE_BY_NAME, Accepted, ReleaseCode
from statement_builder.operations.roles import authorize
from statement_builder.operations.templates.versions import AUTO, lacks_approval
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import check_gates, describe_broken_gates, previous_batches


def pass_gates(context: AppContext, batch: Batch, accepted: Accepted, *, reason: str = "", seen: str = "") -> None:
    """Release a built batch. `accepted` is what the person who asks for the release accepts, and `reason` why. `seen`
    is the fingerprint of what they were shown, if it was some time ago.

    `GateStop` if a gate does not foot, if something is left to decide, or if a second user must release it.
    `ConfigError` if something is accepted that the batch does not ask, or if the batch is not what was shown.
    """
    checks = enforce_gates(context, batch)
    require_unchanged(context, batch, checks, seen)
    if refused := _describe_stale(batch, checks, accepted):
        raise ConfigError(refused)
    codes = tuple(check.code.value for check in checks)
    if accepted and ReleaseCode.DUAL_CONTROL in codes and is_same_user(context.actor, batch.opened_by):
        raise GateStop(
            f"batch {batch.batch_id} must be released by a second user, because you opened it. {_join(checks)} Ask a "
            f"colleague to review it with `statements report control {batch.batch_id}` and to run "
            f"`{release_command(batch, checks)}`."
        )
    if accepted and checks:
        authorize(context, "release", batch_id=batch.batch_id)
    left = [check for check in checks if check.code not in accepted]
    if left:
        raise GateStop(
            f"batch {batch.batch_id} waits for approval. {_join(left)} Review it with "
            f"`statements show {batch.batch_id}`, then run `{release_command(batch, checks)}`."
        )
    context.ledger.batches.release(
        batch.batch_id,
        actor=context.actor if checks else "policy",
        at=context.now(),
        why=" ".join(filter(None, (_join(checks), reason))),
        data=Released(accepted=codes, reason=reason),
    )


def require_built(batch: Batch) -> None:
    """`ConfigError` if there is nothing to release yet: a release is no command to build."""
    if batch.state in {BatchState.OPEN, BatchState.PULLED}:
        raise ConfigError(f"batch {batch.batch_id} is not built yet. First run `statements rerun {batch.batch_id}`.")


def refuse_late_approval(context: AppContext, batch: Batch) -> None:
    """`ConfigError` if an approval of this batch comes too late: it is closed, or somebody else released it.

    The person who released it may repeat that after a crash.
    """
    if batch.state is BatchState.CLOSED:
        raise ConfigError(
            f"batch {batch.batch_id} was closed on {batch.closed_at:%Y-%m-%d %H:%M} UTC, so this decision changes "
            "nothing."
        )
    if batch.released_by and not is_same_user(batch.released_by, context.actor):
        raise ConfigError(
            f"batch {batch.batch_id} was released by {batch.released_by} on {batch.released_at:%Y-%m-%d %H:%M} UTC, so "
            f"this decision changes nothing. `statements rerun {batch.batch_id}` finishes it."
        )


def require_unchanged(context: AppContext, batch: Batch, checks: Sequence[ReleaseCheck], seen: str) -> None:
    """`ConfigError` if the batch is not the one with the fingerprint `seen`. Empty: the person decides now."""
    if seen and seen != fingerprint_batch(context, batch, checks):
        raise ConfigError(
            f"batch {batch.batch_id} has changed since this approval was asked for, so nothing was decided. Review it "
            f"with `statements show {batch.batch_id}`, then run `{release_command(batch, checks)}`, or "
            f'`statements reject {batch.batch_id} --reason "…"`.'
        )


def fingerprint_batch(context: AppContext, batch: Batch, checks: Iterable[ReleaseCheck]) -> str:
    """A hash of what a person decides about: the figures, the questions, and the packs with every document."""
    totals = context.ledger.control_totals.get(batch.batch_id)
    packs = [shard.pack_sha256 for shard in context.ledger.shards.for_batch(batch.batch_id)]
    shown = (totals, [check.question for check in checks], packs)
    return hashlib.sha256(msgspec.json.encode(shown)).hexdigest()


def release_command(batch: Batch, checks: Iterable[ReleaseCheck]) -> str:
    """The command that releases the batch and accepts everything that it asks."""
    named = "".join(f" --accept {check.code}" for check in checks if check.code not in RELEASE_BY_NAME)
    return f"statements release {batch.batch_id}" + (f'{named} --reason "…"' if named else "")


def _describe_stale(batch: Batch, checks: Iterable[ReleaseCheck], accepted: Accepted) -> str:
    """Why an acceptance does not fit: somebody looked at other figures. Empty if it fits."""
    asked = {check.code for check in checks}
    unasked = sorted(accepted - asked - RELEASE_BY_NAME)
    if not unasked:
        return ""
    named = sorted(asked - RELEASE_BY_NAME)
    question = f"It asks for {', '.join(named)}." if named else "It asks for none by name."
    return (
        f"batch {batch.batch_id} does not ask to accept {', '.join(unasked)}, so nothing was released. {question} "
        f"Review it with `statements show {batch.batch_id}`."
    )


def _join(checks: Iterable[ReleaseCheck]) -> str:
    return " ".join(check.question for check in checks)


def enforce_gates(context: AppContext, batch: Batch) -> tuple[ReleaseCheck, ...]:
    """Check the gates of a built batch and return what a person must decide. The batch waits until then.

    `GateStop` if a gate does not foot, or if most documents could not be made.
    """
    totals = context.ledger.control_totals.get(batch.batch_id)
    if broken := describe_broken_gates(check_gates(totals)):
        raise GateStop(f"batch {batch.batch_id} does not foot and was not handed off: {broken}")
    if most_documents_failed(totals):
        raise GateStop(
            f"batch {batch.batch_id}: {totals.counts.errors} of {totals.counts.selected} documents could not be made, "
            f"so nothing was handed off. `statements exceptions {batch.batch_id}` lists the reasons. Fix them, then "
            f"`statements rerun {batch.batch_id}` makes the documents again."
        )
    checks = pending_checks(context, batch)
    if checks:
        _wait(context, batch, _join(checks))
    return checks


def pending_checks(context: AppContext, batch: Batch) -> tuple[ReleaseCheck, ...]:
    """What a person must decide before a built batch is handed off. Empty before the build and after the release."""
    if batch.state not in {BatchState.BUILT, BatchState.WAITING}:
        return ()
    ledger, release = context.ledger, context.settings.release
    totals = ledger.control_totals.get(batch.batch_id)
    rejected = check_rejection(batch)
    has_large = totals.largest_cents > release.amount_max_cents
    checks = list_release_checks(
        totals,
        _find_previous_batch(context, batch),
        release,
        kind=batch.kind,
        opened_by=batch.opened_by,
        levels=ledger.control_totals.by_level(batch.batch_id),
        too_large=ledger.control_totals.documents_above(batch.batch_id, release.amount_max_cents) if has_large else (),
    )
    return (*rejected, *checks, *_check_templates(context, batch))


def list_unapproved_templates(context: AppContext, batch_id: str) -> list[str]:
    """The versions of the templates which the batch was made with, and which too few people approved. None if the
    setting asks for nobody."""
    if context.settings.release.templates == AUTO:
        return []
    shards = context.ledger.shards.for_batch(batch_id)
    return lacks_approval(context, {each.template_version for each in shards if each.template_version})


def _check_templates(context: AppContext, batch: Batch) -> tuple[ReleaseCheck, ...]:
    """That enough people approved the templates which the batch was made with, if the setting asks for it."""
    lacking = list_unapproved_templates(context, batch.batch_id)
    if not lacking:
        return ()
    message = (
        f"Too few people approved the templates that this batch was made with: {', '.join(lacking)}. Approve them in "
        "the console under Templates, or accept them as they are."
    )
    return (ReleaseCheck(code=ReleaseCode.TEMPLATES, message=message),)


def _find_previous_batch(context: AppContext, batch: Batch) -> PreviousBatch | None:
    """The batch to compare with. A trial (`--limit`) is not comparable with any."""
    if batch.limit is not None or not (earlier := previous_batches(context.ledger, batch)):
        return None
    return PreviousBatch(batch_id=earlier[0].batch_id, totals=context.ledger.control_totals.get(earlier[0].batch_id))


def _wait(context: AppContext, batch: Batch, why: str) -> None:
    if batch.state is BatchState.BUILT:
        context.ledger.batches.set_state(
            batch.batch_id, BatchState.WAITING, actor=context.actor, at=context.now(), why=why
        )
