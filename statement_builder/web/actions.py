"""What a button does: the same operations as the commands of the same names, run in a process of their own."""

from __future__ import annotations

from typing import IO

from statement_builder.billing.model import RequestFormat, RequestKind
from statement_builder.billing.selection import Kind
from statement_builder.errors import AwaitingConfirmation, ConfigError, GateStop
from statement_builder.ledger import Batch
from statement_builder.operations.access import list_subjects, record_access
from statement_builder.operations.approval.proof import require_proof
from statement_builder.operations.approval.release import require_built
from statement_builder.operations.approval.release_codes import NOTHING, RELEASE_BY_NAME, Accepted, ReleaseCode
from statement_builder.operations.console.explanation import look_again
from statement_builder.operations.console.name_search import find_by_name
from statement_builder.operations.mail_holds import lift_mail_hold, place_mail_hold
from statement_builder.operations.reports.registry import REPORTS
from statement_builder.operations.requests import record_request
from statement_builder.operations.roles import authorize, open_document
from statement_builder.operations.summaries import summarize_batch
from statement_builder.operations.templates.versions import approve_templates
from statement_builder.operations.what_if import compare_policies, read_other_policy
from statement_builder.operations.wording import format_state
from statement_builder.pipeline.context import AppContext
from statement_builder.rendering.translations import read_texts
from statement_builder.web.evidence_actions import EVIDENCE_ACTIONS, EVIDENCE_FILE_ACTIONS
from statement_builder.web.orders import NOW, Action, Done, FileAction, Order, ReportOptions
from statement_builder.web.placement_actions import PLACEMENT_ACTIONS
from statement_builder.web.sentences import Sentences


def perform(context: AppContext, order: Order, file: IO[bytes]) -> Done:
    """Do what was asked. `file` takes the file that was asked for, if one was. Raises what the operation raises."""
    if order.verb in FILE_ACTIONS:
        return FILE_ACTIONS[order.verb](context, order, file)
    return ACTIONS[order.verb](context, order)


def _report(context: AppContext, order: Order, file: IO[bytes]) -> Done:
    from statement_builder.operations.reports.formats import Format  # noqa: PLC0415
    from statement_builder.operations.reports.screen import read_screen_report  # noqa: PLC0415
    from statement_builder.operations.reports.write import make_request, write_report  # noqa: PLC0415
    from statement_builder.web.templating import WEB  # noqa: PLC0415 - imports Jinja

    definition, options = REPORTS[order.subject], order.report or ReportOptions()
    request = make_request(
        context, as_of=options.as_of, since=options.since, days=options.days, batch_id=options.batch_id or None
    )
    if options.file_format:
        wanted = Format(options.file_format)
        count = write_report(context, definition, request, wanted, file, purpose=options.purpose)
        return Done(message=f"The file has {count:,} {'row' if count == 1 else 'rows'}.")
    say = Sentences(read_texts(WEB, options.language)).say
    screen = read_screen_report(context, definition, request, purpose=options.purpose, say=say)
    return Done(message="", screen=screen)


def _release(context: AppContext, order: Order) -> Done:
    batch = context.require_batch(order.subject)
    require_built(batch)
    named = frozenset(map(ReleaseCode, order.accepted))
    if named and not order.reason.strip():
        raise ConfigError("Say why you accept it: the reason is kept in the event log.")
    require_proof(context, batch)
    return _walk(context, batch, order, RELEASE_BY_NAME | named)


