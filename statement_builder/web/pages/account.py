"""Account: find a guarantor by any id, and see all that happened. What is typed never becomes part of an address."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.operations.access import list_subjects, subject
from statement_builder.operations.console.account_history import find_guarantors, read_account
from statement_builder.web.console import console_of, context_of, record_view, redirect, render, visitor_of
from statement_builder.web.forms import SentForm
from statement_builder.web.tokens import InvalidToken

router = APIRouter(prefix="/accounts")
ACCOUNT = "account"
"""The purpose of the token that stands for a guarantor in an address."""


@router.get("")
def show_search(request: Request) -> Response:
    """The empty form."""
    return render(request, "accounts.html", text="", found=None)


@router.post("")
def search(request: Request, form: SentForm) -> Response:
    """The guarantor, if the text means one; otherwise the list."""
    text = form.text("text")
    found = find_guarantors(context_of(request), text)
    if len(found) == 1:
        token = console_of(request).box.seal(ACCOUNT, found[0], visitor_of(request).session)
        return redirect(request, f"/accounts/{token}")
    record_view(request, "accounts", [subject(guarantor_id=each) for each in found])
    return render(request, "accounts.html", text=text, found=found)


@router.get("/{token}")
def show(request: Request, token: str) -> Response:
    """One guarantor: the mail, the decisions and their reasons, and what happened when."""
    try:
        guarantor_id = console_of(request).box.unseal(ACCOUNT, token, visitor_of(request).session)
    except InvalidToken as exc:
        raise HTTPException(404, "This address was of an earlier session. Look the account up again.") from exc
    history = read_account(context_of(request), guarantor_id)
    record_view(request, "account", [subject(guarantor_id=guarantor_id), *list_subjects(history.documents)])
    return render(request, "account.html", history=history)
