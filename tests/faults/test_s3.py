"""S3 failures in each stage that uses it: the operator gets one message, and a re-run completes the batch."""

from __future__ import annotations

import pytest

from statement_builder.archive import s3
from tests.commands import RERUN, RUN, RUN_TO_GATES, call, error_message
from tests.hospital import Hospital
from tests.outcomes import assert_closed_and_sent_once, assert_nothing_sent
from tests.services.faulty_s3 import Fault, FaultyS3

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def hospital(hospital: Hospital, faulty_s3_url: str) -> Hospital:
    return Hospital(hospital.home, {"STATEMENTS_ARCHIVE": faulty_s3_url})


FAILURES = [
    # fault; the requests it affects: method (any if empty) and part of the path; part of the message; whether mail was
    # sent by then
    pytest.param("error-500", "PUT", "snapshots/", "S3 error InternalError", False, id="pull-500"),
    pytest.param("hang-up", "PUT", "snapshots/", "Connection was closed", False, id="pull-connection-lost"),
    pytest.param("damaged-upload", "PUT", "snapshots/", "snapshots/", False, id="pull-damaged-upload"),
    pytest.param("error-500", "HEAD", "packs/", "S3 error 500", False, id="build-500-on-head"),
    pytest.param("slow-down-503", "PUT", "packs/", "S3 error SlowDown", False, id="build-503"),
    pytest.param("damaged-upload", "PUT", "packs/", "packs/", False, id="build-damaged-upload"),
    pytest.param("wrong-checksum", "", "packs/", "stored with different content", False, id="build-wrong-checksum"),
    pytest.param("damaged-download", "GET", "snapshots/", "snapshots/", False, id="build-damaged-download"),
    pytest.param("error-500", "GET", "packs/", "S3 error InternalError", True, id="hand-off-500"),
    pytest.param("hang-up", "GET", "packs/", "Connection was closed", True, id="hand-off-connection-lost"),
    pytest.param("damaged-download", "GET", "packs/", "packs/", True, id="hand-off-damaged-download"),
    pytest.param("error-500", "PUT", "control-sheets/", "S3 error InternalError", True, id="close-500"),
]


@pytest.mark.parametrize(("fault", "method", "path", "part", "is_sent"), FAILURES)
def test_failure__gives_one_message_and_a_rerun_completes_the_batch(
    hospital: Hospital, faulty_s3: FaultyS3, fault: Fault, method: str, path: str, part: str, is_sent: bool
) -> None:
    faulty_s3.inject(fault, method=method, path=path)
    message = error_message(call(hospital, *RUN, code=1))
    assert faulty_s3.injected, "no fault was injected, so this test proves nothing"
    assert part in message
    if not is_sent:
        assert_nothing_sent(hospital)
    faulty_s3.clear()
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


def test_two_errors__are_retried(hospital: Hospital, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """The S3 client retries two consecutive errors by itself."""
    faulty_s3.inject("error-500", method="PUT", path="packs/")
    fault_for = faulty_s3.fault_for
    monkeypatch.setattr(
        faulty_s3, "fault_for", lambda *request: fault_for(*request) if faulty_s3.injected < 2 else None
    )
    assert call(hospital, *RUN).json["state"] == "closed"
    assert faulty_s3.injected == 2
    assert_closed_and_sent_once(hospital)


def test_slow_server__is_waited_for(hospital: Hospital, faulty_s3: FaultyS3) -> None:
    faulty_s3.inject("slow", method="GET", path="")
    assert call(hospital, *RUN).json["state"] == "closed"
    assert faulty_s3.injected
    assert_closed_and_sent_once(hospital)


def test_server_that_never_answers__times_out(
    hospital: Hospital, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty_s3.inject("silent", method="PUT", path="packs/")
    with monkeypatch.context() as patch:
        patch.setattr(s3, "_READ_TIMEOUT_S", 0.3)
        assert "Read timeout" in error_message(call(hospital, *RUN, code=1))
    assert_nothing_sent(hospital)
    faulty_s3.clear()
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize("is_built", [pytest.param(False, id="pull"), pytest.param(True, id="hand-off")])
def test_connection_refused__gives_one_message_and_a_rerun_completes_the_batch(
    hospital: Hospital, is_built: bool
) -> None:
    bucket = hospital.environ["STATEMENTS_ARCHIVE"].partition("?")[0]
    disconnected = Hospital(hospital.home, {"STATEMENTS_ARCHIVE": f"{bucket}?endpoint=http://127.0.0.1:1"})
    if is_built:
        call(hospital, *RUN_TO_GATES, "--until", "build")
    message = error_message(call(disconnected, *RUN, code=1))
    assert "Could not connect to the endpoint URL" in message
    assert_nothing_sent(hospital)
    assert call(hospital, *RUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)
