"""What a tie-out compares with, on both databases: the totals of each ledger, and the billing system's own balances."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import text

from statement_builder.billing.model import ReceivableLedger
from statement_builder.errors import QueryError
from statement_builder.resources import SQL_ROOT
from statement_builder.source import make_sample, open_source
from statement_builder.source.database import open_database
from tests.hospital import AS_OF, CYCLE


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A sample hospital."""
    folder = tmp_path_factory.mktemp("source")
    found = (
        f"sqlite:///{folder / 'hospital.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    make_sample(found, guarantors=40, as_of=AS_OF)
    return str(found)


def test_receivables__the_ledgers_and_the_accounts_agree(url: str) -> None:
    with open_source("reference", url, SQL_ROOT) as source:
        totals = source.receivables(as_of=AS_OF, cycle=CYCLE)
        accounts = [each for each in source.receivable_accounts(as_of=AS_OF, cycle=CYCLE) if each is not None]
    listed = Counter[str]()
    for account in accounts:
        listed[account.financial_class] += account.balance_cents
    for ledger in ReceivableLedger:
        mine = {each.financial_class: each.balance_cents for each in totals if each.ledger is ledger}
        assert mine == dict(listed), ledger
    assert sum(listed.values()) > 0


def test_receivables__a_bad_row_names_its_query(url: str) -> None:
    engine = open_database(url, read_only=False)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO general_ledger VALUES ('barter', 5)"))
    engine.dispose()
    with open_source("reference", url, SQL_ROOT) as source, pytest.raises(QueryError, match="receivables"):
        source.receivables(as_of=AS_OF, cycle=CYCLE)


def test_receivables__a_source_without_the_queries_has_none(url: str) -> None:
    with open_source("synthea", url, SQL_ROOT) as source:
        assert source.receivables(as_of=AS_OF, cycle=CYCLE) == []
        assert list(source.receivable_accounts(as_of=AS_OF, cycle=CYCLE)) == []
