"""Account: find a guarantor by any id or by name, see all that happened, and act. What is typed is in no address."""

from __future__ import annotations

from datetime import date, timedelta

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.billing.model import RequestFormat
from statement_builder.billing.selection import Kind
from statement_builder.ledger import EvidenceKind
from statement_builder.operations.access import list_subjects, subject
from statement_builder.operations.console.account_history import find_guarantors, read_account
from statement_builder.operations.console.explanation import explain_in_batch
from statement_builder.operations.evidence.requests import find_packets
from statement_builder.operations.roles import may_use
from statement_builder.web.console import (
    context_of,
    find_job,
    make_order,
    record_view,
    redirect,
    render,
    seal,
    start,
    unseal,
)
from statement_builder.web.forms import Form, SentForm, require_reason
from statement_builder.web.languages import N_
from statement_builder.web.orders import Order
from statement_builder.web.pages.evidence import order_packet

router = APIRouter(prefix="/accounts")
ACCOUNT = "account"
"""The purpose of the token that stands for a guarantor in an address."""
ACCOUNTS_SHOWN_MAX = 80
"""Accounts that can be chosen for an evidence packet here. The page Evidence takes a list of any."""
_VERBS = ("hold", "lift-hold", "request", "look-again")


@router.get("")
def show_search(request: Request) -> Response:
    """The empty form, or what a search by name has found."""
    job = find_job(request, "find-name", "accounts")
    names = job.result.names if job and job.result else None
    return render(
        request,
        "accounts.html",
        text="",
        found=None,
        names=names,
        finds_names=context_of(request).settings.console.finds_names,
    )


@router.post("")
def search(request: Request, form: SentForm) -> Response:
    """The guarantor, if the text means one; otherwise the list."""
    text = form.text("text")
    if form.text("by") == "name":
        return redirect(request, "/accounts", start(request, make_order(request, "find-name", "accounts", name=text)))
    found = find_guarantors(context_of(request), text)
    if len(found) == 1:
        return redirect(request, _address(request, found[0]))
    record_view(request, "accounts", [subject(guarantor_id=each) for each in found])
    finds_names = context_of(request).settings.console.finds_names
    return render(request, "accounts.html", text=text, found=found, names=None, finds_names=finds_names)


@router.get("/{token}")
def show(request: Request, token: str) -> Response:
    """One guarantor: the mail, the decisions and their reasons, what happened when, and what can be done."""
    guarantor_id = _unseal(request, token)
    context = context_of(request)
    history = read_account(context, guarantor_id)
    job = find_job(request, "look-again", guarantor_id)
    record_view(request, "account", [subject(guarantor_id=guarantor_id), *list_subjects(history.documents)])
    return render(
        request,
        "account.html",
        history=history,
        address=_address(request, guarantor_id),
        looked=job.result.looked if job and job.result else None,
        kinds=list(Kind),
        kind=job.order.kind if job else history.decisions[0].kind if history.decisions else Kind.STATEMENT,
        formats=list(RequestFormat),
        today=context.today(),
        tomorrow=context.today() + timedelta(days=1),
        may={verb: may_use(context, verb) for verb in ("hold", "request", "evidence")},
        packets=find_packets(context, history.account_numbers),
        packet_kinds=list(EvidenceKind),
        accounts_shown_max=ACCOUNTS_SHOWN_MAX,
    )


@router.get("/{token}/decisions/{batch_id}")
def show_decision(request: Request, token: str, batch_id: str) -> Response:
    """Why a batch decided what it decided, rule by rule."""
    guarantor_id = _unseal(request, token)
    context = context_of(request)
    batch = context.require_batch(batch_id)
    explained = explain_in_batch(context, batch, guarantor_id)
    record_view(request, "decision", [subject(guarantor_id=guarantor_id)], batch_id=batch_id)
    return render(
        request,
        "decision.html",
        batch=batch,
        guarantor_id=guarantor_id,
        address=_address(request, guarantor_id),
        explained=explained,
    )


@router.post("/{token}/{verb}")
def act(request: Request, token: str, verb: str, form: SentForm) -> Response:
    """One of the buttons."""
    guarantor_id = _unseal(request, token)
    if verb == "evidence":
        return order_packet(request, form, form.texts("account"), back=_address(request, guarantor_id))
    if verb not in _VERBS:
        raise HTTPException(404, "There is no such action.")
    if verb == "request":
        order = _order_request(request, form)
    elif verb == "look-again":
        order = make_order(request, verb, guarantor_id, kind=_read_kind(request, form))
    else:
        reason = require_reason(form)
        until = _read_day(form, "until") if verb == "hold" else None
        order = make_order(request, verb, guarantor_id, reason=reason, until=until)
    return redirect(request, _address(request, guarantor_id), start(request, order))


def _order_request(request: Request, form: Form) -> Order:
    wanted = form.text("format") or RequestFormat.STANDARD
    if wanted not in list(RequestFormat):
        raise HTTPException(400, "Choose one of the formats of the list.")
    if not (account := form.text("account")):
        raise HTTPException(400, "Choose the account, or write its number.")
    return make_order(request, "request", account, asked_on=_read_day(form, "asked_on"), asked_format=str(wanted))


def _read_kind(request: Request, form: Form) -> str:
    """The kind that is asked for, by its name or by a batch of the kind."""
    if batch_id := form.text("of_batch"):
        return context_of(request).require_batch(batch_id).kind.value
    if form.text("document_kind") not in list(Kind):
        raise HTTPException(400, "Choose one of the kinds of document.")
    return form.text("document_kind")


def _read_day(form: Form, name: str) -> date | None:
    text = form.text(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as exc:
        raise HTTPException(400, "A day is a date such as 2026-12-01.") from exc


def _address(request: Request, guarantor_id: str) -> str:
    return f"/accounts/{seal(request, ACCOUNT, guarantor_id)}"


def _unseal(request: Request, token: str) -> str:
    return unseal(
        request, ACCOUNT, token, otherwise=N_("This address was of an earlier session. Look the account up again.")
    )
