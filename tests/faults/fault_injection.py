"""Inject one fault into a run: a side effect fails, the process dies at it, or another operator interferes.

Everything runs in this process on real files, with three exceptions. A kill is simulated by an exception that our code
does not catch; after it, no side effect takes place. The control sheet's PDF is a stub. Retries do not pause.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Literal
from unittest import mock

from sqlalchemy.engine.base import Connection
from sqlalchemy.exc import OperationalError

from mail_house.errors import Retryable, UnknownOutcome
from mail_house.vendors.folder import LocalDirectory
from statement_builder.archive.disk import DiskArchive
from statement_builder.errors import ArchiveError, SourceError
from statement_builder.source import source

Site = Literal["commit", "archive-write", "archive-read", "upload", "publish", "source-read"]
Effect = Literal["error", "kill", "interference"]

COMMIT_LOST = OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))
ERRORS: dict[Site, tuple[Exception, Exception]] = {
    # the error if it did not happen, and the error if it happened and the response was lost
    "commit": (COMMIT_LOST, COMMIT_LOST),
    "archive-write": (ArchiveError("the archive is full"), ArchiveError("the archive did not answer")),
    "archive-read": (ArchiveError("the archive is down"), ArchiveError("the archive did not answer")),
    "upload": (Retryable("the disk is full"), Retryable("the disk did not answer")),
    "publish": (Retryable("the name was refused"), UnknownOutcome("the connection was lost after the rename")),
    "source-read": (SourceError("the billing database is down"), SourceError("the billing database went down")),
}
SITE_COUNTS: dict[Site, int] = {
    "commit": 20,
    "archive-write": 4,
    "archive-read": 6,
    "upload": 16,
    "publish": 16,
    "source-read": 2,
}
"""About how many side effects of each kind a batch has. The fault hits one of them."""
SITE_WEIGHTS: dict[Site, int] = {
    "commit": 4,
    "archive-write": 1,
    "archive-read": 1,
    "upload": 1,
    "publish": 5,
    "source-read": 1,
}
"""Sites where a fault could do harm are chosen more often."""


class Killed(BaseException):
    """Simulates SIGKILL."""


@dataclass
class Fault:
    """A fault before or after the n-th side effect at a site."""

    site: Site
    nth: int
    after: bool
    effect: Effect
    interfere: Callable[[], None] = lambda: None
    """Called for the effect `interference`."""
    count: int = 0
    is_triggered: bool = False
    is_killed: bool = False

    def run(self, site: Site, action: Callable[[], Any]) -> Any:
        """Run a side effect, or the fault instead of it or after it."""
        if self.is_killed:
            raise Killed
        self.count += site == self.site
        if self.is_triggered or site != self.site or self.count < self.nth:
            return action()
        self.is_triggered = True
        if not self.after:
            self._trigger(ERRORS[site][0])
            return action()
        result = action()
        self._trigger(ERRORS[site][1])
        return result

    def _trigger(self, error: Exception) -> None:
        if self.effect == "interference":
            self.interfere()
        elif self.effect == "kill":
            self.is_killed = True
            raise Killed
        else:
            raise error

    def __str__(self) -> str:
        return f"{self.effect} {'after' if self.after else 'before'} {self.site} {self.nth}"


def draw_fault(random: Random, interfere: Callable[[], None]) -> Fault:
    """Choose a fault at random. Nobody interferes during a commit, because the ledger would block there."""
    (site,) = random.choices(list(SITE_WEIGHTS), list(SITE_WEIGHTS.values()))
    effects: list[Effect] = ["error", "kill"] if site == "commit" else ["error", "kill", "kill", "interference"]
    nth = random.randint(1, SITE_COUNTS[site])
    return Fault(site=site, nth=nth, after=random.random() < 0.5, effect=random.choice(effects), interfere=interfere)


@contextmanager
def injecting(fault: Fault) -> Iterator[None]:
    """Route every side effect of the service through the fault inside the block."""
    sites: list[tuple[Any, str, Site]] = [
        (Connection, "_commit_impl", "commit"),
        (DiskArchive, "put", "archive-write"),
        (DiskArchive, "get", "archive-read"),
        (DiskArchive, "read_range", "archive-read"),
        (LocalDirectory, "stage", "upload"),
        (LocalDirectory, "publish", "publish"),
        (source, "begin_reading", "source-read"),
    ]
    with ExitStack() as patches:
        for owner, name, site in sites:
            patches.enter_context(mock.patch.object(owner, name, _routed(fault, site, getattr(owner, name))))
        yield


@contextmanager
def without_delays() -> Iterator[None]:
    """Skip pauses between retries, and stub the control sheet's PDF."""
    with (
        mock.patch("tenacity.nap.time.sleep"),
        mock.patch("statement_builder.operations.control_sheet.render_control_sheet", return_value=b"%PDF stub"),
    ):
        yield


def _routed(fault: Fault, site: Site, action: Callable[..., Any]) -> Callable[..., Any]:
    def routed(*arguments: Any, **keywords: Any) -> Any:
        return fault.run(site, lambda: action(*arguments, **keywords))

    return routed
