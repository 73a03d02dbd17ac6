"""Release checks: what a person must decide before a batch is handed off, such as unusual volume or a large bill.

Pure: figures in, checks out. A release answers these checks. A gate that does not foot is never released.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.ledger import Batch, ControlTotals
from statement_builder.operations.approval.release_codes import ReleaseCode
from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.reports import average_cents
from statement_builder.settings import ReleaseSettings

_LISTED_MAX = 3
"""How many documents or hold codes a message lists."""


class ReleaseCheck(Record, kw_only=True):
    """One thing that a person must decide before hand-off."""

    code: ReleaseCode
    message: str

    @property
    def question(self) -> str:
        """The check as an operator reads it, with the name that `statements release --accept` takes."""
        return f"{self.code}: {self.message}"


class PreviousBatch(Record, kw_only=True):
    """The batch that this one is compared with."""

    batch_id: str
    totals: ControlTotals


def check_rejection(batch: Batch) -> tuple[ReleaseCheck, ...]:
    """That a person rejected the batch, if that was the last decision."""
    if not batch.rejected_by:
        return ()
    message = (
        f"{batch.rejected_by} rejected this batch on {batch.rejected_at:%Y-%m-%d}: {batch.rejected_why} "
        "Is the reason gone?"
    )
    return (ReleaseCheck(code=ReleaseCode.REJECTED, message=message),)


def most_documents_failed(totals: ControlTotals) -> bool:
    """Whether more documents failed than were made. The cause is then a template or a font, not that many accounts.

    Such a batch cannot be released: it would close without most of its mail.
    """
    return totals.counts.errors > totals.counts.rendered


def list_release_checks(
    totals: ControlTotals,
    previous: PreviousBatch | None,
    release: ReleaseSettings,
    *,
    kind: Kind,
    opened_by: str,
    levels: Mapping[int, int],
    too_large: Sequence[str],
) -> tuple[ReleaseCheck, ...]:
    """What a person must decide before this batch is released.

    `levels` maps dunning level to number of documents; `too_large` lists the ids of the documents above
    `release.amount_max_cents`.
    """
    is_quiet_day = not kind.traits.is_regular and not totals.counts.selected
    checks = [] if is_quiet_day else [*_check_approval(release, kind, opened_by, levels)]
    if previous is not None and kind.traits.is_regular:
        checks += _compare(totals, previous, release)
    if too_large:
        checks.append(
            ReleaseCheck(
                code=ReleaseCode.AMOUNT,
                message=f"{len(too_large):,} documents ask for more than ${release.amount_max_cents / 100:,.2f} "
                f"(release.amount_max_cents): {_shorten(too_large)}. Are these amounts right?",
            )
        )
    if totals.counts.errors:
        checks.append(
            ReleaseCheck(
                code=ReleaseCode.ERRORS,
                message=f"{totals.counts.errors:,} selected documents could not be made; `statements exceptions` lists "
                "the reasons. Fix them and rerun the batch, or release it without these documents.",
            )
        )
    return tuple(checks)


def _check_approval(
    release: ReleaseSettings, kind: Kind, opened_by: str, levels: Mapping[int, int]
) -> Iterable[ReleaseCheck]:
    """Policy by kind of document and by dunning level."""
    final_notices = sum(count for level, count in levels.items() if level >= release.dual_control_level_min)
    approval = release.by(kind)
    if final_notices:
        yield ReleaseCheck(
            code=ReleaseCode.DUAL_CONTROL,
            message=f"{final_notices:,} letters are level {release.dual_control_level_min} or above: a user other than "
            f"{opened_by}, who opened the batch, must release it (release.dual_control_level_min).",
        )
    elif approval == "dual-control":
        yield ReleaseCheck(
            code=ReleaseCode.DUAL_CONTROL,
            message=f"Policy requires approval by a user other than {opened_by}, who opened the batch.",
        )
    elif approval == "person":
        yield ReleaseCheck(code=ReleaseCode.APPROVAL, message="Policy requires a person's approval for this kind.")


def _compare(totals: ControlTotals, previous: PreviousBatch, release: ReleaseSettings) -> Iterable[ReleaseCheck]:
    """What differs from the previous batch of the kind by more than the settings allow."""
    now, before = totals.counts.rendered, previous.totals.counts.rendered
    if _differs(now, before, release.volume_change_max_percent):
        yield ReleaseCheck(
            code=ReleaseCode.VOLUME,
            message=f"{now:,} documents, compared with {before:,} in {previous.batch_id}: a change of more than "
            f"{release.volume_change_max_percent} %. Is the source complete?",
        )
    average, average_before = average_cents(totals), average_cents(previous.totals)
    if now and before and _differs(average, average_before, release.amount_change_max_percent):
        yield ReleaseCheck(
            code=ReleaseCode.AVERAGE,
            message=f"The average amount is ${average / 100:,.2f}, compared with ${average_before / 100:,.2f} in "
            f"{previous.batch_id}: a change of more than {release.amount_change_max_percent} %. Were all charges, "
            "payments and insurance adjudications loaded?",
        )
    doubled = [
        f"{code} ({HOLD_CODES[code].title if code in HOLD_CODES else 'unknown'}): {count:,}, was {count_before:,}"
        for code, count in sorted(totals.holds.items(), key=lambda pair: (-pair[1], pair[0]))
        if count >= release.hold_doubled_count_min and count > 2 * (count_before := previous.totals.holds.get(code, 0))
    ]
    if doubled:
        yield ReleaseCheck(
            code=ReleaseCode.HOLDS,
            message=f"These holds more than doubled since {previous.batch_id}: {_shorten(doubled)}. Was something "
            "loaded twice, or flagged by mistake?",
        )


def _differs(now: int, before: int, percent_max: int) -> bool:
    return abs(now - before) * 100 > before * percent_max


def _shorten(items: Sequence[str]) -> str:
    listed = ", ".join(items[:_LISTED_MAX])
    return f"{listed} and {len(items) - _LISTED_MAX:,} more" if len(items) > _LISTED_MAX else listed
