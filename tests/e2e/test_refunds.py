"""A refund gets one letter, whatever is repeated and whenever a process dies, and the list says what is still owed."""

from __future__ import annotations

import csv
import io
import signal

import pytest

from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.commands import call
from tests.e2e.test_tracking import move, return_mail, track
from tests.hospital import AS_OF, Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at
from tests.pdf_text import page_texts

pytestmark = pytest.mark.hospital("new", guarantors=len(ONE_OF_EACH))
TOLD = "SELECT guarantor_id, cause_id, batch_id FROM document WHERE kind = 'refund' AND state = 'handed_off' ORDER BY 1"


def run(hospital: Hospital, cycle: str, code: int | None = 0) -> None:
    call(hospital, "run", "refund", "--cycle", cycle, "--as-of", AS_OF.isoformat(), "--release", code=code)


def told(hospital: Hospital) -> list[tuple[str, str, str]]:
    """Guarantor, event and batch of each letter that was handed off."""
    return hospital.ledger(TOLD)


def holds(hospital: Hospital, cycle: str) -> dict[str, set[str]]:
    """Guarantor → hold codes."""
    found: dict[str, set[str]] = {}
    rows = hospital.ledger("SELECT subject, code FROM candidate_hold WHERE batch_id = ?", f"{cycle}-refund")
    for guarantor, code in rows:
        found.setdefault(guarantor, set()).add(code)
    return found


def pages(hospital: Hospital, document: str) -> str:
    path = hospital.home / f"{document}.pdf"
    call(hospital, "get", document, "-o", str(path))
    return " ".join(page_texts(path.read_bytes()))


