"""The source as a whole: what stops the pull, the consistent snapshot, and the check report."""

from __future__ import annotations

import shutil
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from statement_builder.billing.model import (
    Address,
    AlternateFormat,
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Contact,
    ContactKind,
    Coverage,
    CoverageKind,
    Delivery,
    DocumentRequest,
    EstimateReview,
    FaultyAccount,
    GuarantorAccount,
    Refund,
    RefundMethod,
    RefundReason,
    RefundStatus,
    RequestFormat,
    RequestKind,
)
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.errors import ConfigError, RepeatedSubjects, SourceError
from statement_builder.source import make_sample, open_source
from statement_builder.source.database import begin_reading, open_database
from tests.builders import make_group
from tests.source.extract import AS_OF, CYCLE, SQL_ROOT, Extract, subjects


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """A copy of the queries for a test to break."""
    root = tmp_path / "sql"
    shutil.copytree(SQL_ROOT / "reference", root / "reference")
    return root


def replace_in(queries: Path, name: str, old: str, new: str) -> None:
    path = queries / "reference" / f"{name}.sql"
    sql = path.read_text(encoding="utf-8")
    assert old in sql
    path.write_text(sql.replace(old, new), encoding="utf-8")


MAIL_SORT = "COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '')"
BROKEN_QUERIES = [
    # query, old text, new text, part of the message
    pytest.param(
        "charges", "owned.code", "owned.code AS cpt", "charges.sql does not return column code", id="column-missing"
    ),
    pytest.param("charges", "FROM charge ", "FROM charges ", "charges.sql failed: ", id="query-fails"),
    pytest.param(
        "patients", "ORDER BY 1, 2", "ORDER BY 1 DESC, 2", "patients.sql, row 2: out of order", id="out-of-order"
    ),
    pytest.param(
        "charges",
        "AS c\n",
        "AS c WHERE c.account_number <> 'A9'\n",
        "charges.sql returned 2 rows, but control.sql counts 3",
        id="rows-lost",
    ),
    pytest.param("control", "'holds'", "'hold'", "control.sql has no row for holds", id="missing-count"),
    pytest.param("patients", MAIL_SORT, "NULL", "patients.sql, row 1: mail_sort is not text", id="key-not-text"),
]


def add_three(extract: Extract) -> None:
    extract.add_account("1", postal_code="01101")
    extract.add_account("2", postal_code="01102")
    extract.add("charge", account_number="A9")
    extract.add("hold")


@pytest.mark.parametrize(("query", "old", "new", "message"), BROKEN_QUERIES)
def test_accounts__broken_query_stops_the_pull(
    extract: Extract, queries: Path, query: str, old: str, new: str, message: str
) -> None:
    add_three(extract)
    replace_in(queries, query, old, new)

    with pytest.raises(SourceError) as raised:
        extract.pull(queries)

    assert message in str(raised.value)


def test_accounts__omitted_optional_column_is_empty(extract: Extract, queries: Path) -> None:
    extract.add("guarantor", guarantor_id="G1", email_secret="blue heron 47")
    (with_column,) = extract.pull(queries)
    assert isinstance(with_column, GuarantorAccount)
    replace_in(queries, "guarantors", ",\n       owned.email_secret", "")
    (without,) = extract.pull(queries)
    assert isinstance(without, GuarantorAccount)
    assert without.guarantor.email_secret == ""
    assert with_column.guarantor == replace(without.guarantor, email_secret="blue heron 47")


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        pytest.param("email_consent_terms", "a" * 64, "", id="a-digest"),
        pytest.param("email_consent_terms", "version 2", "SHA256", id="a-name-of-a-text"),
        pytest.param("email_consent_terms", "A" * 64, "SHA256", id="capitals"),
        pytest.param("email_consent_withdrawn_on", "2026-02-10", "", id="a-day"),
    ],
)
@pytest.mark.parametrize("table", ["guarantor", "contact"])
def test_accounts__consent_columns(extract: Extract, table: str, column: str, value: str, found: str) -> None:
    extract.add("guarantor", **({column: value} if table == "guarantor" else {}))
    extract.add("patient")
    if table == "contact":
        extract.add("contact", **{column: value})
    (account,) = extract.pull()
    faults = account.faults if isinstance(account, FaultyAccount) else ()
    assert [(fault.code, fault.column) for fault in faults] == ([(found, column)] if found else [])
    if isinstance(account, GuarantorAccount):
        recipient = account.guarantor if table == "guarantor" else account.contacts[0]
        assert str(getattr(recipient, column)) == value


