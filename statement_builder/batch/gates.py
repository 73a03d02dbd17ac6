"""What a person has to decide before a batch leaves: unusual volume, a very large bill, policy.

Pure: figures in, questions out. Unlike a gate that does not foot, a question is one that a release answers.
"""

from __future__ import annotations

from statement_builder.billing.model import Record
from statement_builder.ledger import Tally
from statement_builder.settings import ReleaseSettings


class Question(Record, kw_only=True):
    """Something that a person has to look at before hand-off, in words."""

    code: str
    message: str


def most_failed(tally: Tally) -> bool:
    """Whether more documents could not be made than could: that is a template or a font, not so many accounts. No
    approval lets such a batch go, since it would close without most of its mail."""
    return tally.counts.errors > tally.counts.rendered


def ask_questions(
    tally: Tally, last: Tally | None, release: ReleaseSettings, *, by_policy: bool
) -> tuple[Question, ...]:
    """What a person has to decide before this batch may go. `last` is the newest closed batch of the same kind."""
    questions = []
    if not by_policy:
        questions.append(Question(code="APPROVAL", message="Policy asks for a person's approval of this kind."))
    if last is not None and _changed_too_much(tally.counts.rendered, last.counts.rendered, release):
        questions.append(
            Question(
                code="VOLUME",
                message=f"{tally.counts.rendered:,} documents against {last.counts.rendered:,} in the last closed "
                f"batch: more than {release.volume_change_max_percent} % apart. Is the source complete?",
            )
        )
    if tally.largest_cents > release.amount_max_cents:
        questions.append(
            Question(code="AMOUNT", message="At least one document asks for more than release.amount_max_cents.")
        )
    if tally.counts.errors:
        questions.append(
            Question(
                code="ERRORS",
                message=f"{tally.counts.errors:,} selected documents could not be made; `statements exceptions` says "
                "why. Mend and re-run, or release without them.",
            )
        )
    return tuple(questions)


def _changed_too_much(now: int, before: int, release: ReleaseSettings) -> bool:
    return abs(now - before) * 100 > before * release.volume_change_max_percent
