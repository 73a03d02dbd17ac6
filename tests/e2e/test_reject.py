"""A rejection is a decision on record; a decision that comes too late says so and changes nothing."""

from __future__ import annotations

import pytest

from statement_builder.errors import ConfigError
from statement_builder.operations.approval.reject import reject_batch
from statement_builder.operations.approval.release import fingerprint_batch, pending_checks
from statement_builder.operations.approval.release_codes import RELEASE_BY_NAME
from statement_builder.operations.run_parallel import prepare_hand_off
from tests.commands import BATCH, RELEASE, RERUN, RUN_TO_GATES, call
from tests.hospital import CLOCK, Hospital, needs_other_users
from tests.pipeline.shard_worker import open_as_worker

WHY = "The March payments are not loaded yet."
REJECT = ("reject", BATCH, "--reason", WHY)
ANA, BEN = 70_001, 70_002
pytestmark = pytest.mark.hospital("waiting")


def test_reject__is_an_event_and_is_shown(hospital: Hospital) -> None:
    assert f"batch {BATCH} is rejected; nothing was sent" in call(hospital, *REJECT).out
    events = hospital.ledger("SELECT subject, why FROM event WHERE what = 'batch rejected'")
    assert events == [(BATCH, WHY)]
    (listed,) = call(hospital, "batches", "--json").json
    shown = call(hospital, "show", BATCH, "--json").json
    ((opened_by,),) = hospital.ledger("SELECT opened_by FROM batch")
    for each in (listed, shown):
        assert each["rejected"] == {"by": opened_by, "at": CLOCK, "why": WHY}
        assert "REJECTED" in each["next"]
    assert any(question.startswith("REJECTED: ") and WHY in question for question in shown["questions"])
    for command in (("batches",), ("show", BATCH)):
        assert WHY in call(hospital, *command).out
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert ("batch rejected", WHY) in [(each["what"], each["why"]) for each in sheet["history"]]


@pytest.mark.parametrize("reason", [pytest.param("", id="empty"), pytest.param("  ", id="blanks")])
def test_reject__asks_why(hospital: Hospital, reason: str) -> None:
    assert "requires a reason" in call(hospital, "reject", BATCH, "--reason", reason, code=2).err
    assert "rejected" not in call(hospital, "show", BATCH, "--json").json


def test_rejected_batch__leaves_only_by_a_decision_against_it(hospital: Hospital) -> None:
    call(hospital, *REJECT)
    for arguments in (RERUN, RELEASE, (*RUN_TO_GATES, "--release")):
        stopped = call(hospital, *arguments, code=3).err
        assert WHY in stopped
        assert "--accept REJECTED" in stopped
    assert hospital.manifest_rows() == []
    call(hospital, *RELEASE, "--accept", "REJECTED", "--reason", "They are loaded now.")
    assert hospital.manifest_rows()
    (summary,) = call(hospital, "batches", "--json").json
    assert "rejected" not in summary


def test_rejected_batch__that_policy_would_release_waits(hospital: Hospital) -> None:
    hospital.change_setting("statement", "auto")
    call(hospital, *REJECT)
    assert WHY in call(hospital, "rerun", BATCH, code=3).err
    assert hospital.manifest_rows() == []


def test_reject__batch_that_is_not_built(hospital: Hospital) -> None:
    call(hospital, "run", "dunning", "--cycle", "2026-11", "--as-of", "2026-11-07", "--until", "pull")
    assert "is not built yet" in call(hospital, "reject", "2026-11-dunning", "--reason", WHY, code=2).err


def test_late_decision__closed_batch(hospital: Hospital) -> None:
    call(hospital, *RELEASE)
    events = hospital.ledger("SELECT count(*) FROM event")
    for decision in (RELEASE, REJECT):
        late = call(hospital, *decision, code=2).err
        assert f"batch {BATCH} was closed on 2026-11-07 15:00 UTC, so this decision changes nothing." in late
    assert hospital.ledger("SELECT count(*) FROM event") == events


@needs_other_users
@pytest.mark.hospital("waiting", final_vendor_status="acknowledged")
def test_late_decision__released_by_somebody_else(hospital: Hospital) -> None:
    call(hospital.as_user(ANA), *RELEASE, code=3)
    ((released_by,),) = hospital.ledger("SELECT released_by FROM batch")
    for decision in (RELEASE, REJECT):
        late = call(hospital.as_user(BEN), *decision, code=2).err
        assert f"was released by {released_by} on 2026-11-07 15:00 UTC, so this decision changes nothing" in late
    assert "was released, so it cannot be rejected" in call(hospital.as_user(ANA), *REJECT, code=2).err
    call(hospital.as_user(ANA), *RELEASE, code=3)  # her own command again, as after a crash


def test_rejection__of_figures_that_have_changed(hospital: Hospital) -> None:
    with open_as_worker(hospital.environment, actor="ana") as context:
        batch = context.require_batch(BATCH)
        seen = fingerprint_batch(context, batch, pending_checks(context, batch))
        document = context.ledger.documents.for_batch(BATCH)[0].document_id
        call(hospital, "void", document, "--reason", "wrong person")
        with pytest.raises(ConfigError, match="has changed since this approval was asked for"):
            reject_batch(context, batch, WHY, seen=seen)
        assert context.require_batch(BATCH).rejected_by == ""
        reject_batch(context, batch, WHY, seen=fingerprint_batch(context, batch, pending_checks(context, batch)))
        assert context.require_batch(BATCH).rejected_by


def test_decision__about_figures_that_have_changed(hospital: Hospital) -> None:
    """What was shown some time ago, as on Airflow's page, is compared with what is there now."""
    with open_as_worker(hospital.environment, actor="ana") as context:
        batch = context.require_batch(BATCH)
        seen = fingerprint_batch(context, batch, pending_checks(context, batch))
        document = context.ledger.documents.for_batch(BATCH)[0].document_id
        call(hospital, "void", document, "--reason", "wrong person")
        with pytest.raises(ConfigError, match="has changed since this approval was asked for"):
            prepare_hand_off(context, batch, RELEASE_BY_NAME, seen=seen)
        assert context.require_batch(BATCH).released_by == ""
        now = fingerprint_batch(context, batch, pending_checks(context, batch))
        prepare_hand_off(context, batch, RELEASE_BY_NAME, seen=now)
        assert context.require_batch(BATCH).released_by
