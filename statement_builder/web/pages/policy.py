"""Policy: who would get what under other settings, decided and not made, side by side with the settings in force."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.billing.selection import Kind
from statement_builder.ledger import BatchState
from statement_builder.policy.settings import Policy
from statement_builder.web.console import console_of, context_of, make_order, redirect, render, start, visitor_of
from statement_builder.web.forms import Form, SentForm
from statement_builder.web.orders import NOW

router = APIRouter(prefix="/policy")
_ROWS = 3
"""Settings that can be chosen from the list, besides those that are typed."""
_BATCHES_SHOWN = 24
_COUNTS = ("selected", "held", "exceptions", "print", "email", "level 1", "level 2", "level 3", "level 4")


@router.get("")
def show(request: Request) -> Response:
    """The form, and both policies side by side if they were compared."""
    context = context_of(request)
    job = console_of(request).jobs.find(request.query_params.get("job", ""), visitor_of(request).session)
    if job is not None and job.order.verb != "what-if":
        job = None
    found = job.result.what_if if job is not None and job.result is not None else None
    newest = context.ledger.batches.all(limit=_BATCHES_SHOWN)
    policy = context.settings.policy
    return render(
        request,
        "policy.html",
        found=found,
        text=job.order.policy_text if job is not None else "",
        chosen=job.order.subject if job is not None else NOW,
        kind=job.order.kind if job is not None else Kind.STATEMENT,
        kinds=list(Kind),
        batches=[batch for batch in newest if batch.state is not BatchState.OPEN],
        settings={name: getattr(policy, name) for name in _simple_names(policy)},
        rows=range(1, _ROWS + 1),
        counts=[name for name in _COUNTS if found and (found.now.counts.get(name) or found.other.counts.get(name))],
        codes=sorted({*found.now.holds, *found.other.holds}) if found else [],
        NOW=NOW,
    )


@router.post("")
def compare(request: Request, form: SentForm) -> Response:
    """Compare: an action, because it decides every account twice."""
    context = context_of(request)
    chosen = form.text("of") or NOW
    if form.text("kind") not in list(Kind):
        raise HTTPException(400, "Choose one of the kinds of document.")
    kind = Kind(form.text("kind")) if chosen == NOW else context.require_batch(chosen).kind
    text = _read_text(form, context.settings.policy)
    if not text.strip():
        raise HTTPException(400, "Change at least one setting: choose it from the list, or write it.")
    order = make_order(request, "what-if", chosen, kind=kind.value, policy_text=text)
    return redirect(request, "/policy", start(request, order))


def _read_text(form: Form, policy: Policy) -> str:
    """The settings that were chosen, as lines, and those that were typed."""
    lines = []
    for row in range(1, _ROWS + 1):
        name, value = form.text(f"name-{row}"), form.text(f"value-{row}")
        if name and value:
            if name not in _simple_names(policy):
                raise HTTPException(400, "Choose a setting of the list, or write it below.")
            lines.append(f"{name} = {value}")
    typed = form.text("text")
    return "\n".join([typed, *lines]) if "[" not in typed else typed if not lines else _mixed()


def _mixed() -> str:
    raise HTTPException(400, "Either choose settings from the list, or write a table [policy], not both.")


def _simple_names(policy: Policy) -> list[str]:
    """The settings that are a number or yes or no."""
    return [name for name in policy.__struct_fields__ if isinstance(getattr(policy, name), int)]
