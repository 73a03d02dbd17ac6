"""Evidence packets are read one by one, by accounts, or by what waits: each with one query for the packets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from statement_builder.ledger import EvidenceKind, EvidencePacket, Ledger
from tests.ledger.world import AT, FACILITY, SHA


def packet(number: int, *accounts: str) -> EvidencePacket:
    return EvidencePacket(
        packet_id=f"EV-{number}a_",
        kind=EvidenceKind.BAD_DEBT,
        accounts=accounts,
        reason="sample of the auditor",
        requested_by="ben@desk",
        requested_at=AT + timedelta(hours=number),
    )


FIRST, SECOND, THIRD = packet(1, "7002", "7001"), packet(2, "7001"), packet(3, "7003")


@pytest.fixture
def asked(ledger: Ledger) -> Ledger:
    for each in (FIRST, SECOND, THIRD):
        assert ledger.evidence.request(FACILITY, each)
    ledger.evidence.approve(SECOND.packet_id, SHA, actor="ana@desk", at=AT + timedelta(hours=9), why="read it")
    return ledger


@contextmanager
def selecting() -> Iterator[list[str]]:
    found: list[str] = []

    def note(*arguments: object) -> None:
        if "evidence_" in (text := str(arguments[2])) and text.startswith("SELECT"):
            found.append(text)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_find__is_one_query_for_one_packet(asked: Ledger) -> None:
    with selecting() as queries:
        assert asked.evidence.find(FACILITY, FIRST.packet_id) == FIRST
    (query,) = queries
    assert "packet_id = " in query
    assert asked.evidence.find(FACILITY, "EV-9") is None
    assert asked.evidence.find("OTHER", FIRST.packet_id) is None


@pytest.mark.parametrize(
    ("beginning", "found"),
    [
        pytest.param("EV-", [3, 2, 1], id="all-newest-first"),
        pytest.param("EV-3", [3], id="one"),
        pytest.param("ev-3", [], id="another-case"),
        pytest.param("EV-%", [], id="a-wildcard-is-text"),
        pytest.param("EV-3_", [], id="so-is-this-one"),
    ],
)
def test_beginning_with__is_the_text_of_the_id(asked: Ledger, beginning: str, found: list[int]) -> None:
    ids = [each.packet_id for each in asked.evidence.beginning_with(FACILITY, beginning)]
    assert ids == [f"EV-{number}a_" for number in found]


def test_about__finds_each_packet_once_with_all_of_its_accounts(asked: Ledger) -> None:
    found = asked.evidence.about(FACILITY, ["7001", "7002"])
    assert [each.packet_id for each in found] == [SECOND.packet_id, FIRST.packet_id]
    assert [each.accounts for each in found] == [("7001",), ("7002", "7001")]
    assert asked.evidence.about(FACILITY, []) == asked.evidence.about("OTHER", ["7001"]) == []


def test_unapproved__are_those_that_wait(asked: Ledger) -> None:
    assert asked.evidence.unapproved(FACILITY) == [THIRD, FIRST]
    assert [each.packet_id for each in asked.evidence.all(FACILITY)] == [f"EV-{number}a_" for number in (3, 2, 1)]
