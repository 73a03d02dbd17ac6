"""Process one vendor's file: each valid line is recorded, each other line is kept with the reason for a person.

Lines read = booked + unchanged + quarantined, always. A file that would reverse more mailings than
`mail.reversals_max` is not recorded at all until a person accepts it.
"""

from __future__ import annotations

from mail_house.inbound import LOB_EVENTS, ParsedReports
from statement_builder.errors import DeliveryReportError
from statement_builder.operations.tracking.delivery_reports import DeliveryReportRecorder
from statement_builder.operations.tracking.inbound_files import ADDRESS_CHANGE_FILE, Processed
from statement_builder.operations.tracking.inbox import ADDRESS_CHANGES, DONE, QUARANTINE, WAITING


class ReversalBudget:
    """How many more pieces one run of the tracking may record as rejected or returned on its own."""

    def __init__(self, pieces_max: int) -> None:
        self._left = pieces_max

    def take(self, pieces: int) -> bool:
        """Whether this many are left; if so, they are used."""
        if pieces > self._left:
            return False
        self._left -= pieces
        return True


def process_vendor_file(
    recorder: DeliveryReportRecorder, name: str, parsed: ParsedReports, *, budget: ReversalBudget | None
) -> Processed:
    """Record a parsed file. Without a `budget`, a person has accepted what it reverses."""
    reasons = {problem.line: problem.message for problem in parsed.problems}
    is_lob = parsed.file_type == LOB_EVENTS
    if budget is not None:
        reversals = recorder.count_reversals([report for _, report in parsed.reports], is_lob=is_lob)
        if reversals and not budget.take(reversals):
            return _wait(parsed, reversals)
    news = unchanged = 0
    for line, report in parsed.reports:
        try:
            is_news = recorder.record(recorder.check(report, is_lob=is_lob), why=f"{name}, line {line}")
        except DeliveryReportError as exc:
            reasons[line] = str(exc)
            continue
        news += is_news
        unchanged += not is_news
    problems = [f"line {line}: {message}" if line else message for line, message in sorted(reasons.items())]
    has_moves = parsed.file_type == ADDRESS_CHANGE_FILE and news + unchanged > 0
    return Processed(
        file_type=parsed.file_type,
        lines=parsed.lines,
        reports=len(parsed.reports),
        news=news,
        unchanged=unchanged + parsed.ignored,
        quarantined=parsed.lines if 0 in reasons else len(reasons),
        reasons=problems,
        folder=QUARANTINE if problems else ADDRESS_CHANGES if has_moves else DONE,
        also_in=ADDRESS_CHANGES if problems and has_moves else "",
    )


def _wait(parsed: ParsedReports, reversals: int) -> Processed:
    reason = (
        f"This file reports {reversals:,} pieces as rejected or returned, more than mail.reversals_max allows in one "
        "run. Nothing of it was recorded. Ask the vendor whether it is right. If it is, accept it by the name that it "
        'has here: statements track --accept FILE --reason "…"'
    )
    return Processed(
        file_type=parsed.file_type,
        lines=parsed.lines,
        reports=len(parsed.reports),
        news=0,
        unchanged=0,
        quarantined=parsed.lines,
        reasons=[reason],
        folder=WAITING,
    )
