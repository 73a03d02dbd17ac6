"""The collection agencies: they take in files, accept or reject visits, collect, confirm recalls, and give back.

What an agency does with a visit depends on its placement's number only, so that a shorter history meets the same fate.
Each agency keeps its own books, which the judge compares with the hospital's.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

from tests.simulation.households import Event, World

PLACEMENT = [
    "placement",
    "placed_on",
    "account",
    "guarantor",
    "last_name",
    "first_name",
    "suffix",
    "birth_on",
    "language",
    "address_1",
    "address_2",
    "city",
    "state",
    "postal_code",
    "country",
    "patient_last_name",
    "patient_first_name",
    "patient_is_guarantor",
    "service_from",
    "service_to",
    "facility",
    "financial_class",
    "insurance",
    "is_medicare",
    "charges",
    "insurance_paid",
    "adjustments",
    "patient_paid",
    "balance",
    "itemized_on",
    "itemized",
    "interest_since",
    "fees_since",
    "charges_since",
    "payments_since",
    "credits_since",
    "last_payment_on",
    "last_payment",
    "first_statement_on",
    "last_statement_on",
    "statements",
    "final_notice_on",
    "actions_not_before",
    "assistance",
    "earlier_agency",
]
CHANGE = ["placement", "account", "change", "on", "amount", "balance", "reason"]
HEADER = "row|placement|on|amount|fee|reference|reason"
SEPARATORS = {"granite": "|", "summit": ","}


@dataclass
class Placement:
    """One visit in an agency's books. Money in cents."""

    placement: str
    agency: str
    account: str
    placed_on: date
    cents: int
    facts: dict[str, str]
    """The line as the agency got it."""
    direct: int = 0
    adjusted: int = 0
    collected: int = 0
    fees: int = 0
    given_back: int | None = None
    """What the agency says is left when it ends."""
    state: str = "placed"
    """`placed`, `accepted`, `recalling`; at the end `rejected`, `recalled`, `closed`, or `returned`."""
    recall_on: date | None = None
    ended_on: date | None = None
    told_balance: int | None = None
    """What the hospital's last line says is left."""

    @property
    def left(self) -> int:
        return self.cents - self.direct - self.adjusted - self.collected

    @property
    def is_live(self) -> bool:
        return self.ended_on is None


@dataclass(frozen=True)
class _Due:
    """Something that an agency will do."""

    placement: Placement
    row: str
    permille: int = 0


