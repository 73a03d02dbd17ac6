"""The hospital's payroll: it takes in deduction files, takes what they say from the wages on paydays, and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

from tests.simulation.households import Deduction, Event, Household, World

COLUMNS = "employee_id|code|amount|start|end|limit"
HEADER = "employee_id|code|pay_date|status|amount|reason"


@dataclass(frozen=True)
class Line:
    """What payroll was told about one employee. Money in cents."""

    employee: str
    code: str
    cents: int
    start: date
    end: date
    limit: int
    told_on: date


@dataclass
class Payroll:
    """`report` is called in the morning, `collect` in the evening."""

    home: Path
    world: World
    happen: Callable[[Event], bool]
    """Lets the payment of a deduction happen. Returns whether it did."""
    lines: dict[str, Line] = field(default_factory=dict)
    """Employee → the line that is in force. A later one replaces the earlier."""
    taken: dict[str, dict[date, int]] = field(default_factory=dict)
    """Employee → payday → what was taken, in cents."""
    told: list[Line] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def report(self, day: date) -> None:
        """Pass on what was taken yesterday, and write the answers of this morning."""
        payday, rows = day - timedelta(days=1), []
        for employee, line in self.lines.items():
            if payday not in self._paydays(employee) or not line.start <= payday <= line.end:
                continue
            taken = self.taken.setdefault(employee, {})
            due = min(line.cents, line.limit - sum(taken.values()))
            if due <= 0:
                continue
            random = Random(f"{employee}/{payday}")
            cents = 0 if random.random() < 0.1 else due
            household, _ = self._find(employee)
            facts = {"employee": employee, "cents": cents}
            if cents and self.happen(Event(day, household.number, "payroll-pays", facts)):
                taken[payday] = cents
                rows.append(f"{employee}|{line.code}|{payday}|taken|{_dollars(cents)}|")
            else:
                rows.append(f"{employee}|{line.code}|{payday}|not_taken|0.00|short_pay")
        if rows:
            folder = self.home / "payroll-answers"
            folder.mkdir(exist_ok=True)
            text = "\n".join((HEADER, *rows, f"TRAILER|{len(rows)}", ""))
            (folder / f"answers-{day}.txt").write_text(text, encoding="utf-8")

    def collect(self, day: date) -> list[Line]:
        """Take in everything new. Returns the lines."""
        found = []
        for control in sorted((self.home / "payroll").glob("*.ctl")):
            if control.name in self._known:
                continue
            self._known.add(control.name)
            (file,) = json.loads(control.read_text(encoding="utf-8"))["files"]
            header, *rows, trailer = (control.parent / file["file"]).read_text(encoding="utf-8").splitlines()
            if header != COLUMNS or trailer.split("|")[:2] != ["TRAILER", str(len(rows))]:
                self.faults.append(f"{control.name} is not a deduction file, or is cut")
            for row in rows:
                employee, code, amount, start, end, limit = row.split("|")
                dates = date.fromisoformat(start), date.fromisoformat(end)
                line = Line(employee, code, _cents(amount), *dates, _cents(limit), day)
                if line in self.told or (employee in self.lines and _is_same(self.lines[employee], line)):
                    self.faults.append(f"employee {employee} was told twice")
                self.lines[employee] = line
                self.told.append(line)
                found.append(line)
        return found

    def _paydays(self, employee: str) -> set[date]:
        return {each.due_on for each in self._find(employee)[1].plan.installments}

    def _find(self, employee: str) -> tuple[Household, Deduction]:
        household = self.world.by_employee(employee)
        return household, next(each for each in household.deductions if each.employee_id == employee)


def _is_same(line: Line, other: Line) -> bool:
    return (line.cents, line.start, line.end, line.limit) == (other.cents, other.start, other.end, other.limit)


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _cents(dollars: str) -> int:
    return round(float(dollars) * 100)