def test_accounts__birth_date_and_coverage_spans(extract: Extract) -> None:
    extract.add_account("1")
    extract.add("guarantor", guarantor_id="G2", birth_on="2010-02-28")
    extract.add("patient", guarantor_id="G2", patient_id="P9")
    extract.add("coverage", guarantor_id="G2", patient_id="P9", ends_on="2026-12-31")
    extract.add("coverage", guarantor_id="G2", patient_id="P9", coverage_id="V2", kind="medicaid")
    accounts = {each.guarantor.guarantor_id: each for each in extract.pull() if isinstance(each, GuarantorAccount)}
    starts_on = date(2026, 7, 1)
    assert accounts["G1"].guarantor.birth_on is None
    assert accounts["G1"].coverages == ()
    assert accounts["G2"].guarantor.birth_on == date(2010, 2, 28)
    assert accounts["G2"].coverages == (
        Coverage(patient_id="P9", kind=CoverageKind.QMB, starts_on=starts_on, ends_on=date(2026, 12, 31)),
        Coverage(patient_id="P9", kind=CoverageKind.MEDICAID, starts_on=starts_on),
    )


def test_accounts__contacts(extract: Extract) -> None:
    extract.add("guarantor")
    extract.add("patient")
    extract.add("encounter")
    extract.add(
        "contact",
        account_number="A1",
        patient_id=None,
        kind="attorney",
        name="Reyes & Cole LLP",
        address_lines="9 Court Square\nSuite 4",
        country="USA",
        email="office@reyes-cole.example",
        language="es",
        large_print=True,
        delivery="email",
        email_consent_at="2026-01-02T15:00:00Z",
    )
    extract.add("contact", contact_id="K0")
    (account,) = extract.pull()
    assert isinstance(account, GuarantorAccount)
    assert account.contacts == (
        Contact(
            contact_id="K0",
            kind=ContactKind.CONFIDENTIAL,
            patient_id="P1",
            address=Address(lines=("PO Box 4471",), city="Larchmere", state="MA", postal_code="01944"),
        ),
        Contact(
            contact_id="K1",
            kind=ContactKind.ATTORNEY,
            account_number="A1",
            name="Reyes & Cole LLP",
            address=Address(
                lines=("9 Court Square", "Suite 4"), city="Larchmere", state="MA", postal_code="01944", country="US"
            ),
            email="office@reyes-cole.example",
            language="es",
            large_print=True,
            delivery=Delivery.EMAIL,
            email_consent_at=datetime(2026, 1, 2, 15, tzinfo=UTC),
        ),
    )


def test_accounts__extract_without_contacts(sqlite_extract: Extract, queries: Path) -> None:
    """An older folder of queries still works: no contacts, no row in control.sql."""
    sqlite_extract.add_account("1")
    now = sqlite_extract.pull()
    (queries / "reference" / "contacts.sql").unlink()
    counted = "SELECT 'contacts' AS result_set, count(*) AS row_count FROM contact\nUNION ALL\n"
    replace_in(queries, "control", counted, "")
    assert sqlite_extract.pull(queries) == now


