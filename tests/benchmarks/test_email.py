"""The benchmark runs, and sends what it says that it sends. How fast is for who runs it to see."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.email import measure


def test_measure__a_row_for_each_way_with_all_its_messages(tmp_path: Path) -> None:
    rows = {row.what: row for row in measure(12, ledgers=["SQLite"], folder=tmp_path)}
    assert list(rows) == ["SMTP alone", "SMTP alone, DKIM", "e-mail lot, SQLite", "e-mail lot, SQLite, DKIM"]
    assert rows["SMTP alone"].messages == 12
    assert rows["e-mail lot, SQLite"].messages == rows["e-mail lot, SQLite, DKIM"].messages > 5
    assert all(row.wall_s > 0 and row.processor_s > 0 for row in rows.values())