@dataclass
class Agencies:
    """All agencies of one hospital. `report` is called in the morning, `collect` in the evening."""

    home: Path
    world: World
    happen: Callable[[Event], bool]
    """Lets a payment happen that an agency passes on. Returns whether it did."""
    books: dict[str, Placement] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What an agency cannot make sense of: for the judge."""
    _known: set[str] = field(default_factory=set)
    _due: dict[date, list[_Due]] = field(default_factory=lambda: defaultdict(list))
    _files: int = 0

    def report(self, day: date) -> None:
        """Write the reports of this morning into the hospital's inbox."""
        rows: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for due in self._due.pop(day, []):
            for row, cents in self._do(due, day):
                rows[due.placement.agency].append((row, cents))
        for agency, lines in rows.items():
            self._files += 1
            total = sum(cents for _, cents in lines)
            text = "\n".join((HEADER, *(row for row, _ in lines), f"TRAILER|{len(lines)}|{_dollars(total)}", ""))
            folder = self.home / "agency-reports" / agency
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"report-{day}-{self._files}.txt").write_text(text, encoding="utf-8")

    def collect(self, day: date) -> list[Placement]:
        """Take in everything new. Returns what was placed."""
        placed: list[Placement] = []
        for control in sorted((self.home / "outbox" / "agencies").glob("*/*.ctl")):
            if control.name in self._known:
                continue
            self._known.add(control.name)
            facts = json.loads(control.read_text(encoding="utf-8"))
            (file,) = facts["files"]
            agency = control.parent.name
            with (control.parent / file["file"]).open(encoding="utf-8", newline="") as lines:
                table = list(csv.reader(lines, delimiter=SEPARATORS[agency]))
            records = [row[1:] for row in table if row[0] == "D"]
            if [table[-1][0], int(table[-1][1])] != ["T", len(records)] or facts["records"] != len(records):
                self.faults.append(f"{control.name}: {len(records)} records, and other counts in it")
            if facts["file_type"] == "placement":
                placed += [self._take_in(agency, dict(zip(PLACEMENT, row, strict=True)), day) for row in records]
            else:
                for row in records:
                    self._change(dict(zip(CHANGE, row, strict=True)), day)
            if round(float(table[-1][2]) * 100) != facts["cents"]:
                self.faults.append(f"{control.name}: the trailer has another sum than the control file")
        return placed

    def live(self, account: str) -> Placement | None:
        """The placement of a visit that an agency has."""
        return next((each for each in self.books.values() if each.account == account and each.is_live), None)

    def _take_in(self, agency: str, line: dict[str, str], day: date) -> Placement:
        new = Placement(line["placement"], agency, line["account"], day, _cents(line["balance"]), line)
        if new.placement in self.books:
            self.faults.append(f"placement {new.placement} arrived twice")
        if self.live(new.account):
            self.faults.append(f"visit {new.account} is with an agency, and was placed again")
        self.books[new.placement] = new
        random = Random(new.placement)
        answer = day + timedelta(days=random.randint(1, 3))
        if random.random() < 0.1:
            self._due[answer].append(_Due(new, "rejected"))
            return new
        self._due[answer].append(_Due(new, "accepted"))
        until = random.choice((40, 60, 90, 150))
        for _ in range(random.choice((0, 0, 1, 2, 3))):
            permille = random.choice((50, 200, 500, 1000))
            self._due[answer + timedelta(days=random.randint(2, until - 1))].append(_Due(new, "payment", permille))
        self._due[answer + timedelta(days=until)].append(_Due(new, "returned"))
        return new

    def _change(self, line: dict[str, str], day: date) -> None:
        found = self.books.get(line["placement"])
        if found is None:
            self.faults.append(f"a change of placement {line['placement']}, which the agency never got")
            return
        cents = _cents(line["amount"])
        if line["change"] == "paid_direct":
            found.direct += cents
        elif line["change"] == "adjustment":
            found.adjusted += cents
        elif found.is_live:
            found.state, found.recall_on = "recalling", day
            on = day + timedelta(days=Random(f"{found.placement}/recall").randint(1, 4))
            self._due[on].append(_Due(found, "recalled"))
        found.told_balance = _cents(line["balance"])
        if found.is_live and found.told_balance != found.left:
            self.faults.append(
                f"placement {found.placement}: {found.told_balance} are left, and the agency has {found.left}"
            )

    def _do(self, due: _Due, day: date) -> Iterator[tuple[str, int]]:
        """The rows about what an agency does, and their cents. Nothing about a visit that has ended."""
        visit = due.placement
        if not visit.is_live:
            return
        if due.row == "accepted":
            if visit.state == "placed":
                visit.state = "accepted"
                yield _row("accepted", visit, day, visit.cents)
        elif due.row == "rejected":
            yield self._end(visit, "rejected", day, visit.cents, "duplicate")
        elif due.row == "payment" and visit.state == "accepted":
            yield from self._collect_payment(visit, due.permille, day)
        elif due.row == "recalled" or (due.row == "returned" and visit.state == "accepted"):
            yield self._end(visit, due.row, day, visit.left, "uncollectible" if due.row == "returned" else "")

    def _collect_payment(self, visit: Placement, permille: int, day: date) -> Iterator[tuple[str, int]]:
        household, found = self.world.by_account[visit.account]
        cents = max(1, visit.left * permille // 1000)
        event = Event(day, household.number, "agency-pays", {"visit": found.number, "cents": cents})
        if visit.left <= 0 or not self.happen(event):
            return
        visit.collected += cents
        visit.fees += cents // 4
        yield _row("payment", visit, day, cents, fee=cents // 4, reference=f"R{visit.collected}-{day}")
        if visit.left == 0:
            yield self._end(visit, "closed", day, 0, "paid")

    @staticmethod
    def _end(visit: Placement, row: str, day: date, cents: int, reason: str) -> tuple[str, int]:
        visit.state, visit.ended_on, visit.given_back = row, day, cents
        return _row(row, visit, day, cents, reason=reason)


def _row(
    row: str, visit: Placement, day: date, cents: int, *, fee: int = 0, reference: str = "", reason: str = ""
) -> tuple[str, int]:
    cells = (row, visit.placement, day.isoformat(), _dollars(cents), _dollars(fee), reference, reason)
    return "|".join(cells), cents


def _dollars(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _cents(dollars: str) -> int:
    return round(float(dollars) * 100)
