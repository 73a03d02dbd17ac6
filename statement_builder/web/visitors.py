"""Who visits the console: by a one-time link on this machine, or behind a proxy that signs people in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Protocol

from statement_builder.errors import ConfigError
from statement_builder.settings.model import ConsoleSettings

SECRET_HEADER = "x-statements-proxy-secret"  # noqa: S105 - the name of a header
SECRET_VARIABLE = "STATEMENTS_PROXY_SECRET"  # noqa: S105 - the name of a variable
_SECRET_CHARACTERS_MIN = 32
_USER = re.compile(r"[A-Za-z0-9._-]{1,64}(@[A-Za-z0-9.-]{1,100})?")
"""No slash, which in an actor separates a person from an account, and nothing that a log could not show."""
IDLE_S = 30 * 60
"""A session ends after this long without a request by a person (45 CFR 164.312(a)(2)(iii))."""
SESSION_S = 12 * 60 * 60
LINK_S = 15 * 60
"""How long a one-time link can be opened."""
_RENEW_S = 10
"""A new link is printed at most this often."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A person who may use the console."""

    actor: str
    memberships: frozenset[str]
    session: str
    """What tokens are bound to: the session's id, or the user behind a proxy."""


class Door(Protocol):
    """One way into the console."""

    @property
    def origin(self) -> str:
        """The only origin from which a page may write, such as `http://127.0.0.1:8321`."""

    @property
    def hosts(self) -> frozenset[str]:
        """The values of the Host header that are answered. Any other may be a rebound name of another site."""

    @property
    def is_framed(self) -> bool:
        """Whether pages of the same origin may show the console in a frame."""

    def identify(self, headers: Mapping[str, str], cookies: Mapping[str, str], *, is_automatic: bool) -> Visitor | None:
        """The visitor who sends this request; None if it is nobody who may come in. A request that is `is_automatic`
        does not keep a session alive. Header names are in lower case."""


@dataclass(kw_only=True)
class _Session:
    opened_s: float
    seen_s: float


@dataclass(kw_only=True)
class LinkDoor:
    """A link that works once, printed on the terminal of the person who started the console."""

    actor: str
    memberships: frozenset[str]
    port: int
    monotonic: Callable[[], float]
    print_link: Callable[[str], None]
    _links: dict[str, float] = field(default_factory=dict)
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _printed_s: float | None = None
    is_framed: bool = False

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}"})

    @property
    def cookie(self) -> str:
        """Browsers send a cookie to every port of a host, so its name says which console it is for."""
        return f"statements-{self.port}"

    def renew_link(self) -> bool:
        """Print a new link, which replaces the last one. False if that was done a moment ago."""
        now = self.monotonic()
        if self._printed_s is not None and now - self._printed_s < _RENEW_S:
            return False
        self._printed_s = now
        token = secrets.token_urlsafe(32)
        self._links = {token: now}
        self.print_link(f"{self.origin}/open?link={token}")
        return True

    def open(self, token: str) -> str | None:
        """A new session for a link that was not used yet; None otherwise."""
        now = self.monotonic()
        valid = [known for known in self._links if compare_digest(known.encode(), token.encode())]
        if not valid or now - self._links.pop(valid[0]) > LINK_S:
            return None
        session = secrets.token_urlsafe(32)
        self._sessions[session] = _Session(opened_s=now, seen_s=now)
        return session

    def close(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(session, None)

    def identify(self, headers: Mapping[str, str], cookies: Mapping[str, str], *, is_automatic: bool) -> Visitor | None:
        id_, now = cookies.get(self.cookie, ""), self.monotonic()
        session = self._sessions.get(id_)
        if session is None:
            return None
        if now - session.seen_s > IDLE_S or now - session.opened_s > SESSION_S:
            self.close(id_)
            return None
        if not is_automatic:
            session.seen_s = now
        return Visitor(actor=self.actor, memberships=self.memberships, session=id_)


@dataclass(frozen=True, kw_only=True)
class ProxyDoor:
    """A proxy on this machine that signs people in, names the user in a header, and proves itself by a secret."""

    origin: str
    user_header: str
    secret: str = field(repr=False)
    is_framed: bool = False

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({self.origin.partition("://")[2]})

    def identify(self, headers: Mapping[str, str], cookies: Mapping[str, str], *, is_automatic: bool) -> Visitor | None:
        if not compare_digest(headers.get(SECRET_HEADER, "").encode(), self.secret.encode()):
            return None
        user = headers.get(self.user_header, "")
        if not _USER.fullmatch(user):
            return None
        return Visitor(
            actor=user if "@" in user else f"{user}@console",
            memberships=frozenset({f"web:{user}"}),
            session=f"user {user}",
        )


def open_proxy_door(console: ConsoleSettings, environ: Mapping[str, str]) -> ProxyDoor:
    """The door of `console.public_url`. `ConfigError` without a secret that nobody can guess."""
    secret = environ.get(SECRET_VARIABLE, "")
    if len(secret) < _SECRET_CHARACTERS_MIN:
        raise ConfigError(
            f"console.public_url is set, so {SECRET_VARIABLE} must have at least {_SECRET_CHARACTERS_MIN} characters: "
            "without it, everybody on this machine could name any user. `openssl rand -hex 32` makes one."
        )
    return ProxyDoor(origin=console.public_url, user_header=console.user_header.lower(), secret=secret)