def test_accounts__extract_without_birth_dates_and_coverage_spans(sqlite_extract: Extract, queries: Path) -> None:
    """An older folder of queries still works: no birth date, no spans, no row in control.sql."""
    sqlite_extract.add_account("1")
    now = sqlite_extract.pull()
    (queries / "reference" / "coverages.sql").unlink()
    replace_in(queries, "guarantors", ",\n       owned.birth_on", "")
    counted = "SELECT 'coverages' AS result_set, count(*) AS row_count FROM coverage\nUNION ALL\n"
    replace_in(queries, "control", counted, "")
    assert sqlite_extract.pull(queries) == now


def test_accounts__visit_that_a_physician_group_bills(extract: Extract) -> None:
    """One row of the group serves all guarantors, and comes with those who have visits of it only."""
    for number in ("1", "2", "3"):
        extract.add_account(number)
    extract.add("billing_entity")
    extract.add("encounter", guarantor_id="G1", account_number="D1", billing_entity_id="LP")
    extract.add("encounter", guarantor_id="G3", patient_id="P3", account_number="D3", billing_entity_id="LP")
    accounts = {each.guarantor.guarantor_id: each for each in extract.pull() if isinstance(each, GuarantorAccount)}
    assert [each.billing_entities for each in accounts.values()] == [(make_group(),), (), (make_group(),)]
    billed_by = {each.account_number: each.billing_entity_id for each in accounts["G1"].encounters}
    assert billed_by == {"A1": "", "D1": "LP"}


def test_accounts__extract_without_billing_entities(sqlite_extract: Extract, queries: Path) -> None:
    """An older folder of queries still works: no billing entities, no row in control.sql."""
    sqlite_extract.add_account("1")
    now = sqlite_extract.pull()
    (queries / "reference" / "billing_entities.sql").unlink()
    replace_in(queries, "encounters", ",\n       owned.billing_entity_id", "")
    control = (queries / "reference" / "control.sql").read_text(encoding="utf-8")
    counted = control[control.index("SELECT 'billing_entities'") : control.index("SELECT 'charges'")]
    replace_in(queries, "control", counted, "")
    assert sqlite_extract.pull(queries) == now


REVIEWED = {
    "estimate_reviewed_by": "M. Ortega",
    "estimate_reviewed_on": "2026-11-05",
    "estimate_review_note": "Second implant",
}


def test_accounts__assistance_and_estimate_review(extract: Extract) -> None:
    extract.add("guarantor")
    extract.add("patient")
    extract.add("encounter", good_faith_estimate_cents=10_000, **REVIEWED)
    extract.add("assistance")
    extract.add(
        "assistance",
        assistance_id="N2",
        account_number="A1",
        kind="application",
        occurred_on="2026-11-06",
        status="received",
    )
    (account,) = extract.pull()
    assert isinstance(account, GuarantorAccount)
    assert account.encounters[0].estimate_review == EstimateReview(
        reviewed_by="M. Ortega", reviewed_on=date(2026, 11, 5), note="Second implant"
    )
    assert account.assistance == (
        AssistanceRecord(kind=AssistanceKind.ORAL_EFFORT, occurred_on=date(2026, 11, 5), assistance_id="N1"),
        AssistanceRecord(
            kind=AssistanceKind.APPLICATION,
            occurred_on=date(2026, 11, 6),
            account_number="A1",
            status=ApplicationStatus.RECEIVED,
            assistance_id="N2",
        ),
    )


def test_accounts__extract_without_assistance_and_reviews(sqlite_extract: Extract, queries: Path) -> None:
    sqlite_extract.add_account("1")
    now = sqlite_extract.pull()
    (queries / "reference" / "assistance.sql").unlink()
    for column in REVIEWED:
        replace_in(queries, "encounters", f",\n       owned.{column}", "")
    counted = "SELECT 'assistance' AS result_set, count(*) AS row_count FROM assistance\nUNION ALL\n"
    replace_in(queries, "control", counted, "")
    assert sqlite_extract.pull(queries) == now


