"""Only the ledger of a demonstration accepts a clock other than the machine's."""

from __future__ import annotations

import pytest

from tests.commands import BATCH, RUN_TO_GATES, call, error_message
from tests.e2e.test_stores import NEXT_RUN
from tests.hospital import CLOCK, CYCLE, Hospital
from tests.outcomes import assert_nothing_sent

FORGED = {"STATEMENTS_CLOCK": "2026-11-08T15:00:00+00:00"}
# The billing data of the sample hospital are too old for today's clock, so a real ledger is made without a pull.


@pytest.fixture
def real(hospital: Hospital) -> Hospital:
    """A hospital whose ledger was made by the machine's clock."""
    call(Hospital(hospital.home, {"STATEMENTS_CLOCK": ""}), "track")
    return hospital


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(RUN_TO_GATES, id="run"),
        pytest.param((*NEXT_RUN, "--dry-run"), id="dry-run"),
        pytest.param(("release", BATCH), id="release"),
        pytest.param(("batches",), id="batches"),
        pytest.param(("track",), id="track"),
        pytest.param(("adopt", "archive", "--reason", "moved"), id="adopt"),
    ],
)
def test_real_ledger__refuses_a_replaced_clock(real: Hospital, arguments: tuple[str, ...]) -> None:
    message = error_message(call(Hospital(real.home, FORGED), *arguments, code=2))
    assert "STATEMENTS_CLOCK" in message
    assert "not a demonstration" in message
    assert_nothing_sent(real)
    assert real.ledger("SELECT count(*) FROM event") == [(0,)]


def test_real_ledger__doctor_reports_a_replaced_clock(real: Hospital) -> None:
    findings = call(Hospital(real.home, FORGED), "doctor", "--json", code=2).json
    assert [each["part"] for each in findings if not each["ok"]] == ["ledger"]


def test_real_ledger__an_upgrade_with_a_replaced_clock_makes_no_demonstration(real: Hospital) -> None:
    call(Hospital(real.home, FORGED), "ledger", "upgrade")
    assert real.ledger("SELECT is_demonstration FROM installation") == [(0,)]
    assert "not a demonstration" in error_message(call(Hospital(real.home, FORGED), "batches", code=2))


def test_demonstration__accepts_any_clock_for_good(hospital: Hospital) -> None:
    call(hospital, *RUN_TO_GATES, code=3)
    call(Hospital(hospital.home, FORGED), "show", f"{CYCLE}-statement")
    call(Hospital(hospital.home, {"STATEMENTS_CLOCK": ""}), "batches")
    at = hospital.ledger("SELECT DISTINCT substr(at, 1, 16) FROM event")
    assert at == [(CLOCK[:16].replace("T", " "),)]
    (ledger,) = [each for each in call(hospital, "doctor", "--json").json if each["part"] == "ledger"]
    assert "a demonstration" in ledger["message"]
