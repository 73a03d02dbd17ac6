"""Accounts read by guarantor equal those of the whole pull, and a query that returns others is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.errors import QueryError, SourceError
from statement_builder.source import Source, load_synthea, make_sample, open_source
from tests.source.extract import AS_OF, CYCLE, SQL_ROOT, Extract, subjects
from tests.source.synthea_export import write_export
from tests.source.test_synthea import LOADED_AT

Account = GuarantorAccount | FaultyAccount


def read(source: Source, guarantor_ids: Iterable[str] | None = None) -> list[Account]:
    some = None if guarantor_ids is None else frozenset(guarantor_ids)
    return list(source.accounts(as_of=AS_OF, cycle=CYCLE, guarantor_ids=some))


def read_bytes(accounts: Iterable[Account]) -> dict[str, bytes]:
    """Guarantor id → the account as the snapshot has it. Rows without a guarantor belong to nobody who can be asked."""
    found = {}
    for account in accounts:
        subject = account.subject if isinstance(account, FaultyAccount) else account.guarantor.guarantor_id
        if not subject.startswith(("account:", "row:")):
            found[subject] = msgspec.json.encode(account)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hospital.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """A copy of the queries for a test to change."""
    root = tmp_path / "sql"
    shutil.copytree(SQL_ROOT / "reference", root / "reference")
    return root


def edit(queries: Path, change: Callable[[str], str], *names: str) -> None:
    for path in [queries / "reference" / f"{name}.sql" for name in names] or (queries / "reference").glob("*.sql"):
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def without_conditions(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if ":guarantor_ids)" not in line)


def test_accounts__of_each_guarantor_of_the_sample_are_those_of_the_pull(url: str) -> None:
    make_sample(url, as_of=AS_OF)
    with open_source("reference", url, SQL_ROOT, languages=frozenset({"en", "es"})) as source:
        everybody = read_bytes(read(source))
        assert len(everybody) >= 200
        ids = list(everybody)
        for guarantor_id in ids:
            assert read_bytes(read(source, [guarantor_id])) == {guarantor_id: everybody[guarantor_id]}
        assert read_bytes(read(source, ids)) == everybody
        assert list(read_bytes(read(source, ids))) == ids, "in mailing order"


def test_accounts__of_each_patient_of_synthea_are_those_of_the_pull(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    write_export(folder)
    load_synthea(folder, url, withhold_since=date(2026, 1, 1), loaded_at=LOADED_AT)
    with open_source("synthea", url, SQL_ROOT) as source:
        everybody = read_bytes(read(source))
        assert len(everybody) > 3
        for guarantor_id, account in everybody.items():
            assert read_bytes(read(source, [guarantor_id])) == {guarantor_id: account}


def add_shared_account(extract: Extract) -> None:
    extract.add("encounter", account_number="A1", guarantor_id="G2", patient_id="P2")


def add_payment_of_another(extract: Extract) -> None:
    extract.add("patient_payment", payment_id="R9", account_number="A1", guarantor_id="G2")


def add_unapplied_payment(extract: Extract) -> None:
    extract.add("patient_payment", payment_id="R9", account_number=None, guarantor_id="G1")


def add_hold_of_guarantor(extract: Extract) -> None:
    extract.add("hold", hold_id="H9", account_number=None, guarantor_id="G1", code="HOSPHOLD")


def add_plan_of_two(extract: Extract) -> None:
    for guarantor in ("G1", "G2"):
        extract.add("payment_plan", plan_id="L1", guarantor_id=guarantor)
    extract.add("installment", plan_id="L1")


def add_child_of_two(extract: Extract) -> None:
    for guarantor in ("G1", "G2"):
        extract.add("patient", patient_id="P9", guarantor_id=guarantor, birth_on="2018-01-01")
        extract.add("coverage", patient_id="P9", guarantor_id=guarantor)
    extract.add("encounter", account_number="A9", patient_id="P9", guarantor_id="G2")
    extract.add("charge", account_number="A9", charge_id="C9")


def add_confidential_address(extract: Extract) -> None:
    extract.add("contact", guarantor_id="G1", patient_id="P1")


def add_second_row(extract: Extract) -> None:
    extract.add("guarantor", guarantor_id="G1", postal_code="99999")


def add_rows_without_guarantor(extract: Extract) -> None:
    extract.add("charge", account_number="A404", charge_id="C9")
    extract.add("patient", patient_id="P9", guarantor_id=None)


@pytest.mark.parametrize(
    "add",
    [
        pytest.param(add_shared_account, id="account-of-two-guarantors"),
        pytest.param(add_payment_of_another, id="payment-by-another-guarantor"),
        pytest.param(add_unapplied_payment, id="payment-without-account"),
        pytest.param(add_hold_of_guarantor, id="hold-of-the-whole-guarantor"),
        pytest.param(add_plan_of_two, id="plan-of-two-guarantors"),
        pytest.param(add_child_of_two, id="child-of-two-guarantors"),
        pytest.param(add_confidential_address, id="confidential-address"),
        pytest.param(add_second_row, id="two-rows"),
        pytest.param(add_rows_without_guarantor, id="rows-without-guarantor"),
    ],
)
def test_accounts__relations_come_with_the_guarantor(extract: Extract, add: Callable[[Extract], None]) -> None:
    for number in "12":
        extract.add_account(number)
    add(extract)
    with extract.source() as source:
        everybody = read_bytes(read(source))
        assert {"G1", "G2"} <= everybody.keys()
        for guarantor_id in ("G1", "G2"):
            assert read_bytes(read(source, [guarantor_id])) == {guarantor_id: everybody[guarantor_id]}


def test_accounts__unknown_guarantor_has_none(extract: Extract) -> None:
    extract.add_account("1")
    with extract.source() as source:
        assert read(source, ["G404"]) == []
        assert read(source, []) == []


def test_accounts__one_guarantor_costs_one_guarantors_rows(sqlite_extract: Extract) -> None:
    for number in "123":
        sqlite_extract.add_account(number)
    with sqlite_extract.source() as source:
        rows = []
        original = source._read

        def count(*arguments: object) -> Iterable[list[tuple[object, ...]]]:
            for chunk in original(*arguments):  # type: ignore[arg-type]
                rows.extend(chunk)
                yield chunk

        source._read = count  # type: ignore[method-assign, assignment]
        assert subjects(read(source, ["G2"])) == ["G2"]
    assert {row[1] for row in rows} == {"G2"}


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param((), id="in-no-query"),
        pytest.param(("guarantors",), id="not-in-guarantors"),
        pytest.param(("charges",), id="not-in-charges"),
    ],
)
def test_accounts__queries_without_the_condition_still_work(
    sqlite_extract: Extract, queries: Path, lacking: tuple[str, ...]
) -> None:
    """A hospital's own queries may have no condition at all, or not everywhere."""
    for number in "123":
        sqlite_extract.add_account(number)
    edit(queries, without_conditions, *lacking)
    with sqlite_extract.source(queries) as source:
        everybody = read_bytes(read(source))
        assert read_bytes(read(source, ["G2"])) == {"G2": everybody["G2"]}
        assert source.check(as_of=AS_OF, cycle=CYCLE).faults == ()


