"""Back ends that are down for a whole day: every call fails before it does anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest import mock

from mail_house.errors import Retryable
from mail_house.vendors.folder import LocalDirectory
from tests.faults.fault_injection import ERRORS, Fault, Site, injecting

SITES: tuple[Site, ...] = ("commit", "archive-write", "archive-read", "source-read", "upload", "publish")
"""The ledger, the archive, the billing database, and every folder."""
FOLDERS = ("print", "email", "agencies", "payroll", "portal")
"""The folders of those who take in mail and files, each alone."""


class Outage(Fault):
    """A back end that is down: every call at its site fails."""

    def run(self, site: Site, action: Any) -> Any:
        if site != self.site:
            return action()
        self.is_triggered = True
        raise ERRORS[site][0]


@contextmanager
def outage(what: str) -> Iterator[None]:
    """Inside the block, this site or folder is down. An empty name: nothing is."""
    if what in FOLDERS:
        with _folder_down(what):
            yield
    elif what:
        with injecting(Outage(site=next(each for each in SITES if each == what), nth=0, after=False, effect="error")):
            yield
    else:
        yield


def draw_outage(random: Random) -> str:
    return random.choice((*SITES, *FOLDERS))


@contextmanager
def _folder_down(name: str) -> Iterator[None]:
    def failing(action: Any) -> Any:
        def run(directory: Any, *arguments: Any) -> Any:
            if name in directory._folder.parts[-2:]:
                raise Retryable(f"the server of {name} does not answer")
            return action(directory, *arguments)

        return run

    with (
        mock.patch.object(LocalDirectory, "read", failing(LocalDirectory.read)),
        mock.patch.object(LocalDirectory, "stage", failing(LocalDirectory.stage)),
        mock.patch.object(LocalDirectory, "publish", failing(LocalDirectory.publish)),
    ):
        yield
