"""PostgreSQL, as ledger and as billing database, restarted in the middle of each step: really stopped and started.

The moment is the one at which the step has written its file and is about to write it down: the worst there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from statement_builder.source import make_sample
from tests.commands import RERUN, RUN, call, error_message
from tests.hospital import AS_OF, Hospital, build_hospital
from tests.outcomes import assert_closed_and_sent_once, assert_nothing_sent
from tests.services.postgres import Cluster, fresh_database, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def hospital(cluster: Cluster, tmp_path: Path) -> Iterator[Hospital]:
    """Ledger and billing database both on the server that is going to fail."""
    home = build_hospital(tmp_path / "home", guarantors=20, workers=1).home
    with fresh_database(cluster.url) as ledger_url, fresh_database(cluster.url) as source_url:
        make_sample(source_url, guarantors=20, seed=1, as_of=AS_OF)
        yield Hospital(home, {"STATEMENTS_LEDGER": ledger_url, "STATEMENTS_SOURCE_URL": source_url})


STEPS = [
    # the file after which it happens; has anything left by then
    pytest.param("snapshots/", False, id="pull"),
    pytest.param("packs/", False, id="build"),
    pytest.param(".pdf", True, id="hand-off-print"),
    pytest.param(".ctl", True, id="hand-off-print-decided"),
    pytest.param("control-sheets/", True, id="close"),
]


@pytest.mark.parametrize(("words", "has_left"), STEPS)
def test_server_down__is_one_sentence_and_a_rerun_ends_well(
    cluster: Cluster,
    hospital: Hospital,
    at_file: Callable[[str, Callable[[], None]], list[str]],
    words: str,
    has_left: bool,
) -> None:
    happened = at_file(words, cluster.stop)
    try:
        message = error_message(call(hospital, *RUN, code=1))
    finally:
        if cluster.process.poll() is not None:
            cluster.start()
    assert happened
    assert "ledger" in message or "billing database" in message
    if not has_left:
        assert_nothing_sent(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize("words", [step.values[0] for step in STEPS], ids=[step.id for step in STEPS])
def test_server_restarted__goes_on_or_says_so_and_a_rerun_ends_well(
    cluster: Cluster,
    hospital: Hospital,
    at_file: Callable[[str, Callable[[], None]], list[str]],
    words: str,
) -> None:
    """Every session is cut off, and a moment later new ones are welcome."""
    happened = at_file(words, cluster.restart)
    answer = call(hospital, *RUN, code=None)
    assert happened
    assert answer.code in {0, 1}
    if answer.code:
        message = error_message(answer)
        assert "ledger" in message or "billing database" in message
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_closed_and_sent_once(hospital)
