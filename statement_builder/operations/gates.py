"""What a person has to decide before a batch leaves: unusual volume, a very large bill, policy.

Pure: figures in, questions out. Unlike a gate that does not foot, a question is one that a release answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.ledger import ControlTotals
from statement_builder.policy.codes import HOLD_CODES
from statement_builder.reports import average_cents
from statement_builder.settings import ReleaseSettings

_NAMED_MAX = 3
"""How many documents or hold reasons a sentence names."""


class ReleaseCheck(Record, kw_only=True):
    """Something that a person has to look at before hand-off, in words."""

    code: str
    message: str
    needs_another: bool = False
    """The person must not be the one who opened the batch."""


class PreviousBatch(Record, kw_only=True):
    """The batch that this one is compared with."""

    batch_id: str
    totals: ControlTotals


def most_failed(totals: ControlTotals) -> bool:
    """Whether more documents could not be made than could: that is a template or a font, not so many accounts. No
    approval lets such a batch go, since it would close without most of its mail."""
    return totals.counts.errors > totals.counts.rendered


def ask_questions(
    totals: ControlTotals,
    before: PreviousBatch | None,
    release: ReleaseSettings,
    *,
    kind: Kind,
    opened_by: str,
    levels: Mapping[int, int],
    too_large: Sequence[str],
) -> tuple[ReleaseCheck, ...]:
    """What a person has to decide before this batch may go.

    `levels` counts documents by dunning level; `too_large` are the documents above `release.amount_max_cents`.
    """
    questions = [*_ask_for_approval(release, kind, opened_by, levels)]
    if before is not None:
        questions += _compare(totals, before, release)
    if too_large:
        questions.append(
            ReleaseCheck(
                code="AMOUNT",
                message=f"{len(too_large):,} of the documents ask for more than ${release.amount_max_cents / 100:,.2f} "
                f"(release.amount_max_cents): {_name(too_large)}. Are these amounts right?",
            )
        )
    if totals.counts.errors:
        questions.append(
            ReleaseCheck(
                code="ERRORS",
                message=f"{totals.counts.errors:,} selected documents could not be made; `statements exceptions` says "
                "why. Mend and re-run, or release without them.",
            )
        )
    return tuple(questions)


def _ask_for_approval(
    release: ReleaseSettings, kind: Kind, opened_by: str, levels: Mapping[int, int]
) -> Iterable[ReleaseCheck]:
    """Policy: by kind of document, and by how sharp the letters are."""
    sharp = sum(count for level, count in levels.items() if level >= release.dual_control_level_min)
    by = release.by(kind)
    if sharp:
        yield ReleaseCheck(
            code="DUAL_CONTROL",
            message=f"{sharp:,} letters are of level {release.dual_control_level_min} or above: somebody other than "
            f"{opened_by}, who opened the batch, has to release it (release.dual_control_level_min).",
            needs_another=True,
        )
    elif by == "dual-control":
        yield ReleaseCheck(
            code="DUAL_CONTROL",
            message=f"Policy asks for the approval of somebody other than {opened_by}, who opened the batch.",
            needs_another=True,
        )
    elif by == "person":
        yield ReleaseCheck(code="APPROVAL", message="Policy asks for a person's approval of this kind.")


def _compare(totals: ControlTotals, before: PreviousBatch, release: ReleaseSettings) -> Iterable[ReleaseCheck]:
    """What is unusual beside the last batch of the kind (domain rules, 9)."""
    now, then = totals.counts.rendered, before.totals.counts.rendered
    if _is_apart(now, then, release.volume_change_max_percent):
        yield ReleaseCheck(
            code="VOLUME",
            message=f"{now:,} documents against {then:,} in {before.batch_id}: more than "
            f"{release.volume_change_max_percent} % apart. Is the source complete?",
        )
    average, was = average_cents(totals), average_cents(before.totals)
    if now and then and _is_apart(average, was, release.amount_change_max_percent):
        yield ReleaseCheck(
            code="AVERAGE",
            message=f"A document asks for ${average / 100:,.2f} on average, against ${was / 100:,.2f} in "
            f"{before.batch_id}: more than {release.amount_change_max_percent} % apart. Were prices, payments or "
            "insurance answers loaded in full?",
        )
    doubled = [
        f"{code} ({HOLD_CODES[code].title if code in HOLD_CODES else 'unknown'}): {count:,} against {last:,}"
        for code, count in sorted(totals.holds.items(), key=lambda pair: (-pair[1], pair[0]))
        if count >= release.hold_doubled_count_min and count > 2 * (last := before.totals.holds.get(code, 0))
    ]
    if doubled:
        yield ReleaseCheck(
            code="HOLDS",
            message=f"More than twice as many accounts as in {before.batch_id} are held for {_name(doubled)}. Has "
            "something been loaded twice, or marked by mistake?",
        )


def _is_apart(now: int, then: int, percent_max: int) -> bool:
    return abs(now - then) * 100 > then * percent_max


def _name(things: Sequence[str]) -> str:
    more = f" and {len(things) - _NAMED_MAX:,} more" if len(things) > _NAMED_MAX else ""
    return ", ".join(things[:_NAMED_MAX]) + more