def test_accounts__request_with_what_its_review_found(extract: Extract) -> None:
    for table in ("guarantor", "patient", "encounter"):
        extract.add(table)
    extract.add(
        "document_request",
        reviewed_on="2026-11-12",
        corrected_items="payment_posted charge_removed",
        format="large_print",
    )
    extract.add("document_request", request_id="Q2", kind="invoice", obstacle="coding", expected_on="2026-12-04")
    (account,) = extract.pull()
    assert isinstance(account, GuarantorAccount)
    disputed = DocumentRequest(
        request_id="Q1",
        kind=RequestKind.VERIFICATION,
        asked_on=date(2026, 11, 5),
        format=RequestFormat.LARGE_PRINT,
        reviewed_on=date(2026, 11, 12),
        corrected=(Correction.CHARGE_REMOVED, Correction.PAYMENT_POSTED),
    )
    asked = DocumentRequest(
        request_id="Q2",
        kind=RequestKind.INVOICE,
        asked_on=date(2026, 11, 5),
        obstacle=RequestObstacle.CODING,
        expected_on=date(2026, 12, 4),
    )
    assert account.encounters[0].requests == (disputed, asked)


def test_accounts__refund_of_a_visit_and_of_a_deposit(extract: Extract) -> None:
    extract.add("guarantor")
    extract.add("patient")
    extract.add("encounter")
    extract.add("ob_episode")
    extract.add("refund", check_number="77", balances_reviewed=True)
    deposit = {"account_number": None, "episode_id": "E1", "reason": "deposit", "status": "sent"}
    extract.add("refund", refund_id="F2", **deposit, method="card", send_on=None, sent_on="2026-11-19")
    (account,) = extract.pull()
    assert isinstance(account, GuarantorAccount)
    approved = Refund(
        refund_id="F1",
        account_number="A1",
        amount_cents=4_500,
        reason=RefundReason.OVERPAID,
        status=RefundStatus.APPROVED,
        approved_on=date(2026, 11, 18),
        approved_by="refund-queue",
        method=RefundMethod.CHECK,
        send_on=date(2026, 11, 27),
        check_number="77",
        balances_reviewed=True,
    )
    sent = replace(
        approved,
        refund_id="F2",
        account_number="",
        episode_id="E1",
        reason=RefundReason.DEPOSIT,
        status=RefundStatus.SENT,
        method=RefundMethod.CARD,
        send_on=None,
        sent_on=date(2026, 11, 19),
        check_number="",
        balances_reviewed=False,
    )
    assert set(map(repr, account.refunds)) == {repr(approved), repr(sent)}


def test_accounts__extract_without_refunds(sqlite_extract: Extract, queries: Path) -> None:
    """An older folder of queries still works, and so does one without the two optional columns."""
    sqlite_extract.add_account("1")
    now = sqlite_extract.pull()
    for column in ("check_number", "balances_reviewed"):
        replace_in(queries, "refunds", f",\n       owned.{column}", "")
    assert sqlite_extract.pull(queries) == now
    (queries / "reference" / "refunds.sql").unlink()
    counted = "UNION ALL\nSELECT 'refunds' AS result_set, count(*) AS row_count FROM refund\n"
    replace_in(queries, "control", counted, "")
    assert sqlite_extract.pull(queries) == now


@pytest.mark.parametrize(("query", "old", "new", "message"), BROKEN_QUERIES)
def test_check__reports_what_would_stop_the_pull(
    sqlite_extract: Extract, queries: Path, query: str, old: str, new: str, message: str
) -> None:
    add_three(sqlite_extract)
    replace_in(queries, query, old, new)

    with sqlite_extract.source(queries) as source:
        report = source.check(as_of=AS_OF, cycle=CYCLE)

    assert any(message in fault.message for fault in report.faults)


def test_accounts__failed_query_repeats_no_value(queries: Path, postgres_url: str) -> None:
    extract = Extract(postgres_url)
    extract.add("guarantor", last_name="Secretname")
    extract.engine.dispose()
    replace_in(queries, "guarantors", "owned.city", "CAST(owned.last_name AS integer) AS city")

    with pytest.raises(SourceError, match="does not fit the query") as raised:
        extract.pull(queries)

    assert "Secretname" not in str(raised.value)


