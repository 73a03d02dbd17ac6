"""Measure how many e-mails per second one process sends to a mail server on this machine.

    python -m tests.benchmarks.email --messages 1000

Measures the mailer alone, then a whole e-mail delivery with its ledger, on SQLite and on PostgreSQL, with each commit
forced to disk; each without and with a 2,048-bit DKIM signature. The server is aiosmtpd in another process, and its
time is included. Our process's own time does not depend on other load.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mail_house.email import compose_email, open_mailer
from statement_builder.billing.selection import Kind
from statement_builder.operations.approval.release_codes import POLICY_APPROVAL
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.email.email_delivery import send_emails
from statement_builder.pipeline.hand_off import begin_hand_off
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.pipeline.shard_worker import open_as_worker
from tests.services.postgres import fresh_database, running_cluster

BATCH = f"{CYCLE}-statement"
DURABLE = ("fsync=on", "full_page_writes=on")
DOCUMENT = "3f1c9a52-6a0e-5d2b-9a41-1f0b7c5d8e90"


@dataclass(frozen=True)
class Measured:
    what: str
    messages: int
    wall_s: float
    processor_s: float

    def __str__(self) -> str:
        per_message_ms = 1000 * self.processor_s / self.messages
        return f"{self.what:<32}{self.messages / self.wall_s:>12.0f}{per_message_ms:>24.2f}"


def measure(messages: int, *, ledgers: Sequence[str], folder: Path) -> Iterator[Measured]:
    """Yield one row per measurement, each with about `messages` messages."""
    environ = {"STATEMENTS_DKIM_KEY": str(_make_key(folder / "key.pem"))}
    with _mail_server() as port, ExitStack() as servers:
        url = f"smtp://127.0.0.1:{port}?from=billing@hospital.example"
        transports = {"": url, ", DKIM": f"{url}&dkim=s1"}
        for label, transport in transports.items():
            yield _timed(f"SMTP alone{label}", partial(_send_alone, transport, environ, messages))
        for ledger in ledgers:
            cluster = servers.enter_context(running_cluster(settings=DURABLE)) if ledger == "PostgreSQL" else None
            for label, transport in transports.items():
                with ExitStack() as database:
                    own = {"STATEMENTS_EMAIL": transport, **environ}
                    if cluster is not None:
                        own["STATEMENTS_LEDGER"] = database.enter_context(fresh_database(cluster.url))
                    hospital = _make_hospital(folder / f"{ledger}{label}", own, messages)
                    yield _send_delivery(hospital, f"e-mail delivery, {ledger}{label}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.email")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--ledger", action="append", choices=["SQLite", "PostgreSQL"], help="default: both")
    options = parser.parse_args(arguments)
    print(f"{'':<32}{'messages/s':>12}{'own CPU ms per message':>26}")
    with tempfile.TemporaryDirectory() as folder:
        for row in measure(options.messages, ledgers=options.ledger or ["SQLite", "PostgreSQL"], folder=Path(folder)):
            print(row, flush=True)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")


def _timed(what: str, send: Callable[[], int]) -> Measured:
    wall, processor = time.perf_counter(), time.process_time()
    messages = send()
    return Measured(what, messages, time.perf_counter() - wall, time.process_time() - processor)


def _send_alone(url: str, environ: dict[str, str], messages: int) -> int:
    with open_mailer(url, environ=environ) as mailer:
        for number in range(messages):
            message = compose_email(
                document_id=f"{number:08d}{DOCUMENT[8:]}",
                attempt=1,
                to=f"reader-{number}@mail.example",
                language="en",
                hospital_name="Mercy Harbor Hospital",
                portal_url="https://portal.hospital.example/",
                phone="555-0100",
                sent_at=datetime.now(UTC),
            )
            mailer.send(message)
    return messages


def _make_hospital(home: Path, environ: dict[str, str], messages: int) -> Hospital:
    """All guarantors choose e-mail; about `messages` of them get a statement."""
    hospital = Hospital(build_hospital(home, guarantors=messages * 3 // 2).home, environ)
    hospital.sql(
        "UPDATE guarantor SET delivery = 'email', email = 'g' || guarantor_id || '@mail.example',"
        " email_consent_at = '2026-01-02T09:00:00+00:00'"
    )
    return hospital


def _send_delivery(hospital: Hospital, what: str) -> Measured:
    """Build and recheck the batch, then measure the delivery alone."""
    with open_as_worker(hospital.environment) as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        batch = walk_batch(context, context.require_batch(BATCH), until=Step.GATES, accepted=POLICY_APPROVAL)
        with context.ledger.lock(BATCH, owner=context.actor, at=context.now()):
            begin_hand_off(context, batch)
            shards = context.ledger.shards.for_batch(BATCH)

            def send() -> int:
                send_emails(context, batch, shards)
                return context.ledger.control_totals.get(BATCH).counts.handed_off

            return _timed(what, send)


def _make_key(path: Path) -> Path:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


@contextmanager
def _mail_server() -> Iterator[int]:
    """Run the mail server. Yields its port."""
    command = [sys.executable, "-m", "tests.benchmarks.mail_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.communicate()


if __name__ == "__main__":
    main()
