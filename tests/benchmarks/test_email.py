"""The e-mail benchmark runs and sends all messages. Its speed is not tested."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.email import measure


def test_measure__one_row_per_transport_with_all_messages(tmp_path: Path) -> None:
    rows = {row.what: row for row in measure(12, ledgers=["SQLite"], folder=tmp_path)}
    assert list(rows) == ["SMTP alone", "SMTP alone, DKIM", "e-mail delivery, SQLite", "e-mail delivery, SQLite, DKIM"]
    assert rows["SMTP alone"].messages == 12
    assert rows["e-mail delivery, SQLite"].messages == rows["e-mail delivery, SQLite, DKIM"].messages > 5
    assert all(row.wall_s > 0 and row.processor_s > 0 for row in rows.values())
