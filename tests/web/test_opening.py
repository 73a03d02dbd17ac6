"""`statements serve` and Airflow open the console in one way: its totals are counted before somebody opens a page."""

from __future__ import annotations

import threading
from collections.abc import Collection

import pytest
from sqlalchemy import Connection

from statement_builder.ledger import ControlTotals, control_totals
from statement_builder.operations.console.today import read_today
from statement_builder.web.opening import open_console
from statement_builder.web.tokens import TokenBox
from statement_builder.web.visitors import LinkDoor
from tests.commands import BATCH
from tests.hospital import ROOT, Hospital
from tests.operations.test_run_parallel import worker


@pytest.mark.hospital("mailed", guarantors=40)
def test_console__has_counted_before_its_first_page(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    count = control_totals._count

    def note(connection: Connection, batch_ids: Collection[str]) -> dict[str, ControlTotals]:
        counted.extend(batch_ids)
        return count(connection, batch_ids)

    monkeypatch.setattr(control_totals, "_count", note)
    with worker(hospital) as context:
        door = LinkDoor(
            actor="ben@desk", memberships=frozenset(), port=8321, monotonic=lambda: 0.0, print_link=lambda _: None
        )
        open_console(context, door=door, box=TokenBox(), environ=hospital.environment, folder=hospital.home)
        for thread in threading.enumerate():
            if thread.name == "count-ahead":
                thread.join(60)
        assert counted == [BATCH]
        read_today(context)
        assert counted == [BATCH]


@pytest.mark.parametrize("path", ["statement_builder/web/server.py", "dags/common/console_app.py"])
def test_doors__open_the_console_in_one_way(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert "open_console(" in text
    assert " Console(" not in text
