"""Signing in and out: the one-time link, a new link on the terminal, and the end of a session."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from statement_builder.web.console import console_of, redirect, render, visitor_of
from statement_builder.web.visitors import LinkDoor

router = APIRouter()


@router.get("/open")
def open_link(request: Request, link: str = "") -> Response:
    """Use up the link. The cookie is for this host only, unreadable for scripts, and never sent from another site."""
    door = console_of(request).door
    session = door.open(link) if isinstance(door, LinkDoor) else None
    if session is None or not isinstance(door, LinkDoor):
        return render(request, "signed_out.html", status=401, is_stale=True, was_printed=None)
    answer = redirect(request, "/")
    answer.set_cookie(door.cookie, session, httponly=True, samesite="strict", path="/")
    return answer


@router.post("/link")
def renew_link(request: Request) -> Response:
    """Print another link on the terminal where the console was started: only its owner can read it there."""
    door = console_of(request).door
    was_printed = isinstance(door, LinkDoor) and door.renew_link()
    return render(request, "signed_out.html", status=401, is_stale=False, was_printed=was_printed)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session."""
    door = console_of(request).door
    if isinstance(door, LinkDoor):
        door.close(visitor_of(request).session)
    request.state.visitor = None
    return render(request, "signed_out.html", status=200, is_stale=False, was_printed=None)
