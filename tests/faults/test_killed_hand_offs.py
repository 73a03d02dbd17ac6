"""A process is killed at each critical moment of a hand-off, for each delivery method."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from statement_builder.pipeline.email.email_delivery import EMAILS_PER_COMMIT
from tests.commands import BATCH, RELEASE, RERUN, call
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import Hospital
from tests.kill_points import passed_moments, run_killed_at
from tests.services.fake_lob import run_fake_lob
from tests.services.fake_ses import run_fake_ses
from tests.services.sftp import SftpServer
from tests.services.smtp import run_smtp_server


@dataclass(frozen=True)
class Delivery:
    hospital: Hospital
    received: Callable[[], list[str]]
    """Ids of the documents that the vendor or mail server has received, once per copy."""


@contextmanager
def delivering(method: str, home: Hospital, folder: Path, sftp_server: SftpServer) -> Iterator[Delivery]:
    """The hospital with its print files or its e-mails sent by this method, and the others into a folder."""
    if method == "print-folder":
        yield Delivery(home, lambda: [row["document_id"] for row in home.manifest_rows()])
    elif method == "email-folder":
        yield Delivery(home, home.emailed)
    elif method == "sftp":
        folder.mkdir()
        environ = {"STATEMENTS_PRINT": sftp_server.url(folder), **sftp_server.environ}
        yield Delivery(Hospital(home.home, environ), lambda: [row["document_id"] for row in home.manifest_rows(folder)])
    elif method == "lob":
        with run_fake_lob() as lob:
            yield Delivery(Hospital(home.home, {"STATEMENTS_PRINT": lob.url, **lob.environ}), lob.documents)
    elif method == "smtp":
        with run_smtp_server() as smtp:
            yield Delivery(Hospital(home.home, {"STATEMENTS_EMAIL": smtp.url}), lambda: document_ids(smtp.accepted))
    else:
        with run_fake_ses() as ses:
            environ = {"STATEMENTS_EMAIL": ses.url, **ses.environ}
            yield Delivery(Hospital(home.home, environ), lambda: document_ids(ses.accepted))


def document_ids(messages: list[EmailMessage]) -> list[str]:
    return [str(message["Message-ID"]).strip("<>").partition(".")[0] for message in messages]


COMMIT_LABELS = {
    # delivery method: the label of its commit among the moments
    "print-folder": "ctl",
    "email-folder": "eml",
    "sftp": "sftp-ctl",
    "lob": "lob",
    "smtp": "smtp",
    "ses": "ses",
}
PRINT_METHODS = {"print-folder", "sftp", "lob"}
CANNOT_BE_LOOKED_UP = {"smtp", "ses"}


def before_claim(moments: list[str], commit: int) -> int:
    return _last(moments, "commit-", after_claim(moments, commit))


def after_claim(moments: list[str], commit: int) -> int:
    """Claimed, but not yet recorded as about to be committed."""
    return _last(moments, "commit-", commit)


def before_commit(_moments: list[str], commit: int) -> int:
    return commit


def after_commit(_moments: list[str], commit: int) -> int:
    return commit + 1


def after_record(moments: list[str], commit: int) -> int:
    return moments.index("commit+", commit)


def _last(moments: list[str], label: str, before: int) -> int:
    return before - 1 - moments[:before][::-1].index(label)


KILL_MOMENTS = [before_claim, after_claim, before_commit, after_commit, after_record]
UNCERTAIN_AFTER = {before_commit, after_commit}


@pytest.fixture(scope="module", params=COMMIT_LABELS)
def method(
    request: pytest.FixtureRequest,
    sample_hospitals: SampleHospitals,
    sftp_server: SftpServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, list[str]]:
    """A delivery method, and all moments of a hand-off by it that is not killed."""
    home = sample_hospitals.copy_to(tmp_path_factory.mktemp("undisturbed") / "home", "waiting")
    with delivering(request.param, home, home.home / "vendor", sftp_server) as delivery:
        assert run_killed_at(delivery.hospital, 0, *RELEASE) == 0
    return request.param, passed_moments(home)


@pytest.mark.hospital("waiting")
@pytest.mark.parametrize("kill_moment", KILL_MOMENTS, ids=lambda each: each.__name__)
def test_killed__sends_nothing_twice_and_loses_nothing(
    method: tuple[str, list[str]],
    kill_moment: Callable[[list[str], int], int],
    hospital: Hospital,
    sftp_server: SftpServer,
    tmp_path: Path,
) -> None:
    name, moments = method
    commits = [n for n, moment in enumerate(moments) if moment == f"{COMMIT_LABELS[name]}-"]
    commit = commits[min(1, len(commits) - 1)]
    with delivering(name, hospital, tmp_path / "vendor", sftp_server) as delivery:
        moment = kill_moment(moments, commit)
        assert run_killed_at(delivery.hospital, moment + 1, *RELEASE) == -signal.SIGKILL
        if name in CANNOT_BE_LOOKED_UP:
            wait_for(delivery, sum(each < moment for each in commits))
        received = delivery.received()
        assert max(Counter(received).values(), default=1) == 1
        if name in CANNOT_BE_LOOKED_UP and kill_moment in UNCERTAIN_AFTER:
            resolve_uncertain(delivery, received)
        assert call(delivery.hospital, *RERUN).json["state"] == "closed"
        channel = "print" if name in PRINT_METHODS else "email"
        documents = [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = ?", channel)]
        assert len(documents) > 1
        assert Counter(delivery.received()) == Counter(documents)
        summary = call(delivery.hospital, "show", BATCH, "--json").json
        assert summary["foots"] is True
        assert summary["counts"]["handed_off"] == summary["counts"]["rendered"]
        call(delivery.hospital, *RERUN)
        assert Counter(delivery.received()) == Counter(documents)


def wait_for(delivery: Delivery, messages: int) -> None:
    """Wait until the server has read what the killed process sent."""
    end = time.monotonic() + 20
    while len(delivery.received()) < messages and time.monotonic() < end:
        time.sleep(0.01)
    assert len(delivery.received()) == messages


def resolve_uncertain(delivery: Delivery, received: list[str]) -> None:
    """The service cannot look these e-mails up, so they are uncertain until an operator reads the server's log."""
    call(delivery.hospital, *RERUN, code=3)
    rows = call(delivery.hospital, "show", BATCH, "--json").json["open_hand_offs"]
    uncertain = {row["document"] for row in rows}
    assert 1 <= len(uncertain) <= EMAILS_PER_COMMIT
    assert all(row["evidence"] for row in rows)
    assert not uncertain & (set(delivery.received()) - set(received)), "an uncertain e-mail was sent again"
    for document in uncertain:
        verdict = "--sent" if document in received else "--not-sent"
        call(delivery.hospital, "resolve", document, verdict, "--reason", "read the mail server's log")
