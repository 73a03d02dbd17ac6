"""A simulated bad day: an outside effect of the service fails, or the process dies at it, or somebody comes along.

Everything runs in this process and for real, on real files, but for three stand-ins: death, which is an exception that
no code of ours catches and after which no effect gets through; the control sheet's PDF; and the pauses between tries.
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

Site = Literal["commit", "keep", "fetch", "stage", "publish", "pull"]
What = Literal["fails", "dies", "meets"]

COMMIT_LOST = OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))
ERRORS: dict[Site, tuple[Exception, Exception]] = {
    # what the caller is told: when it has not happened, and when it has and the answer was lost
    "commit": (COMMIT_LOST, COMMIT_LOST),
    "keep": (ArchiveError("the archive is full"), ArchiveError("the archive did not answer")),
    "fetch": (ArchiveError("the archive is away"), ArchiveError("the archive did not answer")),
    "stage": (Retryable("the disk is full"), Retryable("the disk did not answer")),
    "publish": (Retryable("the name was refused"), UnknownOutcome("the connection was lost after the rename")),
    "pull": (SourceError("the billing database is away"), SourceError("the billing database went away")),
}
OFTEN: dict[Site, int] = {"commit": 20, "keep": 4, "fetch": 6, "stage": 16, "publish": 16, "pull": 2}
"""About how many of each a batch has: which one the blow falls on is chosen among them."""
WEIGHT: dict[Site, int] = {"commit": 4, "keep": 1, "fetch": 1, "stage": 1, "publish": 5, "pull": 1}
"""Where a blow does harm if something is wrong, it falls more often."""


class Died(BaseException):
    """The process is gone: stands in for SIGKILL."""


@dataclass
class Storm:
    """The one blow of a bad day: at which effect, the how-manieth of its kind, before it or after it."""

    site: Site
    nth: int
    after: bool
    what: What
    visitor: Callable[[], None] = lambda: None
    """Who comes along in the middle, where `what` is `meets`."""
    seen: int = 0
    struck: bool = False
    dead: bool = False

    def pass_through(self, site: Site, effect: Callable[[], Any]) -> Any:
        if self.dead:
            raise Died
        self.seen += site == self.site
        if self.struck or site != self.site or self.seen < self.nth:
            return effect()
        self.struck = True
        if not self.after:
            self._blow(ERRORS[site][0])
            return effect()
        result = effect()
        self._blow(ERRORS[site][1])
        return result

    def _blow(self, error: Exception) -> None:
        if self.what == "meets":
            self.visitor()
        elif self.what == "dies":
            self.dead = True
            raise Died
        else:
            raise error

    def __str__(self) -> str:
        return f"{self.what} {'after' if self.after else 'before'} {self.site} {self.nth}"


def draw_storm(random: Random, visitor: Callable[[], None]) -> Storm:
    """A blow anywhere. Nobody comes along within a transaction: there the ledger would make them wait."""
    (site,) = random.choices(list(WEIGHT), list(WEIGHT.values()))
    whats: list[What] = ["fails", "dies"] if site == "commit" else ["fails", "dies", "dies", "meets"]
    nth = random.randint(1, OFTEN[site])
    return Storm(site=site, nth=nth, after=random.random() < 0.5, what=random.choice(whats), visitor=visitor)


@contextmanager
def blowing(storm: Storm) -> Iterator[None]:
    """Every effect of the service goes through the storm while the block runs."""
    sites: list[tuple[Any, str, Site]] = [
        (Connection, "_commit_impl", "commit"),
        (DiskArchive, "put", "keep"),
        (DiskArchive, "get", "fetch"),
        (DiskArchive, "read_range", "fetch"),
        (LocalDirectory, "stage", "stage"),
        (LocalDirectory, "publish", "publish"),
        (source, "begin_reading", "pull"),
    ]
    with ExitStack() as patches:
        for owner, name, site in sites:
            patches.enter_context(mock.patch.object(owner, name, _stormy(storm, site, getattr(owner, name))))
        yield


@contextmanager
def sped_up() -> Iterator[None]:
    """No pauses between tries, and a stand-in for the PDF of the control sheet."""
    with (
        mock.patch("tenacity.nap.time.sleep"),
        mock.patch("statement_builder.operations.control.print_control_sheet", return_value=b"%PDF stand-in"),
    ):
        yield


def _stormy(storm: Storm, site: Site, effect: Callable[..., Any]) -> Callable[..., Any]:
    def through(*arguments: Any, **named: Any) -> Any:
        return storm.pass_through(site, lambda: effect(*arguments, **named))

    return through
