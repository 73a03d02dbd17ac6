"""One run over an inbox: fetch into it, process each complete file by itself, and list what waits for a person.

The mail's inbox, payroll's, and each agency's are read in this way. No file stops the others, none is deleted, and the
same bytes are processed once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mail_house.errors import HandOffError, Retryable
from mail_house.inbound import HasSettled
from mail_house.limits import LimitExceeded
from statement_builder.containment import contain
from statement_builder.errors import ConfigError, InvariantError, LedgerError, StatementsError
from statement_builder.operations.tracking.inbound_files import (
    Processed,
    TrackedFile,
    not_readable,
    put_away,
    put_away_known,
)
from statement_builder.operations.tracking.inbox import REVIEW_FOLDERS, Inbox, safe_name
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext

CHANGED_DAYS_MAX = 7
"""How long after it was processed a file in `done` is watched for changes."""
UNFINISHED_HOURS_MAX = 24
"""How long a file may keep its temporary name before a person is told."""
_IRREGULAR = (
    "is a folder, a link or a device, not a file, so it is not read. Remove it, or put the files in it into the inbox."
)
_UNFINISHED = (
    "has had a temporary name for a day, so it is not read: its transfer did not finish. Ask the sender for it again, "
    "and remove this one."
)
_DATED_AHEAD = (
    "is dated in the future and has kept changing for a day, so it is not read. Correct the clock of the machine that "
    "writes it, or put the complete file into the inbox."
)

ReadFile = Callable[[str, bytes], Processed]
"""Parses and records one file: its name, fit to be shown, and its bytes. The message of a `LimitExceeded` completes a
sentence that begins with "The file"."""


class Fetch(Protocol):
    """Fetches the complete files at `url` into the inbox. `ValueError` for an invalid URL."""

    def __call__(
        self, url: str, *, environ: Mapping[str, str], store: Callable[[str, bytes], None], has_settled: HasSettled
    ) -> object: ...


class InboxRun:
    """The run in progress over the inbox in `folder`, which `setting` names. The caller holds its lock.

    `shown` names the inbox in messages; `runbooks` has the runbook for each subfolder whose files wait for a person,
    and `runbook` is for the rest.
    """

    def __init__(
        self,
        context: AppContext,
        folder: Path,
        *,
        setting: str,
        shown: str,
        runbook: str,
        runbooks: Mapping[str, str] | None = None,
    ) -> None:
        self._context = context
        self._shown, self._runbook, self._runbooks = shown, runbook, runbooks or {}
        self.inbox = Inbox(folder, setting=setting)
        # A demonstration's clock may be ahead of the file system's.
        now = max(context.now().timestamp(), self.inbox.file_time())
        self._settling = self.inbox.start_settling(now=now, settle_s=context.settings.mail.settle_seconds)
        self.alerts: list[Alert] = []
        """What this run found that a person must act on."""

    def fetch(self, fetch: Fetch, url: str, *, subject: str, runbook: str) -> None:
        """Fetch new files from `url`. A place that cannot be reached becomes an alert about `subject`. `ConfigError`
        for an invalid setting."""
        if not url:
            return
        has_settled = self._settling.of(f"{subject}: ")
        try:
            fetch(url, environ=self._context.environ, store=self.inbox.store, has_settled=has_settled)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc
        except (HandOffError, OSError) as exc:
            self.alerts.append(alert("UNREACHABLE", subject, str(exc), runbook))

    def put_back_changed(self) -> None:
        """Read again what somebody has written to a file after it was read, processed or not."""
        inbox = self.inbox
        for name in inbox.grown_names():
            with suppress(OSError):  # it stays where it waits for a person
                inbox.put_back(name)
        for name in inbox.changed_since_taken(changed_after=inbox.file_time() - CHANGED_DAYS_MAX * 86_400):
            with suppress(OSError, LimitExceeded):  # it stays in `done`
                if self._context.ledger.inbound_files.find(hashlib.sha256(inbox.read(name)).hexdigest()) is None:
                    inbox.put_back(name)

    def complete_names(self) -> list[str]:
        """The files to process now, by name. Files that a wrong clock has dated for a day become alerts."""
        names = self.inbox.names(self._settling.of(""))
        self.inbox.save_sightings(self._settling)
        self.alerts += [
            alert("REVIEW_INBOX", safe_name(name), f"{safe_name(name)} {_DATED_AHEAD}", self._runbook)
            for name in self._settling.ahead_for(UNFINISHED_HOURS_MAX * 3_600)
        ]
        return names

    def process(self, names: Iterable[str], read: ReadFile) -> list[TrackedFile]:
        """Process files one by one. One that cannot be processed now stays where it is, and becomes an alert."""
        files = []
        for name in names:
            try:
                files.append(self._process_file(name, read))
            except FileNotFoundError:
                continue  # moved away by somebody else in the meantime
            except LedgerError:
                raise  # nothing can be recorded: it concerns every file
            except Retryable as exc:
                self.alerts.append(alert("UNREACHABLE", safe_name(name), str(exc), "unreachable"))
            except (StatementsError, OSError) as exc:
                what = f"cannot be read or moved ({exc.strerror})" if isinstance(exc, OSError) else str(exc)
                message = f"{safe_name(name)} waits in {self._shown}: {what}. The next run tries it again."
                self.alerts.append(alert("REVIEW_INBOX", safe_name(name), message, self._runbook))
        return files

    def _process_file(self, name: str, read: ReadFile) -> TrackedFile:
        sha256, size = "", None
        shown = safe_name(name.rpartition("/")[2])
        try:
            data = self.inbox.read(name)
            sha256, size = hashlib.sha256(data).hexdigest(), len(data)
            if known := self._context.ledger.inbound_files.find(sha256):
                return put_away_known(self.inbox, name, known, size=size)
            result = read(shown, data)
        except Retryable:
            raise  # it stays in the inbox for the next run
        except LimitExceeded as exc:
            result = not_readable(f"The file {exc}.")
        except (MemoryError, RecursionError):
            result = not_readable("The file is larger or more deeply nested than this service can read.")
        except Exception as exc:  # noqa: BLE001 - a bug concerns this file only; `contain` logs it
            problem = contain(exc, "reading a file", shown)
            result = not_readable(f"{problem.message} {problem.fix}")
        if result.lines != result.news + result.unchanged + result.quarantined:
            raise InvariantError(f"of {result.lines} lines, some were neither recorded nor quarantined: report this")
        return put_away(self._context, self.inbox, name, result, sha256, size=size)

    def review(self, *, hints: Mapping[str, str] | None = None) -> list[Alert]:
        """What a person must look at in the inbox. `hints`: what else to say of the files in a subfolder."""
        inbox, hints = self.inbox, hints or {}
        alerts = [
            alert(
                "REVIEW_INBOX",
                name,
                f"Review {folder}/{name} in {self._shown}.{hints.get(folder, '')}",
                self._runbooks.get(folder, self._runbook),
            )
            for folder, names in inbox.files_to_review().items()
            if folder in REVIEW_FOLDERS
            for name in map(safe_name, names)
        ]
        left = dict.fromkeys(inbox.irregular_names(), _IRREGULAR)
        a_day_ago = inbox.file_time() - UNFINISHED_HOURS_MAX * 3_600
        left |= dict.fromkeys(inbox.unfinished_names(unchanged_since=a_day_ago), _UNFINISHED)
        shown = {safe_name(name): what for name, what in left.items()}
        return alerts + [
            alert("REVIEW_INBOX", name, f"{name} in {self._shown} {what}", self._runbook)
            for name, what in shown.items()
        ]
