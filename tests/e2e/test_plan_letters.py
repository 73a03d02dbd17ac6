"""Letters about payment plans, from the missed payment to the end of the plan: each event is answered once."""

from __future__ import annotations

from pathlib import Path

import pytest

from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.hospital import Hospital, build_hospital

DAY, NEXT_DAY = "2026-11-07", "2026-11-08"


def run(hospital: Hospital, kind: str, day: str) -> None:
    """Run the batch of one day to the end."""
    hospital = hospital.on_day(day)
    if hospital.statements("run", kind, "--cycle", day, "--as-of", day, code=None).code:
        release = ("release", f"{day}-{kind}", "--reason", "checked")
        if "VOLUME" in hospital.statements(*release, code=None).err:
            hospital.statements(*release, "--accept", "VOLUME")
    counts = hospital.statements("show", f"{day}-{kind}", "--json").json["counts"]
    assert counts["handed_off"] == counts["rendered"]
    assert counts["errors"] == 0


def documents(hospital: Hospital, kind: str) -> list[tuple[str, str, int]]:
    """Guarantor, event and amount of every document of a kind."""
    return hospital.ledger(
        "SELECT guarantor_id, cause_id, amount_cents FROM document WHERE kind = ? ORDER BY guarantor_id, cause_id", kind
    )


def holds(hospital: Hospital, batch: str, guarantor: str) -> set[str]:
    found = hospital.ledger("SELECT code FROM candidate_hold WHERE batch_id = ? AND subject = ?", batch, guarantor)
    return {code for (code,) in found}


def sent_ids(hospital: Hospital) -> list[str]:
    return sorted([row["document_id"] for row in hospital.manifest_rows()] + hospital.emailed())


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A day with all four kinds, the day after, and the first day after the time to pay what was missed."""
    hospital = build_hospital(tmp_path_factory.mktemp("plans") / "home", guarantors=len(ONE_OF_EACH))
    for day in (DAY, NEXT_DAY):
        for kind in ("plan-agreement", "plan-reminder", "plan-missed", "plan-default"):
            run(hospital, kind, day)
    return hospital


def test_plan_letters__answer_each_event_once(month: Hospital) -> None:
    counts = {kind: len(documents(month, kind)) for kind in ("plan-agreement", "plan-reminder", "plan-missed")}
    assert counts["plan-agreement"] == 2, "new terms with and without a finance charge"
    assert counts["plan-reminder"] >= 1
    assert counts["plan-missed"] == 1
    assert documents(month, "plan-default") == [], "nothing was missed after a letter about it"
    everything = month.ledger("SELECT kind, cause_id FROM document")
    assert len(set(everything)) == len(everything) == sum(counts.values())
    sent = sent_ids(month)
    assert len(sent) == len(set(sent)) == len(everything)


def test_plan_letters__say_why_the_day_after_repeats_none(month: Hospital) -> None:
    for kind in ("plan-agreement", "plan-reminder", "plan-missed"):
        for guarantor, _, _ in documents(month, kind):
            assert "PLAN_SENT" in holds(month, f"{NEXT_DAY}-{kind}", guarantor), kind


def test_plan_agreement__without_a_rate_is_held_12_cfr_1026_18_e(month: Hospital) -> None:
    ((guarantor,),) = month.sql(
        "SELECT guarantor_id FROM payment_plan WHERE finance_charge_cents > 0 AND apr_basis_points IS NULL"
    )
    assert holds(month, f"{DAY}-plan-agreement", guarantor) == {"PLAN_TERMS"}


def test_plan_default__not_without_a_letter_about_the_missed_payment(month: Hospital) -> None:
    ((guarantor,),) = month.sql("SELECT guarantor_id FROM payment_plan WHERE status = 'defaulted'")
    assert holds(month, f"{DAY}-plan-default", guarantor) == {"PLAN_NO_NOTICE"}


def test_plan_default__after_the_time_to_pay_and_the_ladder_waits(month: Hospital, tmp_path: Path) -> None:
    hospital = month.copy_to(tmp_path / "home")
    ((guarantor, _, _),) = documents(hospital, "plan-missed")
    day = "2026-12-04"
    run(hospital, "plan-default", day)
    ((defaulted, _, cents),) = documents(hospital, "plan-default")
    assert defaulted == guarantor
    assert cents == 40_000, "the whole balance of the visit: $600.00 less two payments"
    run(hospital, "plan-default", "2026-12-05")
    assert len(documents(hospital, "plan-default")) == 1
    for day, waits in (("2026-12-15", True), ("2027-01-12", False)):
        hospital.on_day(day).statements("run", "dunning", "--cycle", day, "--as-of", day, code=3)
        assert ("PLAN_ENDED" in holds(hospital, f"{day}-dunning", guarantor)) == waits


def test_plan_missed__paid_in_the_meantime_is_not_mailed(month: Hospital, tmp_path: Path) -> None:
    """Paid between rendering and hand-off: the recheck finds it."""
    hospital = build_hospital(tmp_path / "home", guarantors=len(ONE_OF_EACH))
    code = hospital.statements("run", "plan-missed", "--cycle", DAY, "--as-of", DAY, code=None).code
    assert code == 3, "a person releases letters about missed payments"
    ((guarantor, _, _),) = documents(hospital, "plan-missed")
    hospital.sql(
        "UPDATE installment SET paid_cents = amount_cents WHERE due_on < ? AND plan_id IN"
        " (SELECT plan_id FROM payment_plan WHERE guarantor_id = ?)",
        DAY,
        guarantor,
    )
    hospital.statements("release", f"{DAY}-plan-missed", code=None)
    assert sent_ids(hospital) == []
    assert "PLAN_KEPT" in holds(hospital, f"{DAY}-plan-missed", guarantor)


def test_reprint__of_a_letter_about_a_plan_that_has_ended(month: Hospital, tmp_path: Path) -> None:
    hospital = month.copy_to(tmp_path / "home").on_day(NEXT_DAY)
    query = "SELECT document_id FROM document WHERE kind = 'plan-agreement' AND state = 'handed_off' ORDER BY 1 LIMIT 1"
    ((document,),) = hospital.ledger(query)
    hospital.sql("UPDATE payment_plan SET status = 'completed'")
    assert "It was handed off." in hospital.statements("reprint", document, "--reason", "lost in the mail").out
    assert hospital.ledger("SELECT state FROM document WHERE is_copy = 1") == [("handed_off",)]
