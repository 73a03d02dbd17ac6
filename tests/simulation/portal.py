"""The patient portal: it takes in the feed, shows each guarantor their documents, and reports which were opened."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any


@dataclass
class Portal:
    """`report` is called in the morning, `collect` in the evening."""

    home: Path
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Document → its line in the feed, of what the portal shows or has shown."""
    viewed: dict[str, date] = field(default_factory=dict)
    """Document → the day on which the hospital learned that it was opened."""
    withdrawn: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    """What the portal cannot make sense of: for the judge."""
    _known: set[str] = field(default_factory=set)
    _due: dict[date, list[str]] = field(default_factory=lambda: defaultdict(list))

    def report(self, day: date) -> None:
        """Report what was opened yesterday."""
        opened = [each for each in self._due.pop(day, []) if each not in self.withdrawn]
        if not opened:
            return
        self.viewed |= dict.fromkeys(opened, day)
        rows = [f"{each},{day - timedelta(days=1)},{self.shown[each]['token']}" for each in opened]
        text = "\r\n".join(("document_id,viewed_on,token", *rows, ""))
        (self.home / "inbox" / f"views-{day}.csv").write_text(text, encoding="utf-8")

    def collect(self, day: date) -> list[dict[str, Any]]:
        """Take in everything new. Returns the lines of what is shown from now on."""
        new = []
        for control in sorted((self.home / "portal").glob("*.ctl")):
            if control.name in self._known:
                continue
            self._known.add(control.name)
            facts = json.loads(control.read_text(encoding="utf-8"))
            text = (control.parent / facts["files"][0]["file"]).read_text(encoding="utf-8")
            lines = [json.loads(line) for line in text.splitlines()]
            shows = [line for line in lines if line["action"] == "show"]
            if facts["records"] != len(lines) or facts["cents"] != sum(line["amount_cents"] for line in shows):
                self.faults.append(f"{control.name}: its counts are not those of its lines")
            self.withdrawn |= {line["document"] for line in lines if line["action"] == "withdraw"}
            for line in shows:
                self._show(line, day)
            new += shows
        return new

    def _show(self, line: dict[str, Any], day: date) -> None:
        document = str(line["document"])
        if document in self.shown:
            self.faults.append(f"document {document} arrived twice")
        self.shown[document] = line
        random = Random(f"{document}/portal")
        if random.random() < 0.6:
            self._due[day + timedelta(days=random.choice((2, 2, 3, 4, 6, 7, 8, 9, 12)))].append(document)