def test_accounts__without_the_condition_the_rows_are_still_counted(sqlite_extract: Extract, queries: Path) -> None:
    sqlite_extract.add_account("1")
    edit(queries, without_conditions)
    edit(queries, lambda sql: sql.replace("FROM encounter AS e\n", "FROM encounter AS e WHERE 1 = 0\n"), "encounters")
    with sqlite_extract.source(queries) as source, pytest.raises(SourceError, match=r"encounters\.sql returned 0 rows"):
        read(source, ["G1"])


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("WHERE owned.amount_cents > 0 OR\n owned.guarantor_id IN (:guarantor_ids)", id="half-a-condition"),
        pytest.param("WHERE owned.guarantor_id = :guarantor_ids", id="no-list"),
        pytest.param("WHERE (owned.guarantor_id IN (:guarantor_ids)\n)", id="open-parenthesis"),
    ],
)
@pytest.mark.parametrize("guarantor_ids", [None, ["G1"]], ids=["everybody", "one"])
def test_accounts__condition_that_cannot_be_left_out_is_refused(
    sqlite_extract: Extract, queries: Path, line: str, guarantor_ids: list[str] | None
) -> None:
    sqlite_extract.add_account("1")
    edit(queries, lambda sql: sql.replace("WHERE owned.guarantor_id IN (:guarantor_ids)", line), "charges")
    with sqlite_extract.source(queries) as source, pytest.raises(QueryError, match=r"charges\.sql .* own that begins"):
        read(source, guarantor_ids)


@pytest.mark.parametrize(
    ("query", "old", "new", "differs"),
    [
        pytest.param("charges", "WHERE owned.", "WHERE owned.amount_cents < 0 AND owned.", "encounters", id="charge"),
        pytest.param("guarantors", "WHERE g.guarantor_id", "WHERE g.last_name", "", id="guarantor"),
    ],
)
def test_check__finds_a_query_by_guarantor_that_returns_others(
    sqlite_extract: Extract, queries: Path, query: str, old: str, new: str, differs: str
) -> None:
    """A charge that only a look-up of one person misses would be a wrong amount on a corrected bill."""
    sqlite_extract.add_account("1")
    edit(queries, lambda sql: sql.replace(old, new), query)
    with sqlite_extract.source(queries) as source:
        report = source.check(as_of=AS_OF, cycle=CYCLE)
    (fault,) = report.faults
    assert (fault.code, fault.row_key, report.accounts, report.faulty) == ("BY_GUARANTOR", "G1", 1, 0)
    assert differs in fault.message


def test_email_secrets__of_one_guarantor(extract: Extract) -> None:
    for number in "12":
        extract.add("guarantor", guarantor_id=f"G{number}", email_secret=f"blue heron {number}")
    with extract.source() as source:
        assert source.email_secrets({"G2"}, as_of=AS_OF, cycle=CYCLE) == {"G2": "blue heron 2"}
