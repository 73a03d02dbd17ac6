"""A payment, bankruptcy, death or pregnancy loss reaches the billing system after the documents are rendered.

Each withholds its document from print or e-mail, even when the other half of the batch is already sent, and every gate
still foots. A document that was sent before cannot be recalled and is not sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from statement_builder.billing.selection import Hold
from statement_builder.ledger import Ledger
from statement_builder.ledger.delivery.emails import EmailRepository
from statement_builder.ledger.delivery.print_files import PrintFileRepository
from tests.commands import BATCH, call, error_message
from tests.hospital import AS_OF, CYCLE, SERVER_DOWN, Hospital, build_hospital

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


def _place_hold(code: str) -> Callable[[Hospital, str, str], None]:
    def place(hospital: Hospital, guarantor: str, document: str) -> None:
        insert = "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES (?, ?, ?, ?)"
        hospital.sql(insert, f"LATE-{document}", guarantor, code, AS_OF.isoformat())

    return place


def _lose_pregnancy(hospital: Hospital, guarantor: str, document: str) -> None:
    hospital.sql(
        "UPDATE ob_episode SET status = 'lost' WHERE episode_id = ?",
        hospital.ledger("SELECT episode_id FROM document WHERE document_id = ?", document)[0][0],
    )


EVENTS: dict[str, list[tuple[Callable[[Hospital, str, str], None], str]]] = {
    # kind of batch: what happens, and the hold code that a clerk then finds
    "statement": [
        (_pay, "PMT_TODAY"),
        (_place_hold("BANKR_STAY"), "BANKR_STAY"),
        (_place_hold("DECEASED"), "DECEASED"),
    ],
    "ob-notice": [(_lose_pregnancy, "LOSS")],
}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A statement batch and a notice batch, both waiting for release."""
    hospital = build_hospital(tmp_path_factory.mktemp("waiting") / "home", guarantors=100, workers=1)
    for kind in EVENTS:
        call(hospital, "run", kind, "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    return hospital


@pytest.fixture
def hospital(waiting: Hospital, tmp_path: Path) -> Hospital:
    return waiting.copy_to(tmp_path / "home")


def apply_events(hospital: Hospital, kind: str, channel: str) -> dict[str, str]:
    """Apply each event to the guarantor of a document on this channel. Maps document ids to the expected hold codes."""
    rows = hospital.ledger(
        "SELECT guarantor_id, document_id FROM document WHERE batch_id = ? AND channel = ? ORDER BY position",
        f"{CYCLE}-{kind}",
        channel,
    )
    events = EVENTS[kind]
    assert len(rows) > len(events), "no document would be left to send"
    expected = {}
    for (apply, code), (guarantor, document) in zip(events, rows, strict=False):
        apply(hospital, guarantor, document)
        expected[document] = code
    return expected


def sent(hospital: Hospital) -> Counter[str]:
    """How often each document was sent."""
    return Counter([row["document_id"] for row in hospital.manifest_rows()] + hospital.emailed())


def assert_withheld(hospital: Hospital, batch: str, expected: dict[str, str]) -> dict[str, Any]:
    """Assert that the batch closed without these documents, with these hold codes, and foots. Returns its control
    sheet."""
    sheet: dict[str, Any] = call(hospital, "report", "control", batch, "--json").json
    assert sheet["state"] == "closed"
    assert {gate["verdict"] for gate in sheet["gates"]} == {"foots"}
    assert sheet["counts"]["withheld"] == len(expected)
    assert sheet["counts"]["handed_off"] == sheet["counts"]["rendered"] - len(expected)
    for document, code in expected.items():
        assert sent(hospital)[document] == 0
        (found,) = call(hospital, "find", document, "--json").json
        assert found["state"] == "withheld"
        late = {
            row["code"]
            for row in call(hospital, "holds", batch, "--json").json
            if row["guarantor"] == found["guarantor"] and row["late"]
        }
        assert code in late
    rendered = {
        row[0]
        for row in hospital.ledger("SELECT document_id FROM document WHERE batch_id = ? AND state <> 'error'", batch)
    }
    assert {document: count for document, count in sent(hospital).items() if document in rendered} == dict.fromkeys(
        rendered - expected.keys(), 1
    )
    return sheet


@pytest.mark.parametrize("kind", EVENTS)
def test_before_hand_off__withholds_printed_and_emailed_documents(hospital: Hospital, kind: str) -> None:
    batch = f"{CYCLE}-{kind}"
    expected = {
        document: code for channel in CHANNELS for document, code in apply_events(hospital, kind, channel).items()
    }
    call(hospital, "release", batch)
    sheet = assert_withheld(hospital, batch, expected)
    withheld = {each["name"]: each["counts"]["withheld"] for each in sheet["classes"]}
    assert withheld == {"letter": len(EVENTS[kind]), "e-mail": len(EVENTS[kind])}


@pytest.mark.parametrize("repository", [EmailRepository, PrintFileRepository], ids=["e-mail", "print"])
def test_just_before_the_claim__withholds_those_documents_and_sends_the_others(
    hospital: Hospital, repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process, such as tracking, withholds two documents that the hand-off has read and planned."""
    channel = "email" if repository is EmailRepository else "print"
    rows = hospital.ledger(
        "SELECT document_id FROM document WHERE batch_id = ? AND channel = ? ORDER BY position", BATCH, channel
    )
    late = [str(document) for (document,) in (rows[0], rows[-1])]
    claim = repository.claim

    def withhold_and_claim(self: Any, *arguments: Any, **keywords: Any) -> Any:
        monkeypatch.setattr(repository, "claim", claim)
        with Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}") as other:
            for document in late:
                other.documents.withhold(document, [Hold(code="DECEASED")], actor="track", at=datetime.now(UTC))
        return claim(self, *arguments, **keywords)

    monkeypatch.setattr(repository, "claim", withhold_and_claim)
    call(hospital, "release", BATCH)
    assert_withheld(hospital, BATCH, dict.fromkeys(late, "DECEASED"))


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize("blocked", CHANNELS)
def test_after_one_channel_is_sent__withholds_documents_of_the_other(
    hospital: Hospital, kind: str, blocked: str
) -> None:
    batch, other = f"{CYCLE}-{kind}", "email" if blocked == "print" else "print"
    error_message(call(Hospital(hospital.home, SERVER_DOWN[blocked]), "release", batch, "--json", code=1))
    already_sent = sent(hospital)
    assert already_sent
    expected, too_late = apply_events(hospital, kind, blocked), apply_events(hospital, kind, other)
    assert too_late.keys() <= already_sent.keys()
    call(hospital, "rerun", batch)
    assert_withheld(hospital, batch, expected)
    assert all(sent(hospital)[document] == 1 for document in too_late)


def test_before_hand_off__a_withdrawn_consent_means_paper_once(hospital: Hospital) -> None:
    rows = hospital.ledger(
        "SELECT document_id, guarantor_id FROM document WHERE batch_id = ? AND channel = 'email' ORDER BY position",
        BATCH,
    )
    withdrawn, kept = rows[::2], rows[1::2]
    assert withdrawn
    assert kept
    for _, guarantor in withdrawn:
        hospital.sql(
            "UPDATE guarantor SET email_consent_withdrawn_on = ? WHERE guarantor_id = ?", AS_OF.isoformat(), guarantor
        )
    call(hospital, "release", BATCH)
    printed = {row["document_id"] for row in hospital.manifest_rows()}
    assert printed >= {document for document, _ in withdrawn}
    assert hospital.emailed() == sorted(document for document, _ in kept)
    assert_withheld(hospital, BATCH, {})
