"""A batch on real servers: PostgreSQL for source and ledger, S3 for the archive, SFTP and SMTP for hand-off."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import URL

from statement_builder.source import make_sample
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.services.postgres import fresh_database
from tests.services.sftp import SftpServer
from tests.services.smtp import SmtpServer

BATCH = f"{CYCLE}-statement"


def test_statement_batch__over_postgresql_s3_sftp_and_smtp(
    tmp_path: Path,
    postgres_server: URL,
    postgres_url: str,
    s3_url: str,
    sftp_server: SftpServer,
    smtp_server: SmtpServer,
) -> None:
    with fresh_database(postgres_server) as source_url:
        _run_on_servers(tmp_path, source_url, postgres_url, s3_url, sftp_server, smtp_server)


def _run_on_servers(
    tmp_path: Path, source_url: str, ledger_url: str, s3_url: str, sftp_server: SftpServer, smtp_server: SmtpServer
) -> None:
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    make_sample(source_url, guarantors=30, seed=1, as_of=AS_OF)
    hospital = Hospital(
        build_hospital(tmp_path / "home", guarantors=20).home,
        environ={
            "STATEMENTS_SOURCE_URL": source_url,
            "STATEMENTS_LEDGER": ledger_url,
            "STATEMENTS_ARCHIVE": s3_url,
            "STATEMENTS_PRINT": sftp_server.url(vendor),
            "STATEMENTS_EMAIL": smtp_server.url,
            **sftp_server.environ,
        },
    )
    findings = hospital.statements("doctor", "--json").json
    assert {finding["part"] for finding in findings if finding["ok"]} >= {"ledger", "archive", "source", "print vendor"}

    run = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", "--json")
    summary = hospital.statements(*run).json
    assert summary["state"] == "closed"
    assert summary["counts"]["handed_off"] == summary["counts"]["rendered"] > 0
    assert len(smtp_server.accepted) == summary["counts"]["email"] > 0
    (control,) = vendor.glob("*.ctl")
    assert control.with_suffix(".pdf").read_bytes().startswith(b"%PDF")

    for row in hospital.statements("find", BATCH, "--json").json[:3]:
        target = tmp_path / "one.pdf"
        hospital.statements("get", row["document"], "-o", str(target))
        assert hashlib.sha256(target.read_bytes()).hexdigest() == row["sha256"]

    files = {path.name: path.read_bytes() for path in vendor.iterdir()}
    hospital.statements(*run)
    assert {path.name: path.read_bytes() for path in vendor.iterdir()} == files
    assert len(smtp_server.accepted) == summary["counts"]["email"]
