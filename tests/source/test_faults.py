"""Bad rows: each one affects only its guarantor, names file, column and row, and repeats no value."""

from __future__ import annotations

from typing import Any

import pytest

from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from tests.source.extract import AS_OF, Extract, only_fault, subjects

BOTH_DATABASES = [
    # table, changes that make the row bad, (code, result set, column)
    pytest.param("guarantor", {"last_name": None}, ("NULL", "guarantors", "last_name"), id="name-null"),
    pytest.param("guarantor", {"last_name": "  "}, ("NULL", "guarantors", "last_name"), id="name-blank"),
    pytest.param("guarantor", {"last_name": "x" * 201}, ("LONG", "guarantors", "last_name"), id="name-too-long"),
    pytest.param(
        "guarantor", {"last_name": "Lo\x07pez"}, ("CONTROL", "guarantors", "last_name"), id="name-with-bell-character"
    ),
    pytest.param(
        "guarantor", {"first_name": "A\nB"}, ("CONTROL", "guarantors", "first_name"), id="name-with-line-feed"
    ),
    pytest.param(
        "guarantor",
        {"first_name": "A\u202eB"},
        ("CONTROL", "guarantors", "first_name"),
        id="name-with-bidirectional-override",
    ),
    pytest.param(
        "guarantor", {"first_name": "A\ue000"}, ("CONTROL", "guarantors", "first_name"), id="name-private-use"
    ),
    pytest.param("guarantor", {"last_name": "L\ufffdpez"}, ("ENCODING", "guarantors", "last_name"), id="name-damaged"),
    pytest.param("guarantor", {"city": "x\x01y"}, ("CONTROL", "guarantors", "city"), id="city-control"),
    pytest.param(
        "guarantor",
        {"address_lines": "\n".join(f"line {n}" for n in range(9))},
        ("ADDRLINES", "guarantors", "address_lines"),
        id="address-of-nine-lines",
    ),
    pytest.param(
        "guarantor",
        {"confidential_lines": "a\nb\nc\nd", "confidential_postal_code": "01103"},
        ("ADDRLINES", "guarantors", "confidential_lines"),
        id="confidential-address-of-four-lines",
    ),
    pytest.param(
        "guarantor", {"language": "Spanish"}, ("LANGUAGE", "guarantors", "language"), id="invalid-language-code"
    ),
    pytest.param("guarantor", {"delivery": "fax"}, ("CHOICE", "guarantors", "delivery"), id="unknown-delivery"),
    pytest.param(
        "guarantor", {"delivery": "email", "email": "a@b@c"}, ("EMAIL", "guarantors", "email"), id="invalid-email"
    ),
    pytest.param(
        "guarantor",
        {"email_consent_at": "2027-01-01T00:00:00Z"},
        ("FUTURE", "guarantors", "email_consent_at"),
        id="consent-in-the-future",
    ),
    pytest.param("patient", {"birth_on": None}, ("NULL", "patients", "birth_on"), id="birth-null"),
    pytest.param("patient", {"birth_on": "1880-01-01"}, ("DATE", "patients", "birth_on"), id="birth-before-1900"),
    pytest.param(
        "encounter", {"service_to": "2026-09-30"}, ("DATEORDER", "encounters", "service_to"), id="end-before-start"
    ),
    pytest.param("encounter", {"patient_id": "P9"}, ("ORPHAN", "encounters", "patient_id"), id="unknown-patient"),
    pytest.param("encounter", {"plan_id": "L9"}, ("ORPHAN", "encounters", "plan_id"), id="unknown-plan"),
    pytest.param(
        "encounter",
        {"financial_class": "SELFPAY"},
        ("CHOICE", "encounters", "financial_class"),
        id="unknown-financial-class",
    ),
    pytest.param(
        "encounter",
        {"insurance_pending_cents": -1},
        ("NEGATIVE", "encounters", "insurance_pending_cents"),
        id="pending-negative",
    ),
    pytest.param("charge", {"amount_cents": -1}, ("NEGATIVE", "charges", "amount_cents"), id="charge-negative"),
    pytest.param("charge", {"amount_cents": None}, ("NULL", "charges", "amount_cents"), id="charge-null"),
    pytest.param("charge", {"amount_cents": 10**10}, ("RANGE", "charges", "amount_cents"), id="charge-out-of-range"),
    pytest.param("charge", {"quantity": 0}, ("RANGE", "charges", "quantity"), id="quantity-zero"),
    pytest.param("charge", {"service_on": "2026-11-21"}, ("FUTURE", "charges", "service_on"), id="service-after-as-of"),
    pytest.param("charge", {"posted_on": "2026-11-21"}, ("FUTURE", "charges", "posted_on"), id="posted-after-as-of"),
    pytest.param("charge", {"description": ""}, ("NULL", "charges", "description"), id="description-blank"),
    pytest.param(
        "insurance_transaction", {"kind": "bonus"}, ("CHOICE", "insurance_transactions", "kind"), id="unknown-kind"
    ),
    pytest.param(
        "patient_payment",
        {"account_number": "A9"},
        ("ORPHAN", "patient_payments", "account_number"),
        id="payment-on-unknown-account",
    ),
    pytest.param(
        "patient_payment",
        {"posted_on": "2027-01-01"},
        ("FUTURE", "patient_payments", "posted_on"),
        id="payment-in-the-future",
    ),
    pytest.param("correspondence", {"last_level": 7}, ("RANGE", "correspondence", "last_level"), id="level-seven"),
    pytest.param(
        "correspondence",
        {"last_mailed_on": "2026-10-01"},
        ("DATEORDER", "correspondence", "last_mailed_on"),
        id="last-before-first",
    ),
    pytest.param("coverage", {"kind": "commercial"}, ("CHOICE", "coverages", "kind"), id="coverage-of-another-kind"),
    pytest.param(
        "coverage",
        {"ends_on": "2026-06-30"},
        ("DATEORDER", "coverages", "ends_on"),
        id="coverage-ends-before-it-starts",
    ),
    pytest.param(
        "encounter",
        {"billing_entity_id": "ZZ"},
        ("ORPHAN", "encounters", "billing_entity_id"),
        id="visit-of-an-unknown-group",
    ),
    pytest.param("coverage", {"patient_id": "P9"}, ("ORPHAN", "coverages", "patient_id"), id="coverage-of-nobody"),
    pytest.param("contact", {"kind": "friend"}, ("CHOICE", "contacts", "kind"), id="contact-of-unknown-kind"),
    pytest.param("contact", {"patient_id": "P9"}, ("ORPHAN", "contacts", "patient_id"), id="contact-of-nobody"),
    pytest.param(
        "contact",
        {"patient_id": None, "account_number": "A9"},
        ("ORPHAN", "contacts", "account_number"),
        id="contact-for-unknown-visit",
    ),
    pytest.param(
        "contact", {"patient_id": None}, ("CONTACT", "contacts", "patient_id"), id="confidential-address-of-nobody"
    ),
    pytest.param("contact", {"name": "Mom"}, ("CONTACT", "contacts", "name"), id="confidential-address-with-a-name"),
    pytest.param("contact", {"kind": "attorney"}, ("NULL", "contacts", "name"), id="attorney-without-a-name"),
    pytest.param("contact", {"country": "Atlantis"}, ("COUNTRY", "contacts", "country"), id="contact-unknown-country"),
    pytest.param("contact", {"language": "Spanish"}, ("LANGUAGE", "contacts", "language"), id="contact-language"),
    pytest.param(
        "contact", {"delivery": "email", "email": "a@b@c"}, ("EMAIL", "contacts", "email"), id="contact-invalid-email"
    ),
    pytest.param(
        "contact",
        {"email_consent_at": "2027-01-01T00:00:00Z"},
        ("FUTURE", "contacts", "email_consent_at"),
        id="contact-consent-in-the-future",
    ),
    pytest.param(
        "contact",
        {"address_lines": "a\nb\nc\nd"},
        ("ADDRLINES", "contacts", "address_lines"),
        id="contact-address-of-four-lines",
    ),
    pytest.param("payment_plan", {"status": None}, ("NULL", "plans", "status"), id="plan-status-null"),
    pytest.param("hold", {"account_number": "A9"}, ("ORPHAN", "holds", "account_number"), id="hold-on-unknown-account"),
    pytest.param("hold", {"episode_id": "E9"}, ("ORPHAN", "holds", "episode_id"), id="hold-on-unknown-pregnancy"),
    pytest.param(
        "encounter",
        {"estimate_reviewed_by": "M. Ortega", "estimate_reviewed_on": "2026-11-05"},
        ("INCOMPLETE", "encounters", "estimate_review_note"),
        id="review-without-a-note",
    ),
    pytest.param(
        "encounter",
        {"estimate_reviewed_by": " ", "estimate_reviewed_on": "2026-11-05", "estimate_review_note": "Implant"},
        ("INCOMPLETE", "encounters", "estimate_reviewed_by"),
        id="review-by-nobody",
    ),
    pytest.param(
        "encounter",
        {"estimate_reviewed_by": "M. Ortega", "estimate_review_note": "Implant"},
        ("INCOMPLETE", "encounters", "estimate_reviewed_on"),
        id="review-without-a-date",
    ),
    pytest.param(
        "encounter",
        {
            "estimate_reviewed_by": "M. Ortega",
            "estimate_reviewed_on": "2026-11-21",
            "estimate_review_note": "Implant",
        },
        ("FUTURE", "encounters", "estimate_reviewed_on"),
        id="review-in-the-future",
    ),
    pytest.param("assistance", {"kind": "letter"}, ("CHOICE", "assistance", "kind"), id="assistance-of-another-kind"),
    pytest.param(
        "assistance", {"occurred_on": "2026-11-21"}, ("FUTURE", "assistance", "occurred_on"), id="effort-in-the-future"
    ),
    pytest.param(
        "assistance",
        {"account_number": "A9"},
        ("ORPHAN", "assistance", "account_number"),
        id="effort-on-unknown-visit",
    ),
    pytest.param(
        "assistance",
        {"kind": "application"},
        ("INCOMPLETE", "assistance", "status"),
        id="application-without-a-status",
    ),
    pytest.param(
        "assistance",
        {"kind": "application", "status": "lost"},
        ("CHOICE", "assistance", "status"),
        id="application-of-unknown-status",
    ),
    pytest.param("assistance", {"status": "received"}, ("CHOICE", "assistance", "status"), id="effort-with-a-status"),
    pytest.param(
        "assistance",
        {"kind": "presumptive", "status": "denied"},
        ("CHOICE", "assistance", "status"),
        id="decision-without-an-application-that-denies",
    ),
    pytest.param(
        "assistance",
        {"kind": "application", "status": "incomplete", "missing_items": "income passport"},
        ("CHOICE", "assistance", "missing_items"),
        id="unknown-missing-item",
    ),
    pytest.param(
        "document_request",
        {"corrected_items": "charge_removed magic"},
        ("CHOICE", "requests", "corrected_items"),
        id="unknown-correction",
    ),
    pytest.param("document_request", {"obstacle": "busy"}, ("CHOICE", "requests", "obstacle"), id="unknown-obstacle"),
    pytest.param(
        "document_request", {"reviewed_on": "2026-11-21"}, ("FUTURE", "requests", "reviewed_on"), id="review-tomorrow"
    ),
    pytest.param(
        "ob_episode", {"patient_id": "P9"}, ("ORPHAN", "ob_episodes", "patient_id"), id="pregnancy-of-unknown-patient"
    ),
    pytest.param(
        "ob_episode", {"estimate_cents": -1}, ("NEGATIVE", "ob_episodes", "estimate_cents"), id="estimate-negative"
    ),
    pytest.param("refund", {"amount_cents": -1}, ("NEGATIVE", "refunds", "amount_cents"), id="refund-negative"),
    pytest.param("refund", {"status": "paid"}, ("CHOICE", "refunds", "status"), id="refund-of-unknown-status"),
    pytest.param("refund", {"reason": "gift"}, ("CHOICE", "refunds", "reason"), id="refund-of-unknown-reason"),
    pytest.param("refund", {"account_number": "A9"}, ("ORPHAN", "refunds", "account_number"), id="refund-of-no-visit"),
    pytest.param("refund", {"episode_id": "E9"}, ("ORPHAN", "refunds", "episode_id"), id="refund-of-no-pregnancy"),
    pytest.param("refund", {"sent_on": "2026-11-21"}, ("FUTURE", "refunds", "sent_on"), id="refund-sent-tomorrow"),
]