def test_accounts__locked_table_is_reported(postgres_url: str) -> None:
    """A load locks the table. The URL sets a short lock_timeout, so the test does not wait 30 seconds."""
    extract = Extract(postgres_url)
    extract.add_account("1")
    with extract.engine.connect() as load:
        load.exec_driver_sql("LOCK TABLE charge IN ACCESS EXCLUSIVE MODE")
        with (
            open_source("reference", f"{postgres_url}?options=-clock_timeout%3D50", SQL_ROOT) as source,
            pytest.raises(SourceError, match=r"charges\.sql reads a table that another session .* has locked"),
        ):
            list(source.accounts(as_of=AS_OF, cycle=CYCLE))
        load.rollback()
    extract.engine.dispose()
    assert subjects(extract.pull()) == ["G1"]


def test_accounts__wait_at_most_30_seconds_for_a_lock(postgres_url: str) -> None:
    with begin_reading(open_database(postgres_url, read_only=True)) as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "30s"
    with begin_reading(open_database(f"{postgres_url}?options=-clock_timeout%3D50", read_only=True)) as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "50ms"


def test_accounts__missing_query_stops_the_pull(sqlite_extract: Extract, queries: Path) -> None:
    (queries / "reference" / "holds.sql").unlink()

    with pytest.raises(SourceError, match=r"holds\.sql is missing"):
        sqlite_extract.pull(queries)


def test_accounts__correspondence_query_is_optional(sqlite_extract: Extract, queries: Path) -> None:
    sqlite_extract.add_account("1")
    (queries / "reference" / "correspondence.sql").unlink()

    assert subjects(sqlite_extract.pull(queries)) == ["G1"]


def test_accounts__column_order_and_extra_columns_do_not_matter(sqlite_extract: Extract, queries: Path) -> None:
    sqlite_extract.add_account("1")
    plain = sqlite_extract.pull()
    replace_in(queries, "charges", "       owned.charge_id,", "       7 AS extra, owned.amount_cents, owned.charge_id,")
    replace_in(queries, "charges", "owned.quantity,\n       owned.amount_cents\n", "owned.quantity\n")

    assert sqlite_extract.pull(queries) == plain


def test_accounts__parameters_are_bound(extract: Extract, queries: Path) -> None:
    extract.add_account("1")
    extract.add("hold", hold_id="X-2026-11", expires_on=None)
    extract.add("hold", hold_id="X-2026-12", placed_on="2026-11-20")
    extract.add("hold", hold_id="X-old", placed_on="2026-11-19")
    replace_in(
        queries,
        "holds",
        "FROM hold AS h",
        "FROM (SELECT * FROM hold WHERE hold_id = 'X-' || :cycle OR placed_on = :as_of) AS h",
    )
    replace_in(queries, "control", "count(*) AS row_count FROM hold", "2 AS row_count")

    (account,) = extract.pull(queries)

    assert [hold.hold_id for hold in account.holds] == ["X-2026-11", "X-2026-12"]  # type: ignore[union-attr]


def test_accounts__come_from_one_snapshot(extract: Extract) -> None:
    if extract.is_sqlite:
        with extract.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    extract.add("guarantor", guarantor_id="G0000")
    extract.add("guarantor", guarantor_id="G0001")
    with extract.source() as source:
        accounts = source.accounts(as_of=AS_OF, cycle=CYCLE)
        first = next(accounts)
        with extract.engine.begin() as connection:
            connection.execute(text("DELETE FROM guarantor"))
            connection.execute(text("INSERT INTO hold (hold_id, guarantor_id) VALUES ('X9', 'G0001')"))
        rest = list(accounts)

    assert subjects([first, *rest]) == ["G0000", "G0001"]


