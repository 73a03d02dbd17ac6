"""What waits for a person, in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from statement_builder.operations.console import today
from statement_builder.policy.guarantor_rules import ALTERNATE_FORMATS


@pytest.mark.parametrize("code", ALTERNATE_FORMATS.values())
def test_waiting__a_request_for_another_format_has_a_title(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today, "list_work_queue", lambda _: [SimpleNamespace(code=code), SimpleNamespace(code=code)])
    monkeypatch.setattr(today, "find_late_files", lambda _: [])
    context: Any = None
    (row,) = today._list_waiting(context, ())
    assert (row.code, row.count) == (code, 2)
    assert row.title
