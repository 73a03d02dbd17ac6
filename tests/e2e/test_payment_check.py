"""The payment code has a keyed check, so that a payment page can refuse a guessed document id."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
from pathlib import Path

import pypdf

from tests.commands import BATCH, RUN_TO_GATES, call
from tests.hospital import Hospital, build_hospital

KEY = "0f" * 32
ADDRESS = "https://pay.maplevalley.example/d/"


def hospital_with_check(home: Path, **environ: str) -> Hospital:
    hospital = build_hospital(home, guarantors=20)
    hospital.change_setting("payment_url", f"{ADDRESS}{{document}}/{{check}}")
    return Hospital(hospital.home, environ)


def links(pdf: bytes) -> set[str]:
    return {
        annotation.get_object()["/A"]["/URI"]
        for page in pypdf.PdfReader(io.BytesIO(pdf)).pages
        for annotation in page.get("/Annots", [])
    }


def verifies(link: str, key: str) -> bool:
    """As docs/configure/settings.md tells a payment page."""
    document, _, check = link.removeprefix(ADDRESS).partition("/")
    digest = hmac.new(key.encode(), b"payment\x1f" + document.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(base64.b32encode(digest[:10]).decode().lower(), check)


def test_payment_code__has_a_check_that_the_payment_page_can_verify(tmp_path: Path) -> None:
    hospital = hospital_with_check(tmp_path / "home", STATEMENTS_PAYMENT_KEY=f"{KEY},{'1e' * 32}")
    call(hospital, *RUN_TO_GATES, code=3)
    documents = [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered'")]
    assert documents
    for number, document in enumerate(documents[:3]):
        target = tmp_path / f"{number}.pdf"
        call(hospital, "get", document, "-o", str(target))
        (link,) = links(target.read_bytes())
        assert link.startswith(f"{ADDRESS}{document}/")
        assert verifies(link, KEY)
        assert not verifies(link, "1e" * 32)
    assert KEY not in str(hospital.ledger("SELECT * FROM event"))


def test_payment_code__no_key_stops_the_run_before_the_pull(tmp_path: Path) -> None:
    hospital = hospital_with_check(tmp_path / "home")
    message = call(hospital, *RUN_TO_GATES, code=2).err
    assert "STATEMENTS_PAYMENT_KEY" in message
    assert "openssl rand" in message
    assert not hospital.ledger_exists() or hospital.ledger("SELECT * FROM batch WHERE batch_id = ?", BATCH) == []
    findings = {each["part"]: each for each in call(hospital, "doctor", "--json", code=None).json}
    assert "STATEMENTS_PAYMENT_KEY" in findings["payment code"]["message"]


def test_doctor__says_what_nothing_proves(tmp_path: Path) -> None:
    hospital = Hospital(build_hospital(tmp_path / "home", guarantors=5).home, {"STATEMENTS_EMAIL_KEY": ""})
    findings = {each["part"]: each for each in call(hospital, "doctor", "--json", code=None).json}
    assert "every bounce and complaint waits for a person" in findings["e-mail"]["message"]
    assert "cannot tell a guessed document id" in findings["payment code"]["message"]
