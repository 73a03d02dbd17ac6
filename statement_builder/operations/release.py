"""May this batch leave: the gates that nobody can overrule, then the questions that a person answers with a release."""

from __future__ import annotations

from statement_builder.operations.gates import PreviousBatch, ReleaseCheck, ask_questions, most_failed

from statement_builder.errors import GateStop
from statement_builder.ledger import Batch, BatchState
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import check_gates, describe_broken_gates, previous_batches


def pass_gates(context: AppContext, batch: Batch, *, release: bool) -> None:
    """Release a built batch, or stop one that does not foot or that a person has to look at and has not released."""
    questions = stop_at_gates(context, batch, release=release)
    why = " ".join(question.message for question in questions)
    if questions and not release:
        raise GateStop(
            f"batch {batch.batch_id} waits for a person. {why} Look at it with "
            f"`statements show {batch.batch_id}`, then `statements release {batch.batch_id}`."
        )
    if any(question.needs_another for question in questions) and same_person(context.actor, batch.opened_by):
        _wait(context, batch, why)
        raise GateStop(
            f"batch {batch.batch_id} waits for another person: you opened it. {why} Ask a colleague to look at it with "
            f"`statements report control {batch.batch_id}`, then to run `statements release {batch.batch_id}`."
        )
    actor = context.actor if release else "policy"
    context.ledger.batches.release(batch.batch_id, actor=actor, at=context.now(), why=why)


def stop_at_gates(context: AppContext, batch: Batch, *, release: bool = False) -> tuple[ReleaseCheck, ...]:
    """What a person has to decide about a built batch; unless they have (`release`), it waits for that from now on.

    `GateStop` where a gate does not foot, or most documents could not be made.
    """
    totals = context.ledger.control_totals.get(batch.batch_id)
    if broken := describe_broken_gates(check_gates(totals)):
        raise GateStop(f"batch {batch.batch_id} does not foot and was not handed off: {broken}")
    if most_failed(totals):
        raise GateStop(
            f"batch {batch.batch_id}: {totals.counts.errors} of {totals.counts.selected} documents could not be made, "
            f"and nothing was handed off. `statements exceptions {batch.batch_id}` says why. Mend it, then "
            f"`statements rerun {batch.batch_id}` makes them anew."
        )
    questions = open_questions(context, batch)
    if questions and not release:
        _wait(context, batch, " ".join(question.message for question in questions))
    return questions


def open_questions(context: AppContext, batch: Batch) -> tuple[ReleaseCheck, ...]:
    """What a person has to decide before a built batch may be handed off; nothing before it is built or after."""
    if batch.state not in {BatchState.BUILT, BatchState.WAITING}:
        return ()
    ledger, release = context.ledger, context.settings.release
    totals = ledger.control_totals.get(batch.batch_id)
    is_large = totals.largest_cents > release.amount_max_cents
    return ask_questions(
        totals,
        _batch_before(context, batch),
        release,
        kind=batch.kind,
        opened_by=batch.opened_by,
        levels=ledger.control_totals.by_level(batch.batch_id),
        too_large=ledger.control_totals.documents_above(batch.batch_id, release.amount_max_cents) if is_large else (),
    )


def same_person(actor: str, other: str) -> bool:
    """Whether `user@machine` names the same user: another desk makes nobody another person."""
    return actor.partition("@")[0].casefold() == other.partition("@")[0].casefold()


def _batch_before(context: AppContext, batch: Batch) -> PreviousBatch | None:
    """What it is compared with. A trial of the first few is like no other batch."""
    if batch.limit is not None or not (before := previous_batches(context.ledger, batch)):
        return None
    return PreviousBatch(batch_id=before[0].batch_id, totals=context.ledger.control_totals.get(before[0].batch_id))


def _wait(context: AppContext, batch: Batch, why: str) -> None:
    if batch.state is BatchState.BUILT:
        context.ledger.batches.set_state(
            batch.batch_id, BatchState.WAITING, actor=context.actor, at=context.now(), why=why
        )
