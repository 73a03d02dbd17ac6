"""Everybody to whom mail is handed: the print vendor, the post office, and the mail servers.

They take in what is in the outbox, print and deliver it, and send reports back. They know where people really live.
What they do with a piece depends on its document id only, so that a shorter history meets the same fate.
"""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pypdfium2 as pdfium

from tests.simulation.households import World, street_of


@dataclass(frozen=True)
class Departure:
    """One piece that left the building: what the vendor or the mail server really got."""

    document_id: str
    channel: str
    day: date
    print_file: str = ""
    address_lines: tuple[str, ...] = ()
    amount_cents: int = 0
    text: str = ""
    """What is printed, or the subject and text of an e-mail; white space as one blank."""
    recipient: str = ""
    """The address of an e-mail."""


@dataclass(frozen=True)
class Report:
    """What somebody outside tells the hospital, on the day when the hospital gets it."""

    day: date
    what: str
    """`mailed`, `returned`, `rejected`, or `bounced`."""
    document_id: str
    print_file: str
    on: date
    """The day when it happened."""


@dataclass
class _Reported:
    report: Report
    row: str


_HEADERS = {
    "acknowledged": "print_file,status,records,pdf_sha256,received_on,reason",
    "mailed": "document_id,print_file,mailed_on,job_id",
    "rejected": "document_id,print_file,rejected_on,reason",
    "returned": "document_id,returned_on,return_reason",
}


class Outside:
    """The outside world of one hospital. `report` is called in the morning, `collect` in the evening."""

    def __init__(self, home: Path, world: World) -> None:
        self._outbox, self._inbox = home / "outbox", home / "inbox"
        self._inbox.mkdir(exist_ok=True)
        self._world = world
        self._known: set[str] = set()
        self._due: dict[date, list[_Reported]] = defaultdict(list)
        self._acknowledgments: dict[date, list[str]] = defaultdict(list)
        self._emails: dict[date, list[tuple[Report, bytes]]] = defaultdict(list)

    def report(self, day: date) -> list[Report]:
        """Write the reports of this morning into the hospital's inbox, and return them."""
        self._write(day, "acknowledged", self._acknowledgments.pop(day, []))
        reported = self._due.pop(day, [])
        for what in ("mailed", "rejected", "returned"):
            self._write(day, what, [each.row for each in reported if each.report.what == what])
        emails = self._emails.pop(day, [])
        for report, message in emails:
            (self._inbox / f"bounce-{report.document_id}-{day}.eml").write_bytes(message)
        return [each.report for each in reported] + [report for report, _ in emails]

    def collect(self, day: date) -> list[Departure]:
        """Take in everything new in the outbox, and decide what becomes of it."""
        departures = [*self._collect_print(day), *self._collect_email(day)]
        left = [
            street_of(household, household.address).upper()
            for household in self._world.households.values()
            if household.lives_at and household.address != household.lives_at
        ]
        for each in departures:
            if each.channel == "print":
                returns = any(street in line.upper() for street in left for line in each.address_lines)
                self._deliver(each, returns=returns)
        return departures

    def _write(self, day: date, what: str, rows: list[str]) -> None:
        if rows:
            text = "\r\n".join((_HEADERS[what], *rows, ""))
            (self._inbox / f"{what}-{day}.csv").write_text(text, encoding="utf-8")

    def _collect_print(self, day: date) -> Iterator[Departure]:
        for control in sorted((self._outbox / "print").glob("*.ctl")):
            if control.name in self._known:
                continue
            self._known.add(control.name)
            facts = json.loads(control.read_text(encoding="utf-8"))
            rows = list(csv.DictReader(io.StringIO(control.with_suffix(".csv").read_text(encoding="utf-8"))))
            assert len(rows) == facts["records"]
            row = f"{control.stem},accepted,{facts['records']},{facts['pdf']['sha256']},{day},"
            self._acknowledgments[day + timedelta(days=1)].append(row)
            pages = _page_texts(control.with_suffix(".pdf"))
            for each in rows:
                first, count = int(each["first_page"]) - 1, int(each["pages"])
                lines = tuple(each[f"address_{line}"] for line in range(1, 7) if each[f"address_{line}"])
                yield Departure(
                    document_id=each["document_id"],
                    channel="print",
                    day=day,
                    print_file=control.stem,
                    address_lines=lines,
                    amount_cents=int(each["amount_cents"]),
                    text=" ".join(pages[first : first + count]),
                )

    def _collect_email(self, day: date) -> Iterator[Departure]:
        for path in sorted((self._outbox / "email").glob("*.eml")):
            if path.name in self._known:
                continue
            self._known.add(path.name)
            text = path.read_text(encoding="utf-8")
            headers = dict(re.findall(r"^(Message-ID|To): (.*)$", text, re.MULTILINE))
            document = path.name.partition(".")[0]
            recipient = headers["To"].strip()
            household = self._world.households[int(re.sub(r"\D", "", recipient.partition("@")[0]))]
            if not household.email_works:
                on = day + timedelta(days=1)
                message = _bounce(recipient, headers["Message-ID"])
                self._emails[on].append((Report(on, "bounced", document, "", on), message))
            yield Departure(document, "email", day, text=_email_text(text), recipient=recipient)

    def _deliver(self, piece: Departure, *, returns: bool) -> None:
        """Print and mail the piece, or reject it; return it when nobody of this name lives there."""
        random = Random(f"{piece.document_id}/{piece.print_file}")
        if random.random() < 0.01:
            on = piece.day + timedelta(days=1)
            row = f"{piece.document_id},{piece.print_file},{on},ADDRESS"
            self._due[on].append(_Reported(Report(on, "rejected", piece.document_id, piece.print_file, on), row))
            return
        mailed = piece.day + timedelta(days=random.choice((1, 1, 1, 2, 3)))
        told = mailed + timedelta(days=random.choice((0, 1, 1, 2)))
        row = f"{piece.document_id},{piece.print_file},{mailed},J-{piece.day}"
        self._due[told].append(_Reported(Report(told, "mailed", piece.document_id, piece.print_file, mailed), row))
        if returns:
            on = mailed + timedelta(days=random.randint(4, 12))
            told = max(told, on + timedelta(days=random.randint(0, 2)))
            row = f"{piece.document_id},{on},UTF"
            self._due[told].append(_Reported(Report(told, "returned", piece.document_id, piece.print_file, on), row))


def _page_texts(path: Path) -> list[str]:
    document = pdfium.PdfDocument(path)
    try:
        return [" ".join(page.get_textpage().get_text_range().replace("\ufffe", "-").split()) for page in document]
    finally:
        document.close()


def _email_text(message: str) -> str:
    """The subject and every part that a reader sees."""
    parsed = email.message_from_string(message, policy=email.policy.default)
    parts = [str(part.get_content()) for part in parsed.walk() if part.get_content_maintype() == "text"]
    return " ".join(" ".join((str(parsed["Subject"]), *parts)).split())


def _bounce(recipient: str, message_id: str) -> bytes:
    """A delivery status notification (RFC 3464): there is no such mailbox."""
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id}\r\n\r\n--b--\r\n"
    ).encode()