def test_accounts__can_be_abandoned_midway(extract: Extract) -> None:
    for number in "123":
        extract.add_account(number)
    with extract.source() as source:
        accounts = source.accounts(as_of=AS_OF, cycle=CYCLE)
        next(accounts)
        accounts.close()  # type: ignore[attr-defined]

        assert len(list(source.accounts(as_of=AS_OF, cycle=CYCLE))) == 3


def test_accounts__includes_builds_only_the_requested_guarantors(extract: Extract) -> None:
    for number in "123":
        extract.add_account(number)
    extract.add("guarantor", guarantor_id="G4", language="Spanish")
    with extract.source() as source:
        some = list(source.accounts(as_of=AS_OF, cycle=CYCLE, includes={"G2", "G4", "G9"}.__contains__))
    assert subjects(some) == ["G2", "!G4"]


def test_accounts__includes_still_checks_all_row_counts(extract: Extract, queries: Path) -> None:
    extract.add_account("1")
    extract.add_account("2")
    replace_in(queries, "control", "count(*) AS row_count FROM hold", "2 AS row_count")
    with extract.source(queries) as source, pytest.raises(SourceError, match=r"but control\.sql counts 2"):
        list(source.accounts(as_of=AS_OF, cycle=CYCLE, includes={"G1"}.__contains__))


@pytest.mark.parametrize(
    ("name", "url", "message"),
    [
        pytest.param("epic", "sqlite:///x.db", "Known: reference, synthea", id="unknown-name"),
        pytest.param("../sql", "sqlite:///x.db", "Known: reference, synthea", id="name-is-a-path"),
        pytest.param("reference", "oracle://host/db", "use sqlite or postgresql+psycopg", id="unknown-driver"),
        pytest.param("reference", "not a url", "Use sqlite:///path", id="not-a-url"),
    ],
)
def test_open_source__rejects_invalid_settings(name: str, url: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        open_source(name, url, SQL_ROOT)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:////nowhere/at/all.db", id="missing-file"),
        pytest.param("postgresql+psycopg://clerk:hidden@127.0.0.1:1/billing", id="connection-refused"),
    ],
)
def test_open_source__unreachable_database_is_a_source_error(url: str) -> None:
    with pytest.raises(SourceError) as raised, open_source("reference", url, SQL_ROOT):
        pass

    assert "hidden" not in str(raised.value)


def test_open_source__does_not_create_a_missing_database(tmp_path: Path) -> None:
    with pytest.raises(SourceError), open_source("reference", f"sqlite:///{tmp_path / 'typo.db'}", SQL_ROOT):
        pass

    assert list(tmp_path.iterdir()) == []


def test_accounts__file_that_is_not_a_database_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("not a database, just notes" * 100)

    with pytest.raises(SourceError), open_source("reference", f"sqlite:///{path}", SQL_ROOT) as source:
        list(source.accounts(as_of=AS_OF, cycle=CYCLE))


def test_source__writes_nothing(extract: Extract, queries: Path) -> None:
    extract.add("feed")
    replace_in(
        queries,
        "freshness",
        "SELECT feed, loaded_at\nFROM feed\nORDER BY feed",
        "DELETE FROM feed RETURNING feed, loaded_at",
    )

    with extract.source(queries) as source, pytest.raises(SourceError, match=r"freshness\.sql failed"):
        source.feeds()

    with extract.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM feed")).scalar_one() == 1


def test_feeds__are_in_utc_and_omit_unknown_times(extract: Extract) -> None:
    extract.add("feed", loaded_at="2026-11-20T01:00:00-05:00")
    extract.add("feed", feed="obstetric", loaded_at=None)

    with extract.source() as source:
        assert source.feeds() == {"billing": datetime(2026, 11, 20, 6, tzinfo=UTC)}