def test_refunds__each_is_told_of_once(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    first = told(hospital)
    assert len(first) == 4, "of a visit, sent, of a sensitive visit, and of deposits"
    assert {code for codes in holds(hospital, "2026-11-07").values() for code in codes} == {
        "INS_PEND",
        "LOSS",
        "REFUND_BALANCE",
        "REFUND_INCOMPLETE",
        "REFUND_OVER",
    }
    run(hospital, "2026-11-07")
    assert told(hospital) == first
    run(hospital, "2026-11-08")
    assert told(hospital) == first
    assert all("REFUND_LETTER" in holds(hospital, "2026-11-08")[guarantor] for guarantor, _, _ in first)
    hospital.sql("UPDATE refund SET status = 'sent', sent_on = send_on, send_on = NULL WHERE status = 'approved'")
    run(hospital, "2026-11-09")
    assert told(hospital) == first, "the letter about the approved refund is the only one"


def test_refunds__ask_for_nothing_and_move_no_clock(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    columns = ("amount_cents", "scanline", "perforated_page", "return_envelope")
    assert {tuple(row[name] for name in columns) for row in hospital.manifest_rows()} == {("0", "", "", "N")}
    assert hospital.ledger("SELECT * FROM correspondence") == []
    for (document,) in hospital.ledger("SELECT document_id FROM document"):
        text = pages(hospital, document)
        assert "Amount enclosed" not in text
        assert "You owe" not in text
    call(
        hospital, "run", "ob-notice", "--cycle", "2026-11", "--as-of", AS_OF.isoformat(), "--until", "build", code=None
    )
    assert hospital.ledger("SELECT count(*) FROM document WHERE kind = 'ob-notice'")[0][0] > 0


def test_refund__another_amount_is_told_of_again(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    of_deposits = {each for (each,) in hospital.sql("SELECT guarantor_id FROM refund WHERE reason = 'deposit'")}
    guarantor = min(of_deposits & {each for each, _, _ in told(hospital)})
    hospital.sql("UPDATE refund SET amount_cents = 20000 WHERE guarantor_id = ?", guarantor)
    run(hospital, "2026-11-08")
    assert [batch for each, _, batch in told(hospital) if each == guarantor] == [
        "2026-11-07-refund",
        "2026-11-08-refund",
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param("UPDATE refund SET status = 'canceled'", "REFUND_CHANGED", id="canceled"),
        pytest.param("UPDATE refund SET amount_cents = amount_cents - 1", "REFUND_CHANGED", id="another-amount"),
        pytest.param(
            "INSERT INTO hold SELECT 'X-' || guarantor_id, guarantor_id, NULL, NULL, 'DECEASED', '2026-11-07', NULL"
            " FROM refund",
            "DECEASED",
            id="died",
        ),
        pytest.param("UPDATE ob_episode SET status = 'lost'", "LOSS", id="6-loss"),
    ],
)
def test_refund__what_changes_before_the_hand_off_holds_it(hospital: Hospital, change: str, code: str) -> None:
    call(hospital, "run", "refund", "--cycle", "2026-11-07", "--as-of", AS_OF.isoformat(), code=3)
    ((episode_refund, guarantor),) = hospital.ledger(
        "SELECT document_id, guarantor_id FROM document WHERE episode_id <> ''"
    )
    hospital.sql(change)
    call(hospital, "release", "2026-11-07-refund", code=None)
    assert code in holds(hospital, "2026-11-07")[guarantor]
    assert episode_refund not in {row["document_id"] for row in hospital.manifest_rows()}


def test_correct__another_amount_replaces_the_letter_and_is_the_last_about_it(hospital: Hospital) -> None:
    """Of a visit and of deposits, which have no visit on the page."""
    run(hospital, "2026-11-07")
    for which in ("<> ''", "= ''"):
        document, guarantor = hospital.ledger(
            f"SELECT document_id, guarantor_id FROM document WHERE episode_id {which} ORDER BY guarantor_id"
        )[0]
        hospital.sql("UPDATE refund SET amount_cents = amount_cents - 500 WHERE guarantor_id = ?", guarantor)
        assert "was handed off" in call(hospital, "correct", document, "--reason", "wrong amount").out
        made = hospital.ledger("SELECT revision, state FROM document WHERE guarantor_id = ? ORDER BY 1", guarantor)
        assert made == [(1, "handed_off"), (2, "handed_off")]
    before = told(hospital)
    run(hospital, "2026-11-08")
    assert told(hospital) == before


@pytest.mark.hospital("new", guarantors=len(ONE_OF_EACH), final_vendor_status="mailed")
def test_refund__a_returned_letter_is_due_again_at_a_new_address(hospital: Hospital) -> None:
    run(hospital, "2026-11-07", code=None)
    document, guarantor = hospital.ledger("SELECT document_id, guarantor_id FROM document WHERE episode_id <> ''")[0]
    return_mail(hospital, document)
    track(hospital)
    run(hospital, "2026-11-08", code=None)
    assert holds(hospital, "2026-11-08")[guarantor] == {"RETMAIL"}
    move(hospital, document)
    run(hospital, "2026-11-09", code=None)
    made = hospital.ledger("SELECT batch_id FROM document WHERE guarantor_id = ? ORDER BY 1", guarantor)
    assert made == [("2026-11-07-refund",), ("2026-11-09-refund",)]


def test_killed_anywhere__every_refund_is_told_of_once(
    hospital: Hospital, tmp_path_factory: pytest.TempPathFactory
) -> None:
    command = ("run", "refund", "--cycle", "2026-11-07", "--as-of", AS_OF.isoformat(), "--release")
    whole = hospital.copy_to(tmp_path_factory.mktemp("whole") / "home")
    assert run_killed_at(whole, 0, *command) == 0
    expected, moments = told(whole), len(passed_moments(whole))
    assert len(expected) == 4
    for moment in moments_to_kill_at(moments):
        killed = hospital.copy_to(tmp_path_factory.mktemp("killed") / "home")
        assert run_killed_at(killed, moment, *command) == -signal.SIGKILL
        run(killed, "2026-11-07")
        assert told(killed) == expected, f"killed at {moment}"
        printed = [row["document_id"] for row in killed.manifest_rows()]
        assert len(printed) == len(set(printed)), f"killed at {moment}"


def test_empty_day__needs_no_approval(hospital: Hospital) -> None:
    hospital.sql("DELETE FROM refund")
    call(hospital, "run", "refund", "--cycle", "2026-11-07", "--as-of", AS_OF.isoformat())
    assert hospital.ledger("SELECT state FROM batch") == [("closed",)]


# The list of credit balances


@pytest.fixture
def ledger(hospital: Hospital) -> Hospital:
    """The hospital with a ledger, which records who looks."""
    call(hospital, "ledger", "upgrade")
    return hospital


def test_credits__lists_every_credit_of_the_source(ledger: Hospital) -> None:
    found = call(ledger, "credits", "--as-of", AS_OF.isoformat(), "--json", "--purpose", "month end").json
    rows = {each["account"] or each["episode"]: each for each in found["credits"]}
    ((medicare,),) = ledger.sql(
        "SELECT account_number FROM encounter WHERE financial_class = 'medicare' AND guarantor_id ="
        " (SELECT max(guarantor_id) FROM guarantor)"
    )
    assert rows[medicare]["deadline"] == "medicare"
    assert (rows[medicare]["due_on"], rows[medicare]["days_left"]) == ("2026-12-28", 51)
    assert found["total_cents"] == sum(each["amount_cents"] for each in found["credits"])
    assert found["unreadable"] > 0
    due = [each["due_on"] for each in found["credits"] if each["due_on"]]
    assert due == sorted(due)
    assert len(due) >= 3
    reasons = {code for each in found["credits"] for code in each["reasons"]}
    assert reasons >= {"LOSS", "INS_PEND", "REFUND_NONE", "REFUND_PAID", "REFUND_OVER", "REFUND_BALANCE"}
    assert ledger.ledger("SELECT what, purpose FROM access") == [("credits", "month end")]
    named = {guarantor for (guarantor,) in ledger.ledger("SELECT guarantor_id FROM access_subject")}
    assert named == {each["guarantor"] for each in found["credits"]}


def test_credits__the_same_as_a_table_and_as_csv(ledger: Hospital) -> None:
    found = call(ledger, "credits", "--json").json
    table = call(ledger, "credits").out
    rows = list(csv.DictReader(io.StringIO(call(ledger, "credits", "--csv").out)))
    assert [row["amount"] for row in rows] == [
        f"{each['amount_cents'] // 100}.{each['amount_cents'] % 100:02}" for each in found["credits"]
    ]
    assert f"{len(rows)} credits" in table
    assert "REFUND_NONE: No refund is recorded" in table
    for row in rows:
        assert (row["account"] or row["episode"]) in table
    assert "exclude each other" in call(ledger, "credits", "--csv", "--json", code=2).err


def test_credits__nothing_is_shown_without_a_ledger_to_record_it(hospital: Hospital) -> None:
    result = call(hospital, "credits", code=2)
    assert result.out == ""
    assert "statements ledger upgrade" in result.err


def test_credits__stale_data_is_refused(ledger: Hospital) -> None:
    ledger.sql("UPDATE feed SET loaded_at = '2026-11-01T06:00:00Z'")
    assert "Feed `billing` is" in call(ledger, "credits", code=1).err


def test_credits__a_refund_that_is_posted_is_gone(ledger: Hospital) -> None:
    ((guarantor, account),) = ledger.sql(
        "SELECT guarantor_id, account_number FROM refund WHERE guarantor_id = 'G100053'"
    )
    ledger.sql("INSERT INTO patient_payment VALUES ('R-BACK', ?, ?, '2026-11-07', 'CHECK', -4500)", guarantor, account)
    accounts = [each["account"] for each in call(ledger, "credits", "--json").json["credits"]]
    assert account not in accounts
