"""The ledger's session that the lock hangs on is ended in the middle of a hand-off, and another operator takes over.

The other one works through the whole batch before the first goes on: the worst there is. PostgreSQL only: the lock of a
file goes with its process.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from statement_builder.billing.selection import Channel
from statement_builder.errors import LockLost
from statement_builder.operations.run_parallel import hand_off_run, prepare_hand_off
from tests.commands import BATCH, RERUN, RUN, call, error_message
from tests.hospital import Hospital, build_hospital
from tests.outcomes import assert_closed_and_sent_once
from tests.pipeline.shard_worker import open_as_worker
from tests.services.postgres import connect

AtFile = Callable[[str, Callable[[], None]], list[str]]
LEFT = [
    # the file after which it happens; the exit code: after the last of them nothing is left to stop
    pytest.param(".eml", 1, id="an-e-mail-is-out"),
    pytest.param(".csv", 1, id="a-print-file-is-being-brought"),
    pytest.param(".ctl", 0, id="everything-is-out"),
]


@pytest.fixture
def hospital(postgres_url: str, tmp_path: Path) -> Hospital:
    home = build_hospital(tmp_path / "home", guarantors=40, workers=1).home
    return Hospital(home, {"STATEMENTS_LEDGER": postgres_url})


def end_lock_session(hospital: Hospital) -> None:
    """What an administrator does, or a firewall that forgets idle connections."""
    with connect(make_url(hospital.environ["STATEMENTS_LEDGER"])) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database() GROUP BY pid"
        )
        assert ended.fetchall() == [(True,)]


@pytest.mark.parametrize(("words", "code"), LEFT)
def test_lock_lost_and_taken_by_another__the_first_stops_and_nothing_leaves_twice(
    hospital: Hospital, at_file: AtFile, words: str, code: int
) -> None:
    taken_over: list[str] = []

    def take_over() -> None:
        end_lock_session(hospital)
        taken_over.append(call(hospital, *RERUN).json["state"])

    happened = at_file(words, take_over)
    answer = call(hospital, *RUN, code=code)
    assert (len(happened), taken_over) == (1, ["closed"])
    if code:
        message = error_message(answer)
        assert f"batch {BATCH}: the connection to the ledger" in message
        assert "another process may be working on the batch" in message
    assert_closed_and_sent_once(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize(("words", "code"), LEFT)
def test_lock_lost_and_nobody_came__a_rerun_ends_it(hospital: Hospital, at_file: AtFile, words: str, code: int) -> None:
    happened = at_file(words, lambda: end_lock_session(hospital))
    answer = call(hospital, *RUN, code=code)
    assert happened
    if code:
        assert "Run this again." in error_message(answer)
        assert hospital.manifest_rows() == []
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize(
    ("channel", "words"),
    [pytest.param(Channel.EMAIL, ".eml", id="email"), pytest.param(Channel.PRINT, ".csv", id="print")],
)
def test_shard_lost_and_taken_by_another_worker__the_first_stops(
    hospital: Hospital, at_file: AtFile, channel: Channel, words: str
) -> None:
    environ = dict(hospital.environment)
    with open_as_worker(environ) as first:
        call(hospital, *(word for word in RUN if word != "--release"), code=3)
        prepare_hand_off(first, BATCH, release=True)

        def take_over() -> None:
            end_lock_session(hospital)
            with open_as_worker(environ) as second:
                hand_off_run(second, BATCH, 1, 1, channel)

        happened = at_file(words, take_over)
        with pytest.raises(LockLost, match="another process may be working"):
            hand_off_run(first, BATCH, 1, 1, channel)
        assert len(happened) == 1
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)
