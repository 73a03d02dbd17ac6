"""The inbox as a folder."""

from __future__ import annotations

from pathlib import Path

from statement_builder.operations.tracking.inbox import Inbox


def test_file_time__is_the_clock_of_the_folders_files_and_leaves_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    before = inbox.file_time()
    (tmp_path / "a.csv").write_bytes(b"x")
    assert before <= (tmp_path / "a.csv").stat().st_mtime <= inbox.file_time()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.csv"]
