"""What a batch has come to, as the hospital, the vendor and the patients would see it: for comparing two histories."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from tests.hospital import Hospital


def outcome_of(hospital: Hospital, batch: str) -> dict[str, Any]:
    """Everything that may not depend on how often the service was killed on the way."""
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


def assert_once_each(outcome: dict[str, Any]) -> None:
    """Every rendered document left exactly once, and nothing else left."""
    rendered = [document_id for document_id, _, state in outcome["documents"] if state != "error"]
    assert rendered, "the batch made no document, so this proves nothing"
    assert Counter(outcome["printed"]) + Counter(outcome["emailed"]) == Counter(rendered)
    assert outcome["counts"]["handed_off"] == len(rendered)
    assert outcome["foots"] is True
