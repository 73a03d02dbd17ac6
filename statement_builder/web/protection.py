"""What stands before every page: the host's name, the visitor, the origin of a write, and the headers of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from statement_builder.web.visitors import Door

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers then send `Origin: null` with a form, and a form of ours could not be told apart.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_FRAMED_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
    "X-Frame-Options": "SAMEORIGIN",
}
_NOT_STORED = "no-store"
_OPEN_PATHS = frozenset({"/open", "/link"})
"""What somebody who is not signed in can reach, besides the style sheet."""
STATIC = "/static/"
AUTOMATIC_HEADER = "hx-request"
"""Sent by htmx, which asks for progress on its own."""
_SAFE = frozenset({"GET", "HEAD"})
BODY_BYTES_MAX = 64 * 1024
"""No form is longer."""


class Protection:
    """Pure ASGI middleware. The visitor of a request that passes is `request.state.visitor`."""

    def __init__(self, app: ASGIApp, door: Door, signed_out: ASGIApp) -> None:
        self._app = app
        self._door = door
        self._signed_out = signed_out
        """Answers somebody who is nobody that the door knows."""
        self._headers = _HEADERS | (_FRAMED_HEADERS if door.is_framed else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = path_of(scope)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if not path.startswith(STATIC):
                    headers["Cache-Control"] = _NOT_STORED
            await send(message)

        refusal = self._refuse(scope, path)
        await (refusal or self._app)(scope, receive, send_protected)

    def _refuse(self, scope: Scope, path: str) -> ASGIApp | None:
        """What answers a request that may not pass; None if it may."""
        headers = _read_headers(scope)
        if headers.get("host", "") not in self._door.hosts:
            return PlainTextResponse("This console does not have that name.", status_code=421)
        if scope["method"] not in _SAFE and (problem := self._check_write(headers)):
            return PlainTextResponse(problem, status_code=403)
        visitor = self._door.identify(
            headers,
            _read_cookies(headers.get("cookie", "")),
            is_automatic=AUTOMATIC_HEADER in headers,
        )
        scope.setdefault("state", {})["visitor"] = visitor
        is_open = path in _OPEN_PATHS or path.startswith(STATIC)
        return self._signed_out if visitor is None and not is_open else None

    def _check_write(self, headers: Mapping[str, str]) -> str:
        """Why a write is refused before its form is read; empty if it is not."""
        if headers.get("origin") != self._door.origin:
            return "This form was not sent by a page of this console."
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "This form was sent by a page of another site."
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            return "This form is too long."
        return ""


def base_of(scope: Scope) -> str:
    """The path under which another application serves this one, such as `/console`; empty if none does."""
    return str(scope.get("root_path", ""))


def path_of(scope: Scope) -> str:
    """The path of a request below `base_of`."""
    return str(scope["path"]).removeprefix(base_of(scope)) or "/"


def _read_headers(scope: Scope) -> dict[str, str]:
    """Headers by name in lower case. Of a header that is sent twice, neither is believed."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        found[name] = "" if name in found else raw_value.decode("latin-1")
    return found


def _read_cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
