"""The moments at which a process can die around a hand-off, each with SIGKILL, for each way out of the building."""

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

from statement_builder.pipeline.email_delivery import EMAILS_PER_COMMIT
from tests.commands import BATCH, RERUN, RUN, call
from tests.hospital import Hospital, build_hospital
from tests.kill_points import run_killed_at
from tests.services.fake_lob import run_fake_lob
from tests.services.fake_ses import run_fake_ses
from tests.services.sftp import SftpServer
from tests.services.smtp import run_smtp_server

RELEASE = ("release", BATCH, "--json")


@dataclass(frozen=True)
class WayOut:
    hospital: Hospital
    sent: Callable[[], list[str]]
    """Document ids that the other side has, one for each time it has it."""


@contextmanager
def way_out(channel: str, home: Hospital, folder: Path, sftp_server: SftpServer) -> Iterator[WayOut]:
    """The hospital with its print or its e-mail going out by this channel, and the other into a folder."""
    if channel == "print-folder":
        yield WayOut(home, lambda: [row["document_id"] for row in home.manifest_rows()])
    elif channel == "email-folder":
        yield WayOut(home, home.emailed)
    elif channel == "sftp":
        folder.mkdir()
        environ = {"STATEMENTS_PRINT": sftp_server.url(folder), **sftp_server.environ}
        yield WayOut(Hospital(home.home, environ), lambda: [row["document_id"] for row in home.manifest_rows(folder)])
    elif channel == "lob":
        with run_fake_lob() as lob:
            yield WayOut(Hospital(home.home, {"STATEMENTS_PRINT": lob.url, **lob.environ}), lob.documents)
    elif channel == "smtp":
        with run_smtp_server() as smtp:
            yield WayOut(Hospital(home.home, {"STATEMENTS_EMAIL": smtp.url}), lambda: document_ids(smtp.accepted))
    else:
        with run_fake_ses() as ses:
            environ = {"STATEMENTS_EMAIL": ses.url, **ses.environ}
            yield WayOut(Hospital(home.home, environ), lambda: document_ids(ses.accepted))


def document_ids(messages: list[EmailMessage]) -> list[str]:
    return [str(message["Message-ID"]).strip("<>").partition(".")[0] for message in messages]


ACTS = {
    # channel: what its decisive act is called among the moments
    "print-folder": "ctl",
    "email-folder": "eml",
    "sftp": "sftp-ctl",
    "lob": "lob",
    "smtp": "smtp",
    "ses": "ses",
}
PRINT = {"print-folder", "sftp", "lob"}
CANNOT_BE_ASKED = {"smtp", "ses"}


def before_the_claim(moments: list[str], act: int) -> int:
    return _last(moments, "commit-", before_committing(moments, act))


def before_committing(moments: list[str], act: int) -> int:
    """The claim is made, and nothing says yet that the act is next."""
    return _last(moments, "commit-", act)


def before_the_act(_moments: list[str], act: int) -> int:
    return act


def after_the_act(_moments: list[str], act: int) -> int:
    return act + 1


def after_the_record(moments: list[str], act: int) -> int:
    return moments.index("commit+", act)


def _last(moments: list[str], label: str, before: int) -> int:
    return before - 1 - moments[:before][::-1].index(label)


DEATHS = [before_the_claim, before_committing, before_the_act, after_the_act, after_the_record]
IN_DOUBT = {before_the_act, after_the_act}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch that has been rendered and waits for its release."""
    hospital = build_hospital(tmp_path_factory.mktemp("built") / "home", guarantors=20, workers=1)
    call(hospital, *RUN[:-2], "--json", code=3)
    return hospital


@pytest.fixture(scope="module", params=ACTS)
def channel(
    request: pytest.FixtureRequest,
    built: Hospital,
    sftp_server: SftpServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, list[str]]:
    """A channel, and all moments of a hand-off by it that nobody kills."""
    home = built.copy_to(tmp_path_factory.mktemp("untouched") / "home")
    with way_out(request.param, home, home.home / "vendor", sftp_server) as out:
        assert run_killed_at(out.hospital, 0, *RELEASE) == 0
    return request.param, (home.home / "moments").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("death", DEATHS, ids=lambda each: each.__name__)
def test_killed__nothing_twice_nothing_lost(
    channel: tuple[str, list[str]],
    death: Callable[[list[str], int], int],
    built: Hospital,
    sftp_server: SftpServer,
    tmp_path: Path,
) -> None:
    name, moments = channel
    acts = [n for n, moment in enumerate(moments) if moment == f"{ACTS[name]}-"]
    act = acts[min(1, len(acts) - 1)]
    home = built.copy_to(tmp_path / "home")
    with way_out(name, home, tmp_path / "vendor", sftp_server) as out:
        moment = death(moments, act)
        assert run_killed_at(out.hospital, moment + 1, *RELEASE) == -signal.SIGKILL
        if name in CANNOT_BE_ASKED:
            wait_for(out, sum(each < moment for each in acts))
        died_with = out.sent()
        assert max(Counter(died_with).values(), default=1) == 1
        if name in CANNOT_BE_ASKED and death in IN_DOUBT:
            settle_by_asking_somebody(out, died_with)
        assert call(out.hospital, *RERUN).json["state"] == "closed"
        wanted = "print" if name in PRINT else "email"
        documents = [row[0] for row in home.ledger("SELECT document_id FROM document WHERE channel = ?", wanted)]
        assert len(documents) > 1
        assert Counter(out.sent()) == Counter(documents)
        summary = call(out.hospital, "show", BATCH, "--json").json
        assert summary["foots"] is True
        assert summary["counts"]["handed_off"] == summary["counts"]["rendered"]
        call(out.hospital, *RERUN)
        assert Counter(out.sent()) == Counter(documents)


def wait_for(out: WayOut, messages: int) -> None:
    """The server may still be reading what a process that has died since sent to it."""
    end = time.monotonic() + 20
    while len(out.sent()) < messages and time.monotonic() < end:
        time.sleep(0.01)
    assert len(out.sent()) == messages


def settle_by_asking_somebody(out: WayOut, died_with: list[str]) -> None:
    """Nobody can be asked by the service, so it waits with the evidence; a person looks into the server's log."""
    call(out.hospital, *RERUN, code=3)
    rows = call(out.hospital, "show", BATCH, "--json").json["open_hand_offs"]
    doubtful = {row["document"] for row in rows}
    assert 1 <= len(doubtful) <= EMAILS_PER_COMMIT
    assert all(row["evidence"] for row in rows)
    assert not doubtful & (set(out.sent()) - set(died_with)), "one in doubt was repeated"
    for document in doubtful:
        word = "--sent" if document in died_with else "--not-sent"
        call(out.hospital, "resolve", document, word, "--reason", "looked into the mail server's log")
