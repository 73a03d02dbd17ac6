"""The database session that holds the lock ends during a hand-off, and another operator takes over.

In the worst case, tested here, the second operator finishes the batch before the first one continues. PostgreSQL only:
a file lock ends with its process.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.engine import make_url

from statement_builder.billing.selection import Channel
from statement_builder.errors import LockLost
from statement_builder.operations.approval.release_codes import POLICY_APPROVAL
from statement_builder.operations.run_parallel import hand_off_run, prepare_hand_off
from tests.commands import BATCH, RERUN, RUN, RUN_TO_GATES, call, error_message
from tests.hospital import Hospital
from tests.outcomes import assert_closed_and_sent_once
from tests.pipeline.shard_worker import open_as_worker
from tests.services.postgres import connect

AfterFile = Callable[[str, Callable[[], None]], list[str]]
TAKEOVERS = [
    # the file after which it happens; the exit code, which is 0 after the last file because nothing is left to stop
    pytest.param(".eml", 1, id="an-e-mail-is-sent"),
    pytest.param(".csv", 1, id="a-print-file-is-being-uploaded"),
    pytest.param(".ctl", 0, id="everything-is-sent"),
]


pytestmark = pytest.mark.hospital("new", guarantors=40)


@pytest.fixture
def hospital(hospital: Hospital, postgres_url: str) -> Hospital:
    return Hospital(hospital.home, {"STATEMENTS_LEDGER": postgres_url})


def end_lock_session(hospital: Hospital) -> None:
    """As an administrator does, or a firewall that drops idle connections."""
    with connect(make_url(hospital.environ["STATEMENTS_LEDGER"])) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database() GROUP BY pid"
        )
        assert ended.fetchall() == [(True,)]


@pytest.mark.parametrize(("file_name", "code"), TAKEOVERS)
def test_lock_lost_to_another_operator__the_first_stops_and_nothing_is_sent_twice(
    hospital: Hospital, after_file: AfterFile, file_name: str, code: int
) -> None:
    states: list[str] = []

    def take_over() -> None:
        end_lock_session(hospital)
        states.append(call(hospital, *RERUN).json["state"])

    triggered_by = after_file(file_name, take_over)
    result = call(hospital, *RUN, code=code)
    assert (len(triggered_by), states) == (1, ["closed"])
    if code:
        message = error_message(result)
        assert f"batch {BATCH}: the connection to the ledger" in message
        assert "another process may be working on the batch" in message
    assert_closed_and_sent_once(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize(("file_name", "code"), TAKEOVERS)
def test_lock_lost__a_rerun_completes_the_batch(
    hospital: Hospital, after_file: AfterFile, file_name: str, code: int
) -> None:
    triggered_by = after_file(file_name, lambda: end_lock_session(hospital))
    result = call(hospital, *RUN, code=code)
    assert triggered_by
    if code:
        assert "Run the command again." in error_message(result)
        assert hospital.manifest_rows() == []
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize(
    ("channel", "file_name"),
    [pytest.param(Channel.EMAIL, ".eml", id="email"), pytest.param(Channel.PRINT, ".csv", id="print")],
)
def test_shard_lost_to_another_worker__the_first_stops(
    hospital: Hospital, after_file: AfterFile, channel: Channel, file_name: str
) -> None:
    environ = dict(hospital.environment)
    with open_as_worker(environ) as first:
        call(hospital, *RUN_TO_GATES, code=3)
        prepare_hand_off(first, first.require_batch(BATCH), POLICY_APPROVAL)

        def take_over() -> None:
            end_lock_session(hospital)
            with open_as_worker(environ) as second:
                hand_off_run(second, second.require_batch(BATCH), 1, 1, channel)

        triggered_by = after_file(file_name, take_over)
        with pytest.raises(LockLost, match="another process may be working"):
            hand_off_run(first, first.require_batch(BATCH), 1, 1, channel)
        assert len(triggered_by) == 1
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)
