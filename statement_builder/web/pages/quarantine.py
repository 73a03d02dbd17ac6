"""Quarantine: the rows of an agency's or payroll's file that were not recorded, and the form to resolve them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.errors import ConfigError, NotAllowed
from statement_builder.operations.quarantine import (
    LINE_CHARACTERS_MAX,
    RowSource,
    list_row_owners,
    read_quarantined,
    require_source,
)
from statement_builder.web.console import (
    context_of,
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

router = APIRouter(prefix="/mail/quarantine")
FILE = "quarantined file"
"""The purpose of the token that stands for a source and a file in an address: names of files come from others."""
ROWS_SHOWN_MAX = 50
"""Rows with a field. The others have one when these are resolved."""
_VERBS = ("read-rows-again", "set-file-aside")
_SEPARATOR = "\x1f"


@router.get("/{token}")
def show(request: Request, token: str) -> Response:
    """One file: each row that waits, why, and a field to correct it."""
    source, name = _find(request, token)
    context = context_of(request)
    try:
        file = read_quarantined(context, source, name)
    except NotAllowed:
        raise
    except ConfigError:
        return render(request, "quarantine.html", file=None, source=source.name, name=name)
    record_view(request, "quarantine", list_row_owners(source, file), batch_id=source.lock)
    return render(
        request,
        "quarantine.html",
        file=file,
        source=source.name,
        name=name,
        rows=file.rows[:ROWS_SHOWN_MAX],
        shown_max=ROWS_SHOWN_MAX,
        line_characters_max=LINE_CHARACTERS_MAX,
        token=token,
    )


@router.post("/{token}/{verb}")
def act(request: Request, token: str, verb: str, form: SentForm) -> Response:
    """Read the file again, with the corrected rows, or set it aside."""
    source, name = _find(request, token)
    if verb not in _VERBS:
        raise HTTPException(404, "There is no such action.")
    values: dict[str, Any] = {"source": source.name, "reason": require_reason(form), "seen": form.text("seen")}
    if verb == "read-rows-again":
        values["corrections"] = _read_corrections(form)
    return redirect(request, f"/mail/quarantine/{token}", start(request, make_order(request, verb, name, **values)))


def seal_file(request: Request, source: str, name: str) -> str:
    """The token of a file's address."""
    return seal(request, FILE, f"{source}{_SEPARATOR}{name}")


def _read_corrections(form: Form) -> tuple[tuple[int, str], ...]:
    numbers = [text for text in form.texts("line") if text.isascii() and text.isdecimal()]
    return tuple((int(number), form.text(f"text-{number}")) for number in numbers[:ROWS_SHOWN_MAX])


def _find(request: Request, token: str) -> tuple[RowSource, str]:
    text = unseal(
        request, FILE, token, otherwise=N_("This address was of an earlier session. Open the file on the page Mail.")
    )
    source, _, name = text.partition(_SEPARATOR)
    return require_source(context_of(request), source), name
