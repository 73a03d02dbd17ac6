"""Signing in and out: the one-time link, a new link on the terminal, the language, and the end of a session."""

from __future__ import annotations

import re

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.web.console import LANGUAGE_COOKIE, console_of, redirect, render, visitor_of
from statement_builder.web.forms import SentForm
from statement_builder.web.languages import LANGUAGES
from statement_builder.web.visitors import LinkDoor

router = APIRouter()
_PATH = re.compile(r"(/[A-Za-z0-9_~.-]+)+/?|/")
_LANGUAGE_S = 365 * 24 * 60 * 60


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


@router.post("/language")
def choose_language(request: Request, form: SentForm) -> Response:
    """Show the console in another language from now on, in this browser."""
    language, path = form.text("language"), form.text("back")
    if language not in LANGUAGES:
        raise HTTPException(400, "Choose one of the languages that the console speaks.")
    answer = redirect(request, path if _PATH.fullmatch(path) else "/")
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_LANGUAGE_S, httponly=True, samesite="strict", path="/")
    return answer