SQLITE_ONLY = [
    # PostgreSQL's column types reject these; SQLite stores them.
    pytest.param("charge", {"amount_cents": "12.50"}, ("TYPE", "charges", "amount_cents"), id="dollars-as-decimals"),
    pytest.param("charge", {"amount_cents": "free"}, ("TYPE", "charges", "amount_cents"), id="amount-as-text"),
    pytest.param("charge", {"amount_cents": b"12"}, ("TYPE", "charges", "amount_cents"), id="amount-as-bytes"),
    pytest.param("charge", {"posted_on": "10/03/2026"}, ("DATE", "charges", "posted_on"), id="date-as-month-day-year"),
    pytest.param(
        "charge", {"posted_on": "2026-02-30"}, ("DATE", "charges", "posted_on"), id="date-that-does-not-exist"
    ),
    pytest.param("charge", {"posted_on": "2026-10-03T10:00:00"}, ("DATE", "charges", "posted_on"), id="date-with-time"),
    pytest.param("guarantor", {"large_print": 7}, ("RANGE", "guarantors", "large_print"), id="flag-of-seven"),
    pytest.param(
        "guarantor",
        {"email_consent_at": "2026-01-01 10:00"},
        ("DATE", "guarantors", "email_consent_at"),
        id="time-without-zone",
    ),
    pytest.param("guarantor", {"last_name": "Lo\x00pez"}, ("CONTROL", "guarantors", "last_name"), id="name-nul"),
    pytest.param("guarantor", {"last_name": b"L\xf3pez"}, ("TYPE", "guarantors", "last_name"), id="name-as-bytes"),
]


