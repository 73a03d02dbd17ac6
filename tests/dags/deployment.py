"""A complete deployment: a hospital with PostgreSQL, S3, SFTP and SMTP servers, run by a complete Airflow."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL
from sqlalchemy.engine import make_url

from statement_builder.source import make_sample
from tests.dags.airflow_home import AirflowHome, smtp_connection
from tests.dags.airflow_stack import AirflowStack, start_stack
from tests.dags.vendor_reports import acknowledge
from tests.hospital import AS_OF, Hospital, build_hospital
from tests.services.postgres import connect, fresh_database
from tests.services.s3 import S3Server, running_s3
from tests.services.sftp import SftpServer
from tests.services.smtp import SmtpServer, readable_text, run_smtp_server

OFFICE = "office@hospital.example"
SOURCE_OPTIONS = "options=-clock_timeout%3D300"
"""For reading the source, in milliseconds: shorter than the service's 30 seconds of waiting for a lock."""


@dataclass
class Deployment:
    """`hospital` runs commands with the same databases and servers as Airflow's tasks. `smtp` is the patients' mail
    server, `office` the billing office's, and `reports` the folder from which vendor reports are fetched."""

    stack: AirflowStack
    hospital: Hospital
    source_url: URL
    ledger_url: URL
    vendor: Path
    reports: Path
    s3: S3Server
    smtp: SmtpServer
    office: SmtpServer

    def ledger(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with connect(self.ledger_url) as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def source_locked(self) -> Iterator[None]:
        """Lock a table of the billing database in another session, as a load does."""
        with connect(self.source_url) as session, session.transaction():
            session.execute("LOCK TABLE charge IN ACCESS EXCLUSIVE MODE")
            yield

    @contextmanager
    def final_vendor_status(self, status: str) -> Iterator[None]:
        """Change the setting `final_vendor_status` for what is handed off inside the block."""
        settings = self.hospital.home / "statements.toml"
        text = settings.read_text(encoding="utf-8")
        assert 'final_vendor_status = "nothing"' in text
        settings.write_text(
            text.replace('final_vendor_status = "nothing"', f'final_vendor_status = "{status}"'), encoding="utf-8"
        )
        try:
            yield
        finally:
            settings.write_text(text, encoding="utf-8")

    def acknowledge(self, batch: str) -> None:
        """Publish the vendor's acknowledgement of the batch."""
        assert acknowledge(self.hospital, batch, self.reports)

    def printed(self) -> list[str]:
        """The document ids in every manifest with a control file."""
        rows: list[dict[str, str]] = []
        for control in self.vendor.glob("*.ctl"):
            rows += csv.DictReader(io.StringIO(control.with_suffix(".csv").read_text(encoding="utf-8")))
        return [row["document_id"] for row in rows]

    def emailed(self) -> list[str]:
        """The document ids of every message that the mail server accepted."""
        return [str(message["Message-ID"]).strip("<>").partition(".")[0] for message in self.smtp.accepted]

    def office_mail(self, *, about: str) -> list[str]:
        """The texts of messages to the office with `about` in their subject."""
        assert set(self.office.recipients) <= {OFFICE}
        return [readable_text(message) for message in self.office.accepted if about in message["Subject"]]

    def state_of(self, batch: str) -> str:
        rows = self.ledger("SELECT state FROM batch WHERE batch_id = %s", batch)
        return rows[0][0] if rows else ""

    def history(self) -> tuple[object, ...]:
        """The number of events and everything sent, for checking that nothing more happens."""
        events = self.ledger("SELECT count(*) FROM event")
        return events, sorted(self.printed()), sorted(self.emailed())

    def assert_sent_once(self, batch: str) -> None:
        """Assert that every rendered document was sent exactly once, and that the ledger says so."""
        rows = self.ledger("SELECT document_id, state FROM document WHERE batch_id = %s AND state <> 'error'", batch)
        rendered = {document_id for document_id, _ in rows}
        assert rendered
        assert {state for _, state in rows} == {"handed_off"}
        sent = Counter(each for each in (*self.printed(), *self.emailed()) if each in rendered)
        assert {document_id: n for document_id, n in sent.items() if n > 1} == {}
        assert sent.keys() == rendered
        summary = self.hospital.statements("show", batch, "--json").json
        assert (summary["state"], summary["foots"]) == ("closed", True)
        assert summary["counts"]["handed_off"] == summary["counts"]["rendered"] == len(rendered)

    def assert_identifies_nobody(self) -> None:
        """Assert that no log, XCom, rendered field or office message has a patient, an account or a secret in it."""
        with connect(self.source_url) as connection:
            people = connection.execute("SELECT last_name, address_lines, email FROM guarantor").fetchall()
            accounts = connection.execute("SELECT account_number FROM encounter LIMIT 500").fetchall()
        secret = {str(word) for row in (*people, *accounts) for word in row if word and len(str(word)) > 7}
        assert len(secret) > 100
        logs = [path.read_text(errors="replace") for path in self.stack.airflow.home.rglob("*.log")]
        assert len(logs) > 20
        database = self.stack.airflow.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
        with psycopg.connect(database) as connection:
            kept = connection.execute(
                "SELECT value::text FROM xcom UNION ALL SELECT rendered_fields::text FROM rendered_task_instance_fields"
            ).fetchall()
        assert kept
        text = "\n".join((*logs, *(str(row[0]) for row in kept), *map(readable_text, self.office.accepted)))
        assert sorted(word for word in secret if word in text) == []
        assert self.s3.secret_key not in text


@contextmanager
def running_deployment(
    home: Path,
    *,
    postgres_server: URL,
    redis_url: str,
    sftp_server: SftpServer,
    guarantors: int,
    environ: dict[str, str],
    layouts: Path | None = None,
) -> Iterator[Deployment]:
    """Start everything, and stop it after the block. `layouts` is as in `build_hospital`."""
    vendor, reports = home / "vendor", home / "reports"
    vendor.mkdir()
    reports.mkdir()
    with (
        fresh_database(postgres_server) as source_url,
        fresh_database(postgres_server) as ledger_url,
        fresh_database(postgres_server) as airflow_db,
        running_s3(home) as s3,
        run_smtp_server() as smtp,
        run_smtp_server() as office,
    ):
        (s3.root / "statements").mkdir()
        make_sample(source_url, guarantors=guarantors, seed=1, as_of=AS_OF)
        urls = {
            "STATEMENTS_LEDGER": ledger_url,
            "STATEMENTS_SOURCE_URL": f"{source_url}?{SOURCE_OPTIONS}",
            "STATEMENTS_ARCHIVE": f"s3://statements/archive?endpoint={s3.endpoint}",
            "STATEMENTS_PRINT": sftp_server.url(vendor),
            "STATEMENTS_EMAIL": smtp.url,
        }
        local = build_hospital(home / "hospital", guarantors=20, workers=1, layouts=layouts)
        settings = local.home / "statements.toml"
        text = settings.read_text(encoding="utf-8")
        assert text.count("[mail]\n") == 1
        settings.write_text(
            text.replace("[mail]\n", f'[mail]\nvendor_reports_url = "{sftp_server.url(reports)}"\n'), "utf-8"
        )
        alerts = {"STATEMENTS_ALERT_EMAIL": OFFICE, "AIRFLOW_CONN_SMTP_DEFAULT": smtp_connection(office)}
        stack = start_stack(
            AirflowHome(home / "airflow", local, alerts | environ),
            airflow_db=airflow_db.replace("+psycopg:", "+psycopg2:"),
            redis_url=redis_url,
            host_key=sftp_server.key_file.with_name("host_key.pub"),
            source_url=source_url,
            connections={
                "statements_ledger": {"url": urls["STATEMENTS_LEDGER"]},
                "statements_source": {"url": urls["STATEMENTS_SOURCE_URL"]},
                "statements_archive": {"url": urls["STATEMENTS_ARCHIVE"], "extra": s3.environ},
                "statements_print": {"url": urls["STATEMENTS_PRINT"], "extra": sftp_server.environ},
                "statements_email": {"url": urls["STATEMENTS_EMAIL"]},
            },
        )
        hospital = Hospital(local.home, urls | s3.environ | sftp_server.environ)
        source, ledger = make_url(source_url), make_url(ledger_url)
        try:
            yield Deployment(stack, hospital, source, ledger, vendor, reports, s3, smtp, office)
        finally:
            stack.stop()