def _rerun(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.run import retry_errors  # noqa: PLC0415 - imports WeasyPrint

    batch = context.require_batch(order.subject)
    authorize(context, "rerun", batch_id=batch.batch_id)
    retry_errors(context, batch)
    return _walk(context, batch, order, NOTHING)


def _walk(context: AppContext, batch: Batch, order: Order, accepted: Accepted) -> Done:
    from statement_builder.operations.run import walk_batch  # noqa: PLC0415 - imports WeasyPrint

    waits = ""
    try:
        walk_batch(context, batch, accepted=accepted, reason=order.reason, seen=order.seen)
    except AwaitingConfirmation as exc:
        waits = f" {exc}"
    except GateStop as exc:
        if subjects := list_subjects(str(exc)):
            record_access(context, f"console {order.verb}", subjects, batch_id=batch.batch_id)
        raise
    summary = summarize_batch(context, context.require_batch(batch.batch_id))
    handed_off = summary.counts["handed_off"]
    return Done(
        message=f"{batch.batch_id} is {format_state(summary.state)}; {handed_off:,} documents are handed off.{waits}"
    )


def _reject(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.approval.reject import reject_batch  # noqa: PLC0415

    return Done(message=reject_batch(context, context.require_batch(order.subject), order.reason, seen=order.seen))


def _void(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.reissue.void import void_document  # noqa: PLC0415

    return Done(message=void_document(context, open_document(context, "void", order.subject), order.reason))


def _resend(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.reissue.resend import resend_document  # noqa: PLC0415

    return Done(message=resend_document(context, open_document(context, "resend", order.subject), order.reason))


def _resend_file(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.reissue.resend import resend_print_file  # noqa: PLC0415

    authorize(context, "resend", batch_id=order.subject)
    return Done(message=resend_print_file(context, order.subject, order.reason))


def _reprint(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.reissue.reprint import reprint_document  # noqa: PLC0415

    return Done(message=reprint_document(context, open_document(context, "reprint", order.subject), order.reason))


def _correct(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.reissue.correct import correct_document  # noqa: PLC0415

    document = open_document(context, "correct", order.subject)
    return Done(message=correct_document(context, document, order.reason, seen=order.seen))


def _preview_correct(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.reissue.correct import preview_correction  # noqa: PLC0415
    from statement_builder.pipeline.archived import read_archived  # noqa: PLC0415

    document = open_document(context, "correct", order.subject)
    preview = preview_correction(context, document)
    return Done(
        message="This is what the correction would print. Nothing is made until you confirm it.",
        changes=preview.changes,
        before=read_archived(context, document),
        after=preview.pdf,
    )


def _resolve(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.reissue.resolve import resolve_document  # noqa: PLC0415

    document = open_document(context, "resolve", order.subject)
    resolve_document(context, document, sent=order.sent, reason=order.reason)
    outcome = "was sent" if order.sent else "was not sent; “Finish” on its batch hands it off"
    return Done(message=f"It is recorded that {order.subject} {outcome}.")


def _hold(context: AppContext, order: Order) -> Done:
    return Done(message=place_mail_hold(context, order.subject, order.reason, ends_on=order.until))


def _lift(context: AppContext, order: Order) -> Done:
    return Done(message=lift_mail_hold(context, order.subject, order.reason))


def _request(context: AppContext, order: Order) -> Done:
    return Done(
        message=record_request(
            context,
            RequestKind.INVOICE,
            order.subject,
            asked_on=order.asked_on,
            requested_format=RequestFormat(order.asked_format),
        )
    )


def _look_again(context: AppContext, order: Order) -> Done:
    return Done(message="", looked=look_again(context, order.subject, Kind(order.kind)))


def _preview_templates(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.templates.previews import preview_templates  # noqa: PLC0415 - imports WeasyPrint

    return Done(message="", templates=preview_templates(context, Kind(order.subject)))


def _approve_templates(context: AppContext, order: Order) -> Done:
    return Done(message=approve_templates(context, order.subject, order.reason))


def _what_if(context: AppContext, order: Order) -> Done:
    """`subject` is a batch, or `now`."""
    batch = None if order.subject == NOW else context.require_batch(order.subject)
    other = read_other_policy(context, order.policy_text)
    return Done(message="", what_if=compare_policies(context, Kind(order.kind), other, batch=batch))


def _find_name(context: AppContext, order: Order) -> Done:
    return Done(message="", names=find_by_name(context, order.name))


def _read_rows_again(context: AppContext, order: Order) -> Done:
    """`subject` is the name of the file."""
    from statement_builder.operations.quarantine import read_rows_again, require_source  # noqa: PLC0415

    source, corrections = require_source(context, order.source), dict(order.corrections)
    return Done(message=read_rows_again(context, source, order.subject, corrections, order.reason, seen=order.seen))


def _set_file_aside(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.quarantine import require_source, set_file_aside  # noqa: PLC0415

    source = require_source(context, order.source)
    return Done(message=set_file_aside(context, source, order.subject, order.reason, seen=order.seen))


ACTIONS: dict[str, Action] = {
    "release": _release,
    "rerun": _rerun,
    "reject": _reject,
    "void": _void,
    "resend": _resend,
    "resend-file": _resend_file,
    "reprint": _reprint,
    "correct": _correct,
    "preview-correct": _preview_correct,
    "resolve": _resolve,
    "hold": _hold,
    "lift-hold": _lift,
    "request": _request,
    "look-again": _look_again,
    "find-name": _find_name,
    "what-if": _what_if,
    "preview-templates": _preview_templates,
    "approve-templates": _approve_templates,
    "read-rows-again": _read_rows_again,
    "set-file-aside": _set_file_aside,
    **PLACEMENT_ACTIONS,
    **EVIDENCE_ACTIONS,
}
FILE_ACTIONS: dict[str, FileAction] = {"report": _report, **EVIDENCE_FILE_ACTIONS}
