"""The outcome of a batch as the hospital, the vendor and the patients see it."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from tests.commands import BATCH, call
from tests.hospital import Hospital


def outcome_of(hospital: Hospital, batch: str) -> dict[str, Any]:
    """Everything about a batch that must be the same however often the service was killed on the way."""
    summary = hospital.statements("show", batch, "--json").json
    outbox = hospital.home / "outbox" / "print"
    return {
        "state": summary["state"],
        "counts": summary["counts"],
        "cents": summary["cents"],
        "holds": summary["holds"],
        "foots": summary["foots"],
        "documents": hospital.ledger("SELECT document_id, sha256, state FROM document ORDER BY document_id"),
        "printed": sorted(row["document_id"] for row in hospital.manifest_rows()),
        "emailed": hospital.emailed(),
        "print_files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in outbox.glob("*.pdf")},
        "mailed": hospital.ledger(
            "SELECT subject_id, first_on, mailed_count, last_level, last_on FROM correspondence ORDER BY 1"
        ),
    }


def assert_sent_once(outcome: dict[str, Any]) -> None:
    """Assert that every rendered document of an outcome was sent exactly once, and nothing else was."""
    rendered = [document_id for document_id, _, state in outcome["documents"] if state != "error"]
    assert rendered, "the batch has no document, so this proves nothing"
    assert Counter(outcome["printed"]) + Counter(outcome["emailed"]) == Counter(rendered)
    assert outcome["counts"]["handed_off"] == len(rendered)
    assert outcome["foots"] is True


def assert_nothing_sent(hospital: Hospital) -> None:
    """Assert that there is no e-mail and no print file that a vendor would take."""
    assert hospital.manifest_rows() == []
    assert hospital.emailed() == []


def assert_closed_and_sent_once(hospital: Hospital) -> None:
    """Assert that every gate of the statement batch foots and that each rendered document was sent exactly once."""
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert {gate["verdict"] for gate in sheet["gates"]} == {"foots"}
    found = call(hospital, "find", BATCH, "--json").json
    rendered = [row["document"] for row in found if row["state"] != "error"]
    assert len(rendered) == sheet["counts"]["rendered"] > 0
    sent = Counter([row["document_id"] for row in hospital.manifest_rows()] + hospital.emailed())
    assert sent == Counter(rendered)
