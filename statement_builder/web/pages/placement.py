"""Placement: which visits go to a collection agency, who approves the list, and what each agency has."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.operations.access import list_subjects
from statement_builder.operations.placement.propose import summarize_list
from statement_builder.operations.placement.show import show_list
from statement_builder.operations.placement.status import show_placements
from statement_builder.operations.roles import may_use
from statement_builder.web.console import context_of, make_order, record_view, redirect, render, start
from statement_builder.web.forms import SentForm, require_reason

router = APIRouter(prefix="/placement")
SHOWN_MAX = 500
"""Visits of one list on its page. `statements placement show LIST --json` has them all."""
_DECISIONS = {"approve": "approve-placements", "reject": "reject-placements"}
_VERBS = {"send": "send-placements", "collect": "collect-placements"}


@router.get("")
def show_all(request: Request) -> Response:
    """Every list, what each agency has, and what can be done. Figures only: nobody's data."""
    context = context_of(request)
    lists = context.ledger.placement_lists.all(context.facility.facility_id)
    return render(
        request,
        "placement.html",
        lists=[summarize_list(context, each) for each in lists],
        placed=show_placements(context),
        may_place=may_use(context, "place"),
        has_agencies=bool(context.settings.placement.agencies),
        cycle=f"{context.today():%Y-%m}",
    )


@router.get("/lists/{list_id}")
def show(request: Request, list_id: str) -> Response:
    """One list: its visits, why each other visit was refused, and the decision."""
    context = context_of(request)
    details = show_list(context, list_id)
    record_view(request, "placement", list_subjects(details), batch_id=list_id)
    return render(
        request,
        "placement_list.html",
        summary=details.summary,
        visits=details.visits[:SHOWN_MAX],
        refused=details.refused[:SHOWN_MAX],
        shown_max=SHOWN_MAX,
        counts={"visits": len(details.visits), "refused": len(details.refused)},
        may_decide=may_use(context, "approve_placement"),
    )


@router.post("/lists/{list_id}/{decision}")
def decide(request: Request, list_id: str, decision: str, form: SentForm) -> Response:
    """Approve or reject a list. The operation refuses the person who proposed it."""
    if decision not in _DECISIONS:
        raise HTTPException(404, "There is no such action.")
    reason = require_reason(form) if decision == "reject" else form.text("reason")
    order = make_order(request, _DECISIONS[decision], list_id, reason=reason)
    return redirect(request, f"/placement/lists/{list_id}", start(request, order))


@router.post("/propose")
def propose(request: Request, form: SentForm) -> Response:
    """Propose a list for a cycle."""
    order = make_order(request, "propose-placements", form.text("cycle"))
    return redirect(request, "/placement", start(request, order))


@router.post("/recall")
def recall(request: Request, form: SentForm) -> Response:
    """Tell an agency to give a visit back."""
    if not form.text("account"):
        raise HTTPException(400, "Choose the account, or write its number.")
    order = make_order(request, "recall-placement", form.text("account"), reason=require_reason(form))
    return redirect(request, "/placement", start(request, order))


@router.post("/{verb}")
def act(request: Request, verb: str, form: SentForm) -> Response:
    """Send what was approved, or read what agencies report."""
    if verb not in _VERBS:
        raise HTTPException(404, "There is no such action.")
    return redirect(request, "/placement", start(request, make_order(request, _VERBS[verb], verb)))
