"""S3 on a bad day, in each step that needs it: one sentence for the operator, and once the day is over a re-run ends as
if it had been a good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from statement_builder.archive import s3
from tests.commands import RERUN, RUN, call, error_message
from tests.hospital import Hospital, build_hospital
from tests.outcomes import assert_closed_and_sent_once, assert_nothing_sent
from tests.services.faulty_s3 import Fault, FaultyS3

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A hospital in which nothing has been run."""
    return build_hospital(tmp_path_factory.mktemp("new") / "home", guarantors=20, workers=1)


@pytest.fixture
def hospital(new: Hospital, tmp_path: Path, faulty_s3_url: str) -> Hospital:
    return Hospital(new.copy_to(tmp_path / "home").home, {"STATEMENTS_ARCHIVE": faulty_s3_url})


BAD_DAYS = [
    # fault, in which requests: method and words of the path; words of the message; has mail left by then
    pytest.param("error-500", "PUT", "snapshots/", "S3 error InternalError", False, id="pull-500"),
    pytest.param("hang-up", "PUT", "snapshots/", "Connection was closed", False, id="pull-connection-lost"),
    pytest.param("damaged-upload", "PUT", "snapshots/", "snapshots/", False, id="pull-damaged-on-the-way-up"),
    pytest.param("error-500", "HEAD", "packs/", "S3 error 500", False, id="build-500-at-the-look"),
    pytest.param("slow-down-503", "PUT", "packs/", "S3 error SlowDown", False, id="build-503"),
    pytest.param("damaged-upload", "PUT", "packs/", "packs/", False, id="build-damaged-on-the-way-up"),
    pytest.param("wrong-checksum", "HEAD", "packs/", "stored with different content", False, id="build-wrong-checksum"),
    pytest.param("damaged-download", "GET", "snapshots/", "snapshots/", False, id="build-damaged-on-the-way-down"),
    pytest.param("error-500", "GET", "packs/", "S3 error InternalError", True, id="hand-off-500"),
    pytest.param("hang-up", "GET", "packs/", "Connection was closed", True, id="hand-off-connection-lost"),
    pytest.param("damaged-download", "GET", "packs/", "packs/", True, id="hand-off-damaged-on-the-way-down"),
    pytest.param("error-500", "PUT", "control-sheets/", "S3 error InternalError", True, id="close-500"),
]


@pytest.mark.parametrize(("fault", "method", "path", "says", "has_left"), BAD_DAYS)
def test_bad_day__is_one_sentence_and_a_rerun_ends_well(
    hospital: Hospital, faulty_s3: FaultyS3, fault: Fault, method: str, path: str, says: str, has_left: bool
) -> None:
    faulty_s3.inject(fault, method=method, path=path)
    message = error_message(call(hospital, *RUN, code=1))
    assert faulty_s3.injected, "no fault was injected, so this test proves nothing"
    assert says in message
    if not has_left:
        assert_nothing_sent(hospital)
    faulty_s3.clear()
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


def test_hiccup__is_not_even_noticed(hospital: Hospital, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two errors in a row are within what S3's own client bears."""
    faulty_s3.inject("error-500", method="PUT", path="packs/")
    ask = faulty_s3.fault_for
    monkeypatch.setattr(faulty_s3, "fault_for", lambda *request: ask(*request) if faulty_s3.injected < 2 else None)
    assert call(hospital, *RUN).json["state"] == "closed"
    assert faulty_s3.injected == 2
    assert_closed_and_sent_once(hospital)


def test_slow_day__takes_its_time(hospital: Hospital, faulty_s3: FaultyS3) -> None:
    faulty_s3.inject("slow", method="GET", path="")
    assert call(hospital, *RUN).json["state"] == "closed"
    assert faulty_s3.injected
    assert_closed_and_sent_once(hospital)


def test_server_that_never_answers__is_given_up_on(
    hospital: Hospital, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty_s3.inject("silent", method="PUT", path="packs/")
    with monkeypatch.context() as impatient:
        impatient.setattr(s3, "_READ_TIMEOUT_S", 0.3)
        assert "Read timeout" in error_message(call(hospital, *RUN, code=1))
    assert_nothing_sent(hospital)
    faulty_s3.clear()
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize("steps", [RUN, (*RUN[:-2], "--until", "build", "--json")], ids=["pull", "hand-off"])
def test_connection_refused__is_one_sentence_and_a_rerun_ends_well(hospital: Hospital, steps: tuple[str, ...]) -> None:
    good = hospital.environ["STATEMENTS_ARCHIVE"]
    nobody_there = Hospital(
        hospital.home, {"STATEMENTS_ARCHIVE": f"{good.partition('?')[0]}?endpoint=http://127.0.0.1:1"}
    )
    if steps is not RUN:
        call(hospital, *steps)
    message = error_message(call(nobody_there, *RUN, code=1))
    assert "Could not connect to the endpoint URL" in message
    assert_nothing_sent(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)
