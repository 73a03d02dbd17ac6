"""Renamed commands are refused with a message that names the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import call
from tests.hospital import Hospital


@pytest.mark.parametrize(
    ("arguments", "new"),
    [
        pytest.param(("settle", "1f3c", "--sent", "--reason", "found in the outbox"), "resolve", id="settle"),
        pytest.param(("lint", "file.pdf", "--json"), "preflight", id="lint"),
        pytest.param(("lint", "--help"), "preflight", id="lint-help"),
    ],
)
def test_renamed_command__names_the_new_one(arguments: tuple[str, ...], new: str, tmp_path: Path) -> None:
    result = call(Hospital(tmp_path), *arguments, code=2)
    assert f"use `statements {new}`" in result.err


def test_help__does_not_list_renamed_commands(tmp_path: Path) -> None:
    commands = call(Hospital(tmp_path), "--help").out
    assert " resolve " in commands
    assert " settle " not in commands
    assert " lint " not in commands