def test_check__counts_rows_and_lists_faults(extract: Extract) -> None:
    extract.add_account("1")
    extract.add_account("2")
    extract.add("charge", charge_id="C9", account_number="A2", amount_cents=-1)
    extract.add("feed")

    with extract.source() as source:
        report = source.check(as_of=AS_OF, cycle=CYCLE)

    assert (report.accounts, report.faulty, report.fault_count) == (2, 1, 1)
    assert report.faults[0].message == "charges, row A2/C9: amount_cents is negative."
    assert report.rows["charges"] == 3
    assert report.feeds == {"billing": datetime(2026, 11, 20, 6, tzinfo=UTC)}


def test_check__goes_on_to_the_end(extract: Extract, queries: Path) -> None:
    for number in "0123":
        extract.add_account(number)
    extract.add("charge", charge_id="C8", account_number="A2", amount_cents=-1)
    extract.add("patient_payment", payment_id="R8", account_number="A3", guarantor_id="G3", method="a\nb")
    extract.add("hold", guarantor_id="G1", code="")
    replace_in(queries, "charges", "ORDER BY 1, 2", "ORDER BY 1 DESC, 2 DESC")
    replace_in(queries, "plans", "owned.status", "owned.status AS state")
    replace_in(queries, "control", "'holds'", "'hold'")
    replace_in(queries, "control", "'patients'", "'patient'")

    with extract.source(queries) as source:
        report = source.check(as_of=AS_OF, cycle=CYCLE)

    assert {(fault.result_set, fault.code) for fault in report.faults} == {
        ("charges", "SOURCE"),
        ("plans", "SOURCE"),
        ("", "SOURCE"),
        ("charges", "NEGATIVE"),
        ("patient_payments", "CONTROL"),
        ("holds", "NULL"),
    }
    assert {word for fault in report.faults if fault.result_set == "" for word in fault.message.split()} >= {
        "holds.",
        "patients.",
    }
    assert report.accounts == 4
    assert report.rows["charges"] == 5


@pytest.mark.parametrize(
    "mail_sort",
    [
        pytest.param("x'ff'", id="binary-after-the-others"),
        pytest.param("5", id="number-before-the-others"),
        pytest.param("NULL", id="null"),
        pytest.param("'00000'", id="before"),
        pytest.param("'99999'", id="after"),
        pytest.param("CAST(x'30ff' AS text)", id="damaged"),
    ],
)
@pytest.mark.parametrize("query", ["charges", "guarantors"])
def test_accounts__guarantor_at_two_places_is_refused_once(
    sqlite_extract: Extract, queries: Path, mail_sort: str, query: str
) -> None:
    """A charge at another place of the order must not be left out of the bill, or billed alone."""
    for number in "012":
        sqlite_extract.add_account(number)
    sqlite_extract.add("charge", charge_id="C9", account_number="A1")
    sqlite_extract.add("patient_payment", account_number="A1")
    replace_in(queries, query, MAIL_SORT, f"CASE WHEN owned.guarantor_id = 'G1' THEN {mail_sort} ELSE '01103' END")

    with sqlite_extract.source(queries) as source:
        with pytest.raises(RepeatedSubjects) as repeated:
            list(source.accounts(as_of=AS_OF, cycle=CYCLE))
        with pytest.raises(RepeatedSubjects) as of_one:
            list(source.accounts(as_of=AS_OF, cycle=CYCLE, includes={"G1"}.__contains__))
        others = list(source.accounts(as_of=AS_OF, cycle=CYCLE, includes={"G0", "G2"}.__contains__))
        accounts = list(source.accounts(as_of=AS_OF, cycle=CYCLE, refused=repeated.value.subjects))
        report = source.check(as_of=AS_OF, cycle=CYCLE)

    assert sorted(subjects(accounts)) == ["!G1", "G0", "G2"]
    assert of_one.value.subjects == repeated.value.subjects
    assert subjects(others) == ["G0", "G2"], "of guarantors that are whole, nothing is refused"
    assert (report.accounts, report.faulty) == (3, 1)
    assert any(fault.code == "SPLIT" for fault in report.faults)