def add_with_fault(extract: Extract, table: str, bad_values: dict[str, Any]) -> None:
    """Add a guarantor with one row per table, one of them bad, between two valid guarantors."""
    tables = (
        "guarantor",
        "patient",
        "coverage",
        "contact",
        "encounter",
        "charge",
        "insurance_transaction",
        "patient_payment",
        "correspondence",
        "payment_plan",
        "hold",
        "assistance",
        "document_request",
        "ob_episode",
        "refund",
    )
    extract.add_account("0", postal_code="01102")
    for name in tables:
        extract.add(name, **(bad_values if name == table else {}))
    extract.add_account("2", postal_code="01104")


@pytest.mark.parametrize(("table", "bad_values", "expected"), [*BOTH_DATABASES, *SQLITE_ONLY])
def test_faults__affect_only_their_guarantor(
    sqlite_extract: Extract, table: str, bad_values: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    add_with_fault(sqlite_extract, table, bad_values)

    accounts = sqlite_extract.pull()

    assert subjects(accounts) == ["G0", "!G1", "G2"]
    assert [(fault.code, fault.result_set, fault.column) for fault in only_fault(accounts).faults] == [expected]


@pytest.mark.parametrize(
    ("first", "second", "faults"),
    [
        pytest.param({}, {}, [("TWO_CONTACTS", "patient_id")] * 2, id="of-one-patient"),
        pytest.param(
            {"account_number": "A1", "patient_id": None},
            {"account_number": "A1", "kind": "attorney", "name": "Reyes & Cole LLP"},
            [("TWO_CONTACTS", "account_number")] * 2,
            id="of-one-visit",
        ),
        pytest.param(
            {"patient_id": None, "kind": "attorney", "name": "Reyes & Cole LLP"},
            {"patient_id": None, "kind": "attorney", "name": "Ito Law"},
            [("TWO_CONTACTS", "patient_id")] * 2,
            id="of-the-guarantor",
        ),
        pytest.param({}, {"patient_id": "P2"}, [], id="of-two-patients"),
        pytest.param({}, {"patient_id": None, "kind": "attorney", "name": "Ito Law"}, [], id="of-two-scopes"),
        pytest.param(
            {"account_number": "A1", "patient_id": "P2"}, {}, [("ORPHAN", "patient_id")], id="of-another-patients-visit"
        ),
    ],
)
def test_faults__two_contacts_for_the_same_mail(
    extract: Extract, first: dict[str, Any], second: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    extract.add("guarantor")
    extract.add("patient")
    extract.add("patient", patient_id="P2")
    extract.add("encounter")
    extract.add("contact", **first)
    extract.add("contact", contact_id="K2", **second)
    (account,) = extract.pull()
    found = account.faults if isinstance(account, FaultyAccount) else ()
    assert [(fault.code, fault.column) for fault in found] == faults


def test_faults__guarantor_id_that_looks_like_another_recipient(sqlite_extract: Extract) -> None:
    sqlite_extract.add_account("1+K1")
    (account,) = sqlite_extract.pull()
    assert isinstance(account, FaultyAccount)
    assert [(fault.code, fault.column) for fault in account.faults] == [("ID", "guarantor_id")]


def test_faults__are_found_on_both_databases(extract: Extract) -> None:
    add_with_fault(extract, "charge", {"amount_cents": -1, "description": None, "posted_on": "2026-11-21"})

    accounts = extract.pull()

    assert subjects(accounts) == ["G0", "!G1", "G2"]
    assert {fault.code for fault in only_fault(accounts).faults} == {"NEGATIVE", "NULL"}


def test_faults__reject_text_that_is_not_utf_8(sqlite_extract: Extract) -> None:
    sqlite_extract.add_account("0", postal_code="01102")
    sqlite_extract.add_account("1")
    with sqlite_extract.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE guarantor SET last_name = CAST(x'4cf370657a' AS text) WHERE guarantor_id = 'G1'"
        )

    accounts = sqlite_extract.pull()

    assert subjects(accounts) == ["G0", "!G1"]
    assert [fault.code for fault in only_fault(accounts).faults] == ["ENCODING"]


@pytest.mark.parametrize(
    ("changes", "leak"),
    [
        pytest.param({"last_name": "Secretname\x07"}, "Secretname", id="name"),
        pytest.param({"delivery": "Secretname"}, "Secretname", id="name-in-the-wrong-column"),
        pytest.param({"delivery": "email", "email": "secretname@@"}, "secretname", id="e-mail"),
        pytest.param({"address_lines": "9 Secret St\na\nb\nc"}, "Secret", id="address"),
    ],
)
def test_faults__repeat_no_value(sqlite_extract: Extract, changes: dict[str, str], leak: str) -> None:
    sqlite_extract.add("guarantor", **changes)

    faulty = only_fault(sqlite_extract.pull())

    assert faulty.faults
    assert leak not in repr(faulty)


def test_faults__list_every_fault_with_row_and_fix(sqlite_extract: Extract) -> None:
    sqlite_extract.add_account("1")
    sqlite_extract.add("charge", charge_id="C7", account_number="A1", amount_cents=-5, quantity=0)
    sqlite_extract.add("hold", placed_on="2030-01-01")

    faulty = only_fault(sqlite_extract.pull())

    assert [(fault.code, fault.row_key) for fault in faulty.faults] == [
        ("RANGE", "A1/C7"),
        ("NEGATIVE", "A1/C7"),
        ("FUTURE", "X1"),
    ]
    assert faulty.faults[1].message == "charges, row A1/C7: amount_cents is negative."
    assert faulty.faults[1].fix.startswith("Correct it; enter a correction as a separate adjustment.")


def test_faults__duplicate_guarantor_is_one_exception(extract: Extract) -> None:
    extract.add_account("1", cents=30_000)
    extract.add("guarantor", guarantor_id="G1", postal_code="99950")

    (faulty,) = extract.pull()

    assert isinstance(faulty, FaultyAccount)
    assert (faulty.subject, [fault.code for fault in faulty.faults], faulty.cents) == (
        "G1",
        ["DUPLICATE_GUARANTOR"],
        30_000,
    )


@pytest.mark.parametrize(
    ("table", "column", "result_set"),
    [
        pytest.param("charge", "charge_id", "charges", id="charge"),
        pytest.param("encounter", "account_number", "encounters", id="account"),
        pytest.param("patient", "patient_id", "patients", id="patient"),
        pytest.param("patient_share", "account_number", "patient_shares", id="share"),
    ],
)
def test_faults__duplicate_key(extract: Extract, table: str, column: str, result_set: str) -> None:
    extract.add_account("1")
    if table == "patient_share":
        extract.add(table)
    extract.add(table)

    faulty = only_fault(extract.pull())

    assert [(fault.code, fault.result_set, fault.column) for fault in faulty.faults] == [
        ("DUPLICATE", result_set, column)
    ]


def test_faults__balance_is_the_sum_of_the_readable_rows(extract: Extract) -> None:
    extract.add_account("1", cents=30_000)
    extract.add("insurance_transaction", amount_cents=20_000)
    extract.add("patient_payment", amount_cents=1_000)
    extract.add("patient_payment", payment_id="R2", account_number=None, amount_cents=77)
    extract.add("charge", charge_id="C2", account_number="A1", amount_cents=-400)

    assert only_fault(extract.pull()).cents == 30_000 - 20_000 - 1_000


@pytest.mark.parametrize(
    ("tables", "has_encounters", "has_episode"),
    [
        pytest.param((), False, False, id="guarantor-only"),
        pytest.param(("patient", "encounter"), True, False, id="visit"),
        pytest.param(("patient", "ob_episode"), False, True, id="pregnancy"),
    ],
)
def test_faults__flag_encounters_and_pregnancies(
    extract: Extract, tables: tuple[str, ...], has_encounters: bool, has_episode: bool
) -> None:
    extract.add("guarantor", last_name=None)
    for table in tables:
        extract.add(table)

    faulty = only_fault(extract.pull())

    assert (faulty.has_encounters, faulty.has_rows_in("ob_episodes", "ob_deposits")) == (has_encounters, has_episode)


def test_faults__invalid_email_with_paper_delivery_is_allowed(extract: Extract) -> None:
    extract.add("guarantor", email="not an address", delivery="paper")

    (account,) = extract.pull()

    assert isinstance(account, GuarantorAccount)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        pytest.param("ob_episode", "expected_delivery_on", id="expected-delivery"),
        pytest.param("ob_episode", "plan_year_ends_on", id="plan-year"),
        pytest.param("installment", "due_on", id="installment"),
        pytest.param("hold", "expires_on", id="hold-expiration"),
    ],
)
def test_faults__future_dates_are_allowed_where_the_contract_says_so(extract: Extract, table: str, column: str) -> None:
    extract.add_account("1")
    if table == "installment":
        extract.add("payment_plan")
    extract.add(table, **{column: AS_OF.replace(year=2028).isoformat()})

    assert subjects(extract.pull()) == ["G1"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        pytest.param({"tax_id": None}, ("NULL", "billing_entities", "tax_id"), id="without-tax-id"),
        pytest.param({"kind": "lab"}, ("CHOICE", "billing_entities", "kind"), id="of-unknown-kind"),
    ],
)
def test_accounts__bad_row_of_a_physician_group_affects_those_whom_it_bills(
    extract: Extract, changes: dict[str, Any], fault: tuple[str, str, str]
) -> None:
    extract.add_account("1")
    extract.add_account("2")
    extract.add("billing_entity", **changes)
    extract.add("encounter", account_number="D1", billing_entity_id="LP")
    accounts = extract.pull()
    assert subjects(accounts) == ["!G1", "G2"]
    found = only_fault(accounts)
    assert (found.subject, [(each.code, each.result_set, each.column) for each in found.faults]) == ("G1", [fault])
