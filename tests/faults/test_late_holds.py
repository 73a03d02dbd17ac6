"""What reaches the billing system after the pages were made: payment, bankruptcy, death, the loss of a pregnancy.

Each pulls its piece out of the print file or the e-mails, also when the other half of the batch has left already, and
every gate still foots. What has left cannot be called back, and is not sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import call, error_message
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital

CHANNELS = ("print", "email")


def _pay(hospital: Hospital, guarantor: str, document: str) -> None:
    (account,) = hospital.ledger("SELECT min(account_number) FROM document_account WHERE document_id = ?", document)[0]
    hospital.sql(
        "INSERT INTO patient_payment (payment_id, guarantor_id, account_number, posted_on, method, amount_cents)"
        " VALUES (?, ?, ?, ?, 'card', 500)",
        f"LATE-{document}",
        guarantor,
        account,
        AS_OF.isoformat(),
    )


def _hold(code: str) -> Callable[[Hospital, str, str], None]:
    def act(hospital: Hospital, guarantor: str, document: str) -> None:
        insert = "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES (?, ?, ?, ?)"
        hospital.sql(insert, f"LATE-{document}", guarantor, code, AS_OF.isoformat())

    return act


def _lose(hospital: Hospital, guarantor: str, document: str) -> None:
    hospital.sql(
        "UPDATE ob_episode SET status = 'lost' WHERE episode_id = ?",
        hospital.ledger("SELECT episode_id FROM document WHERE document_id = ?", document)[0][0],
    )


EVENTS: dict[str, list[tuple[Callable[[Hospital, str, str], None], str]]] = {
    # kind of batch: what happens, and the reason that a clerk then finds
    "statement": [(_pay, "PMT_TODAY"), (_hold("BANKR_STAY"), "BANKR_STAY"), (_hold("DECEASED"), "DECEASED")],
    "ob-notice": [(_lose, "LOSS")],
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A statement batch and a batch of notices, both rendered and waiting for their release."""
    hospital = build_hospital(tmp_path_factory.mktemp("rendered") / "home", guarantors=100, workers=1)
    for kind in EVENTS:
        call(hospital, "run", kind, "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    return hospital


@pytest.fixture
def hospital(rendered: Hospital, tmp_path: Path) -> Hospital:
    return rendered.copy_to(tmp_path / "home")


def happen(hospital: Hospital, kind: str, channel: str) -> dict[str, str]:
    """Let each event befall somebody whose document goes this way; document id to the reason expected."""
    rows = hospital.ledger(
        "SELECT guarantor_id, document_id FROM document WHERE batch_id = ? AND channel = ? ORDER BY position",
        f"{CYCLE}-{kind}",
        channel,
    )
    events = EVENTS[kind]
    assert len(rows) > len(events), "nobody would be left to send anything to"
    expected = {}
    for (act, code), (guarantor, document) in zip(events, rows, strict=False):
        act(hospital, guarantor, document)
        expected[document] = code
    return expected


def left(hospital: Hospital) -> Counter[str]:
    """How often each document has left the building."""
    return Counter([row["document_id"] for row in hospital.manifest_rows()] + hospital.emailed())


def assert_pulled(hospital: Hospital, batch: str, expected: dict[str, str]) -> dict[str, Any]:
    """The batch is closed without these documents, with the reasons, and all of it foots; its control sheet."""
    sheet: dict[str, Any] = call(hospital, "report", "control", batch, "--json").json
    assert sheet["state"] == "closed"
    assert {gate["verdict"] for gate in sheet["gates"]} == {"foots"}
    assert sheet["counts"]["withheld"] == len(expected)
    assert sheet["counts"]["handed_off"] == sheet["counts"]["rendered"] - len(expected)
    for document, code in expected.items():
        assert left(hospital)[document] == 0
        (found,) = call(hospital, "find", document, "--json").json
        assert found["state"] == "withheld"
        late = {
            row["code"]
            for row in call(hospital, "holds", batch, "--json").json
            if row["guarantor"] == found["guarantor"] and row["late"]
        }
        assert code in late
    made = {
        row[0]
        for row in hospital.ledger("SELECT document_id FROM document WHERE batch_id = ? AND state <> 'error'", batch)
    }
    assert {document: count for document, count in left(hospital).items() if document in made} == dict.fromkeys(
        made - expected.keys(), 1
    )
    return sheet


@pytest.mark.parametrize("kind", EVENTS)
def test_before_the_hand_off__pulls_the_piece_out_of_print_file_and_email_lot(hospital: Hospital, kind: str) -> None:
    batch = f"{CYCLE}-{kind}"
    expected = {document: code for channel in CHANNELS for document, code in happen(hospital, kind, channel).items()}
    call(hospital, "release", batch)
    sheet = assert_pulled(hospital, batch, expected)
    withheld = {each["name"]: each["counts"]["withheld"] for each in sheet["classes"]}
    assert withheld == {"letter": len(EVENTS[kind]), "e-mail": len(EVENTS[kind])}


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize("stuck", CHANNELS)
def test_after_half_of_the_batch_has_left__pulls_what_is_still_here(hospital: Hospital, kind: str, stuck: str) -> None:
    batch, other = f"{CYCLE}-{kind}", "email" if stuck == "print" else "print"
    outbox = hospital.home / "outbox" / stuck
    outbox.parent.mkdir(exist_ok=True)
    outbox.write_text("somebody put a file where the folder belongs")
    error_message(call(hospital, "release", batch, "--json", code=1))
    gone = left(hospital)
    assert gone
    expected, too_late = happen(hospital, kind, stuck), happen(hospital, kind, other)
    assert too_late.keys() <= gone.keys()
    outbox.unlink()
    call(hospital, "rerun", batch)
    assert_pulled(hospital, batch, expected)
    assert all(left(hospital)[document] == 1 for document in too_late)
