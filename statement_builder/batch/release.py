"""May this batch leave: the gates that nobody can overrule, then the questions that a person answers with a release."""

from __future__ import annotations

from statement_builder.batch.gates import Question, ask_questions, most_failed
from statement_builder.batch.service import Service
from statement_builder.errors import GateStop
from statement_builder.ledger import Batch, BatchState
from statement_builder.reports import check_gates, earlier_batches, name_broken


def pass_gates(service: Service, batch: Batch, *, release: bool) -> None:
    """Release a built batch, or stop one that does not foot or that a person has to look at and has not released."""
    tally = service.ledger.tally(batch.batch_id)
    if broken := name_broken(check_gates(tally)):
        raise GateStop(f"batch {batch.batch_id} does not foot and was not handed off: {broken}")
    if most_failed(tally):
        raise GateStop(
            f"batch {batch.batch_id}: {tally.counts.errors} of {tally.counts.selected} documents could not be made, "
            f"and nothing was handed off. `statements exceptions {batch.batch_id}` says why. Mend it, then "
            f"`statements rerun {batch.batch_id}` makes them anew."
        )
    questions = open_questions(service, batch)
    why = " ".join(question.message for question in questions)
    if questions and not release:
        if batch.state is BatchState.BUILT:
            service.ledger.set_state(batch.batch_id, BatchState.WAITING, actor=service.actor, at=service.now(), why=why)
        raise GateStop(
            f"batch {batch.batch_id} waits for a person. {why} Look at it with "
            f"`statements show {batch.batch_id}`, then `statements release {batch.batch_id}`."
        )
    actor = service.actor if release else "policy"
    service.ledger.release(batch.batch_id, actor=actor, at=service.now(), why=why)


def open_questions(service: Service, batch: Batch) -> tuple[Question, ...]:
    """What a person has to decide before a built batch may be handed off; nothing before it is built or after."""
    if batch.state not in {BatchState.BUILT, BatchState.WAITING}:
        return ()
    before = earlier_batches(service.ledger, batch)
    return ask_questions(
        service.ledger.tally(batch.batch_id),
        service.ledger.tally(before[0].batch_id) if before else None,
        service.settings.release,
        by_policy=service.settings.release.by(batch.kind) == "auto",
    )