def test_email_secrets__omit_a_guarantor_with_two_rows(sqlite_extract: Extract, queries: Path) -> None:
    """Nobody can tell which of the two passwords is the guarantor's."""
    for number in "12":
        sqlite_extract.add("guarantor", guarantor_id=f"G{number}", email_secret=f"blue heron {number}")
    text = (queries / "reference" / "guarantors.sql").read_text(encoding="utf-8")
    head, order = text.rsplit("ORDER BY 1, 2", 1)
    again = head[head.index("SELECT") :].replace(MAIL_SORT, "'99999'") + " WHERE owned.guarantor_id = 'G1'"
    (queries / "reference" / "guarantors.sql").write_text(f"{head} UNION ALL {again} ORDER BY 1, 2{order}", "utf-8")
    with sqlite_extract.source(queries) as source:
        assert source.email_secrets({"G1", "G2"}, as_of=AS_OF, cycle=CYCLE) == {"G2": "blue heron 2"}


def test_accounts__memory_does_not_grow_with_the_hospital(tmp_path: Path) -> None:
    def peak_bytes(guarantors: int) -> int:
        url = f"sqlite:///{tmp_path / f'{guarantors}.db'}"
        make_sample(url, guarantors=guarantors, as_of=AS_OF)
        with open_source("reference", url, SQL_ROOT) as source:
            tracemalloc.start()
            try:
                assert sum(1 for _ in source.accounts(as_of=AS_OF, cycle=CYCLE)) >= guarantors
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    # Three times the guarantors: buffered rows stay the same once every result set fills its chunk.
    assert peak_bytes(3600) < 1.6 * peak_bytes(1200)


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        pytest.param("Nunez1980", "is a name, an id, a date or a number", id="name"),
        pytest.param("june thirtieth nineteen eighty", "is a name, an id, a date or a number", id="date-in-words"),
        pytest.param("sunshine", "is a common word", id="common-word"),
        pytest.param("heron", "is missing or shorter than 8", id="short"),
        pytest.param("blue heron 47", "", id="good"),
        pytest.param(None, "", id="none"),
    ],
)
def test_check__notes_a_password_that_others_could_guess(extract: Extract, secret: str | None, problem: str) -> None:
    extract.add("guarantor", guarantor_id="G1", last_name="Nunez", email_secret=secret)
    with extract.source() as source:
        report = source.check(as_of=AS_OF, cycle="2026-11")
    assert report.faults == (), "no fault: the bill is mailed on paper"
    notes = [(note.code, note.row_key) for note in report.notes]
    assert notes == ([("WEAK_SECRET", "G1")] if problem else [])
    assert all(problem in note.message and str(secret) not in note.message for note in report.notes)


@pytest.mark.parametrize(
    ("recorded", "language", "other_language"),
    [
        pytest.param(None, "en", "", id="none"),
        pytest.param("es", "es", "", id="translation"),
        pytest.param("es-MX", "es", "", id="translation-of-the-base"),
        pytest.param("vi", "en", "vi", id="english-with-the-notice"),
    ],
)
def test_accounts__language_of_the_documents_and_of_the_reader(
    extract: Extract, recorded: str | None, language: str, other_language: str
) -> None:
    extract.add("guarantor", guarantor_id="G1", language=recorded)
    with extract.source() as source:
        (account,) = source.accounts(as_of=AS_OF, cycle=CYCLE)
    assert isinstance(account, GuarantorAccount)
    assert (account.guarantor.language, account.guarantor.other_language) == (language, other_language)


def test_accounts__request_for_another_format(extract: Extract) -> None:
    extract.add("guarantor", alternate_format="braille", alternate_format_requested_on="2026-10-15")
    with extract.source() as source:
        (account,) = source.accounts(as_of=AS_OF, cycle=CYCLE)
    assert isinstance(account, GuarantorAccount)
    guarantor = account.guarantor
    assert guarantor.alternate_format is AlternateFormat.BRAILLE
    assert guarantor.alternate_format_requested_on == date(2026, 10, 15)
