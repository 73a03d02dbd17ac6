"""PostgreSQL, with the ledger and the billing database, is stopped or restarted during each stage.

It happens at the worst moment: the stage has written its file and is about to record it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from statement_builder.source import make_sample
from tests.commands import RERUN, RUN, call, error_message
from tests.hospital import AS_OF, Hospital
from tests.outcomes import assert_closed_and_sent_once, assert_nothing_sent
from tests.services.postgres import Cluster, fresh_database, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def hospital(cluster: Cluster, hospital: Hospital) -> Iterator[Hospital]:
    """Ledger and billing database are on the server that fails."""
    with fresh_database(cluster.url) as ledger_url, fresh_database(cluster.url) as source_url:
        make_sample(source_url, guarantors=20, seed=1, as_of=AS_OF)
        yield Hospital(hospital.home, {"STATEMENTS_LEDGER": ledger_url, "STATEMENTS_SOURCE_URL": source_url})


STAGES = [
    # the file after which the server fails; whether mail was sent by then
    pytest.param("snapshots/", False, id="pull"),
    pytest.param("packs/", False, id="build"),
    pytest.param(".pdf", True, id="hand-off-print"),
    pytest.param(".ctl", True, id="hand-off-control-file"),
    pytest.param("control-sheets/", True, id="close"),
]


@pytest.mark.parametrize(("file_name", "is_sent"), STAGES)
def test_server_stopped__gives_one_message_and_a_rerun_completes_the_batch(
    cluster: Cluster,
    hospital: Hospital,
    after_file: Callable[[str, Callable[[], None]], list[str]],
    file_name: str,
    is_sent: bool,
) -> None:
    triggered_by = after_file(file_name, cluster.stop)
    try:
        message = error_message(call(hospital, *RUN, code=1))
    finally:
        if cluster.process.poll() is not None:
            cluster.start()
    assert triggered_by
    assert "ledger" in message or "billing database" in message
    if not is_sent:
        assert_nothing_sent(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize("file_name", [stage.values[0] for stage in STAGES], ids=[stage.id for stage in STAGES])
def test_server_restarted__continues_or_gives_one_message_and_a_rerun_completes_the_batch(
    cluster: Cluster,
    hospital: Hospital,
    after_file: Callable[[str, Callable[[], None]], list[str]],
    file_name: str,
) -> None:
    """Every session is cut off, and new ones are accepted a moment later."""
    triggered_by = after_file(file_name, cluster.restart)
    result = call(hospital, *RUN, code=None)
    assert triggered_by
    assert result.code in {0, 1}
    if result.code:
        message = error_message(result)
        assert "ledger" in message or "billing database" in message
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)
