"""One batch that the portal refuses does not keep the others from it."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from mail_house.errors import Permanent
from statement_builder.operations.tracking import portal_feed


def test_publish_waiting__goes_on_after_a_batch_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[str] = []

    def publish(_: object, batch_id: str) -> None:
        if batch_id == "B1":
            raise Permanent("another feed file has its name")
        published.append(batch_id)

    monkeypatch.setattr(portal_feed, "publish_batch", publish)
    context: Any = SimpleNamespace(
        settings=SimpleNamespace(portal="file:///portal"),
        facility=SimpleNamespace(facility_id="F"),
        ledger=SimpleNamespace(
            portal=SimpleNamespace(waiting_batches=lambda _: ["B1", "B2"]), lock=lambda *_, **__: nullcontext()
        ),
        actor="service",
        now=lambda: None,
        require_batch=lambda batch_id: batch_id,
    )
    (found,) = portal_feed.publish_waiting(context)
    assert published == ["B2"]
    assert (found.code, "B1" in found.message) == ("UNREACHABLE", True)
