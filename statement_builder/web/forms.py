"""Forms that a page sends: read once, limited, and proven by the session's token."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request

from statement_builder.web.console import console_of
from statement_builder.web.protection import BODY_BYTES_MAX

TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field
_FIELDS_MAX = 100
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Form:
    """The fields of a form."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """The field's text without blanks around it; empty if the form has none."""
        return self._fields.get(name, [""])[0].strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value of a field that can be chosen several times."""
        return tuple(self._fields.get(name, ()))


async def check_write(request: Request) -> None:
    """Refuse every write that does not bring the token of its session. A dependency of the whole application."""
    if request.method not in _WRITES:
        return
    request.state.form = form = await _read(request)
    visitor = request.state.visitor
    if visitor is None:
        return  # only `/link`, which does nothing for anybody: it prints on the terminal
    if not console_of(request).box.is_form_token(form.text(TOKEN_FIELD), visitor.session):
        raise HTTPException(403, "This form is too old, or not one of this console. Go back, reload, and try again.")


def form_of(request: Request) -> Form:
    """The form of this request."""
    form = request.state.form
    assert isinstance(form, Form)
    return form


def require_reason(form: Form) -> str:
    """The reason that the form gives. 400 without one: the operation would refuse it, after the page has waited."""
    reason = form.text("reason")
    if not reason:
        raise HTTPException(400, "Write the reason: it is kept in the event log.")
    return reason


SentForm = Annotated[Form, Depends(form_of)]


async def _read(request: Request) -> Form:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, "This form is too long.")
    try:
        return Form(parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_MAX))
    except ValueError as exc:
        raise HTTPException(400, "This form cannot be read.") from exc
