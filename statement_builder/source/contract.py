"""The contract: the result sets that a billing system's queries must return.

This module is the definition. `sql/contract.md` documents it for DBAs, and a test compares the two. Every value is
checked against its column's `type`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from statement_builder.billing.assistance_terms import DecisionBasis
from statement_builder.billing.model import (
    AlternateFormat,
    ApplicationStatus,
    AssistanceKind,
    ContactKind,
    CoverageKind,
    DeductionStatus,
    Delivery,
    EntityKind,
    EpisodeStatus,
    EstateStatus,
    FinancialClass,
    InsuranceKind,
    InsuranceStatus,
    PatientClass,
    PayFrequency,
    PlanMethod,
    PlanStatus,
    ReceivableLedger,
    RefundMethod,
    RefundReason,
    RefundStatus,
    RequestFormat,
    RequestKind,
)
from statement_builder.billing.request_terms import RequestObstacle
from statement_builder.source.column_types import (
    ADDRESS_LINES,
    CENTS,
    CENTS_NOT_NEGATIVE,
    COUNT,
    DATE,
    FLAG,
    ID,
    KEY,
    LANGUAGE,
    LEVEL,
    PAST_DATE,
    QUANTITY,
    REQUIRED_TEXT,
    SECRET,
    SHA256,
    TEXT,
    TIMESTAMP,
    ColumnType,
    one_of,
)


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, and whether NULL is allowed."""

    name: str
    type: ColumnType
    null: bool = False
    may_be_missing: bool = False
    """Whether a query may omit it. It is then NULL on every row."""
    references: str = ""
    """`result_set.column`: every value that is not NULL must occur there for the same guarantor."""

    @property
    def python_type(self) -> Any:
        """The annotation that msgspec checks values against."""
        return self.type.annotation | None if self.null else self.type.annotation

    @property
    def normal_python_type(self) -> Any:
        """The annotation of values that are valid and need no normalization."""
        annotation = self.type.normal_annotation or self.type.annotation
        return annotation | None if self.null else annotation


@dataclass(frozen=True, eq=False)  # by identity: hashing all columns for a cache takes longer than checking some rows
class ResultSet:
    """The result of one query. `name` is also its file (`<name>.sql`) and its row in `control.sql`."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Columns that identify a row, and that rows of one guarantor are ordered by."""
    may_be_missing: bool = False
    """Whether the `.sql` file may be omitted. The result set is then empty."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def index(self, name: str) -> int:
        """The index of column `name` in a row."""
        return self.names.index(name)


MAIL_SORT = Column("mail_sort", KEY)
GUARANTOR_ID = Column("guarantor_id", KEY)


def _detail(name: str, *columns: Column, key: tuple[str, ...], may_be_missing: bool = False) -> ResultSet:
    return ResultSet(name, (MAIL_SORT, GUARANTOR_ID, *columns), key, may_be_missing)


DETAILS: tuple[ResultSet, ...] = (
    _detail(
        "guarantors",
        Column("first_name", TEXT, null=True),
        Column("last_name", REQUIRED_TEXT),
        Column("suffix", TEXT, null=True),
        Column("address_lines", ADDRESS_LINES, null=True),
        Column("city", TEXT, null=True),
        Column("state", TEXT, null=True),
        Column("postal_code", TEXT, null=True),
        Column("country", TEXT, null=True),
        Column("confidential_lines", ADDRESS_LINES, null=True),
        Column("confidential_city", TEXT, null=True),
        Column("confidential_state", TEXT, null=True),
        Column("confidential_postal_code", TEXT, null=True),
        Column("confidential_country", TEXT, null=True),
        Column("email", TEXT, null=True),
        Column("language", LANGUAGE, null=True),
        Column("large_print", FLAG),
        Column("delivery", one_of(Delivery)),
        Column("email_consent_at", TIMESTAMP, null=True),
        Column("email_secret", SECRET, null=True, may_be_missing=True),
        Column("birth_on", PAST_DATE, null=True, may_be_missing=True),
        Column("email_consent_terms", SHA256, null=True, may_be_missing=True),
        Column("email_consent_source", TEXT, null=True, may_be_missing=True),
        Column("email_consent_withdrawn_on", DATE, null=True, may_be_missing=True),
        Column("alternate_format", one_of(AlternateFormat), null=True, may_be_missing=True),
        Column("alternate_format_requested_on", PAST_DATE, null=True, may_be_missing=True),
        key=("guarantor_id",),
    ),
    _detail(
        "patients",
        Column("patient_id", ID),
        Column("first_name", TEXT, null=True),
        Column("last_name", REQUIRED_TEXT),
        Column("birth_on", PAST_DATE),
        key=("patient_id",),
    ),
    _detail(
        "coverages",
        Column("patient_id", ID, references="patients.patient_id"),
        Column("coverage_id", ID),
        Column("kind", one_of(CoverageKind)),
        Column("starts_on", DATE),
        Column("ends_on", DATE, null=True),
        key=("patient_id", "coverage_id"),
        may_be_missing=True,
    ),
    _detail(
        "encounters",
        Column("account_number", ID),
        Column("patient_id", ID, references="patients.patient_id"),
        Column("service_from", PAST_DATE),
        Column("service_to", PAST_DATE),
        Column("facility_name", REQUIRED_TEXT),
        Column("description", REQUIRED_TEXT),
        Column("patient_class", one_of(PatientClass)),
        Column("financial_class", one_of(FinancialClass)),
        Column("insurance_status", one_of(InsuranceStatus)),
        Column("insurance_name", TEXT, null=True),
        Column("insurance_pending_cents", CENTS_NOT_NEGATIVE),
        Column("final_billed", FLAG),
        Column("sensitive", FLAG),
        Column("plan_id", ID, null=True, references="plans.plan_id"),
        Column("good_faith_estimate_cents", CENTS_NOT_NEGATIVE, null=True),
        Column("estimate_reviewed_by", TEXT, null=True, may_be_missing=True),
        Column("estimate_reviewed_on", PAST_DATE, null=True, may_be_missing=True),
        Column("estimate_review_note", TEXT, null=True, may_be_missing=True),
        Column("billing_entity_id", ID, null=True, may_be_missing=True, references="billing_entities.entity_id"),
        key=("account_number",),
    ),
    _detail(
        "billing_entities",
        Column("entity_id", ID),
        Column("kind", one_of(EntityKind)),
        Column("name", REQUIRED_TEXT),
        Column("tax_id", REQUIRED_TEXT),
        Column("phone", REQUIRED_TEXT),
        Column("hospital_collects", FLAG),
        Column("in_assistance_policy", FLAG),
        key=("entity_id",),
        may_be_missing=True,
    ),
    _detail(
        "contacts",
        Column("account_number", ID, null=True, references="encounters.account_number"),
        Column("contact_id", ID),
        Column("kind", one_of(ContactKind)),
        Column("patient_id", ID, null=True, references="patients.patient_id"),
        Column("name", TEXT, null=True),
        Column("address_lines", ADDRESS_LINES, null=True),
        Column("city", TEXT, null=True),
        Column("state", TEXT, null=True),
        Column("postal_code", TEXT, null=True),
        Column("country", TEXT, null=True),
        Column("email", TEXT, null=True),
        Column("language", LANGUAGE, null=True),
        Column("large_print", FLAG),
        Column("delivery", one_of(Delivery)),
        Column("email_consent_at", TIMESTAMP, null=True),
        Column("email_consent_terms", SHA256, null=True, may_be_missing=True),
        Column("email_consent_source", TEXT, null=True, may_be_missing=True),
        Column("email_consent_withdrawn_on", DATE, null=True, may_be_missing=True),
        key=("contact_id",),
        may_be_missing=True,
    ),
    _detail(
        "charges",
        Column("account_number", ID, references="encounters.account_number"),
        Column("charge_id", ID),
        Column("service_on", PAST_DATE),
        Column("posted_on", PAST_DATE),
        Column("description", REQUIRED_TEXT),
        Column("code", TEXT, null=True),
        Column("revenue_code", TEXT, null=True, may_be_missing=True),
        Column("quantity", QUANTITY),
        Column("amount_cents", CENTS_NOT_NEGATIVE),
        key=("account_number", "charge_id"),
    ),
    _detail(
        "insurance_transactions",
        Column("account_number", ID, references="encounters.account_number"),
        Column("transaction_id", ID),
        Column("posted_on", PAST_DATE),
        Column("kind", one_of(InsuranceKind)),
        Column("payer", TEXT, null=True),
        Column("amount_cents", CENTS),
        key=("account_number", "transaction_id"),
    ),
    _detail(
        "patient_payments",
        Column("account_number", ID, null=True, references="encounters.account_number"),
        Column("payment_id", ID),
        Column("posted_on", PAST_DATE),
        Column("method", TEXT, null=True),
        Column("amount_cents", CENTS),
        key=("account_number", "payment_id"),
    ),
    _detail(
        "patient_shares",
        Column("account_number", ID, references="encounters.account_number"),
        Column("adjudicated_on", PAST_DATE),
        Column("deductible_cents", CENTS_NOT_NEGATIVE),
        Column("coinsurance_cents", CENTS_NOT_NEGATIVE),
        Column("copay_cents", CENTS_NOT_NEGATIVE),
        Column("noncovered_cents", CENTS_NOT_NEGATIVE),
        key=("account_number",),
    ),
    _detail(
        "correspondence",
        Column("account_number", ID, references="encounters.account_number"),
        Column("first_statement_on", PAST_DATE),
        Column("statements_sent", COUNT),
        Column("last_level", LEVEL),
        Column("last_mailed_on", PAST_DATE),
        key=("account_number",),
        may_be_missing=True,
    ),
    _detail(
        "plans",
        Column("plan_id", ID),
        Column("status", one_of(PlanStatus)),
        Column("opened_on", PAST_DATE),
        Column("terms_on", PAST_DATE, null=True, may_be_missing=True),
        Column("method", one_of(PlanMethod), null=True, may_be_missing=True),
        Column("down_payment_cents", CENTS_NOT_NEGATIVE, null=True, may_be_missing=True),
        Column("finance_charge_cents", CENTS_NOT_NEGATIVE, null=True, may_be_missing=True),
        Column("apr_basis_points", COUNT, null=True, may_be_missing=True),
        Column("signed_on", PAST_DATE, null=True, may_be_missing=True),
        key=("plan_id",),
    ),
    _detail(
        "installments",
        Column("plan_id", ID, references="plans.plan_id"),
        Column("sequence", QUANTITY),
        Column("due_on", DATE),
        Column("amount_cents", CENTS_NOT_NEGATIVE),
        Column("paid_cents", CENTS_NOT_NEGATIVE),
        key=("plan_id", "sequence"),
    ),
    _detail(
        "deductions",
        Column("authorization_id", ID),
        Column("plan_id", ID, references="plans.plan_id"),
        Column("employee_id", ID),
        Column("status", one_of(DeductionStatus)),
        Column("asked_on", PAST_DATE),
        Column("total_cents", CENTS_NOT_NEGATIVE),
        Column("per_pay_cents", CENTS_NOT_NEGATIVE),
        Column("pay_count", QUANTITY),
        Column("frequency", one_of(PayFrequency)),
        Column("first_pay_on", DATE),
        Column("last_pay_on", DATE),
        Column("work_state", ID),
        Column("signed_on", PAST_DATE, null=True),
        Column("hospital_signed_on", PAST_DATE, null=True),
        Column("ended_on", DATE, null=True),
        key=("authorization_id",),
        may_be_missing=True,
    ),
    _detail(
        "holds",
        Column("account_number", ID, null=True, references="encounters.account_number"),
        Column("hold_id", ID),
        Column("code", ID),
        Column("placed_on", PAST_DATE),
        Column("episode_id", ID, null=True, references="ob_episodes.episode_id"),
        Column("expires_on", DATE, null=True),
        key=("account_number", "hold_id"),
    ),
    _detail(
        "assistance",
        Column("account_number", ID, null=True, references="encounters.account_number"),
        Column("assistance_id", ID),
        Column("kind", one_of(AssistanceKind)),
        Column("occurred_on", PAST_DATE),
        Column("status", one_of(ApplicationStatus), null=True),
        Column("missing_items", TEXT, null=True, may_be_missing=True),
        Column("respond_by", DATE, null=True, may_be_missing=True),
        Column("decided_on", PAST_DATE, null=True, may_be_missing=True),
        Column("basis", one_of(DecisionBasis), null=True, may_be_missing=True),
        Column("discount_percent", COUNT, null=True, may_be_missing=True),
        Column("valid_until", DATE, null=True, may_be_missing=True),
        Column("notified_on", PAST_DATE, null=True, may_be_missing=True),
        key=("account_number", "assistance_id"),
        may_be_missing=True,
    ),
    _detail(
        "requests",
        Column("account_number", ID, references="encounters.account_number"),
        Column("request_id", ID),
        Column("kind", one_of(RequestKind)),
        Column("asked_on", PAST_DATE),
        Column("format", one_of(RequestFormat), null=True),
        Column("reviewed_on", PAST_DATE, null=True, may_be_missing=True),
        Column("corrected_items", TEXT, null=True, may_be_missing=True),
        Column("obstacle", one_of(RequestObstacle), null=True, may_be_missing=True),
        Column("expected_on", DATE, null=True, may_be_missing=True),
        key=("account_number", "request_id"),
        may_be_missing=True,
    ),
    _detail(
        "estates",
        Column("estate_id", ID),
        Column("patient_id", ID, null=True, references="patients.patient_id"),
        Column("died_on", PAST_DATE),
        Column("status", one_of(EstateStatus)),
        Column("representative_name", TEXT, null=True),
        Column("attorney_name", TEXT, null=True),
        Column("address_lines", ADDRESS_LINES, null=True),
        Column("city", TEXT, null=True),
        Column("state", TEXT, null=True),
        Column("postal_code", TEXT, null=True),
        Column("country", TEXT, null=True),
        Column("language", LANGUAGE, null=True),
        Column("large_print", FLAG, null=True),
        Column("court_state", TEXT, null=True),
        Column("county", TEXT, null=True),
        Column("court", TEXT, null=True),
        Column("case_number", TEXT, null=True),
        Column("opened_on", PAST_DATE, null=True),
        Column("published_on", PAST_DATE, null=True),
        Column("notice_on", PAST_DATE, null=True),
        Column("last_illness_on", PAST_DATE, null=True),
        Column("claim_filed_on", PAST_DATE, null=True),
        key=("estate_id",),
        may_be_missing=True,
    ),
    _detail(
        "ob_episodes",
        Column("episode_id", ID),
        Column("patient_id", ID, references="patients.patient_id"),
        Column("status", one_of(EpisodeStatus)),
        Column("expected_delivery_on", DATE, null=True),
        Column("estimate_cents", CENTS_NOT_NEGATIVE),
        Column("estimate_on", PAST_DATE),
        Column("estimated_delivery_on", DATE, null=True),
        Column("benefits_verified_on", PAST_DATE, null=True),
        Column("estimate_basis", TEXT, null=True),
        Column("financial_class", one_of(FinancialClass)),
        Column("insurance_name", TEXT, null=True),
        Column("insurance_changed_on", DATE, null=True),
        Column("plan_year_ends_on", DATE, null=True),
        Column("good_faith_estimate_id", TEXT, null=True),
        Column("notices_sent", COUNT),
        Column("last_notice_on", PAST_DATE, null=True),
        key=("episode_id",),
    ),
    _detail(
        "ob_deposits",
        Column("episode_id", ID, references="ob_episodes.episode_id"),
        Column("deposit_id", ID),
        Column("posted_on", PAST_DATE),
        Column("amount_cents", CENTS),
        key=("episode_id", "deposit_id"),
    ),
    _detail(
        "refunds",
        Column("account_number", ID, null=True, references="encounters.account_number"),
        Column("refund_id", ID),
        Column("episode_id", ID, null=True, references="ob_episodes.episode_id"),
        Column("amount_cents", CENTS_NOT_NEGATIVE),
        Column("reason", one_of(RefundReason)),
        Column("status", one_of(RefundStatus)),
        Column("approved_on", PAST_DATE, null=True),
        Column("approved_by", TEXT, null=True),
        Column("method", one_of(RefundMethod), null=True),
        Column("send_on", DATE, null=True),
        Column("sent_on", PAST_DATE, null=True),
        Column("check_number", TEXT, null=True, may_be_missing=True),
        Column("balances_reviewed", FLAG, null=True, may_be_missing=True),
        key=("account_number", "refund_id"),
        may_be_missing=True,
    ),
)
"""The result sets that accounts are built from, each ordered by mail_sort, guarantor_id and its own key."""

FRESHNESS = ResultSet("freshness", (Column("feed", ID), Column("loaded_at", TIMESTAMP, null=True)), ("feed",))
CONTROL = ResultSet("control", (Column("result_set", ID), Column("row_count", COUNT)), ("result_set",))

RECEIVABLES = ResultSet(
    "receivables",
    (
        Column("ledger", one_of(ReceivableLedger)),
        Column("financial_class", one_of(FinancialClass), null=True),
        Column("balance_cents", CENTS),
    ),
    ("ledger", "financial_class"),
    may_be_missing=True,
)
RECEIVABLE_ACCOUNTS = ResultSet(
    "receivable_accounts",
    (
        Column("guarantor_id", KEY),
        Column("account_number", ID),
        Column("financial_class", one_of(FinancialClass)),
        Column("balance_cents", CENTS),
    ),
    ("guarantor_id", "account_number"),
    may_be_missing=True,
)
_WRITTEN_OFF = (
    Column("guarantor_id", KEY),
    Column("account_number", ID),
    Column("ccn", ID),
    Column("component_ccn", TEXT, null=True),
    Column("patient_class", one_of(PatientClass)),
    Column("last_name", REQUIRED_TEXT),
    Column("first_name", TEXT, null=True),
    Column("service_from", PAST_DATE),
    Column("service_to", PAST_DATE),
)
MEDICARE_BAD_DEBTS = ResultSet(
    "medicare_bad_debts",
    (
        *_WRITTEN_OFF,
        Column("mbi", TEXT, null=True),
        Column("medicaid_number", TEXT, null=True),
        Column("is_qmb", FLAG),
        Column("is_medicare_advantage", FLAG),
        Column("is_indigent", FLAG),
        Column("medicare_remitted_on", PAST_DATE, null=True),
        Column("medicaid_remitted_on", PAST_DATE, null=True),
        Column("secondary_remitted_on", PAST_DATE, null=True),
        Column("beneficiary_cents", CENTS_NOT_NEGATIVE),
        Column("first_billed_on", PAST_DATE, null=True),
        Column("last_paid_on", PAST_DATE, null=True),
        Column("written_off_on", PAST_DATE, null=True),
        Column("placed_on", PAST_DATE, null=True),
        Column("returned_on", PAST_DATE, null=True),
        Column("ceased_on", PAST_DATE, null=True),
        Column("medicare_written_off_on", PAST_DATE, null=True),
        Column("deductible_cents", CENTS_NOT_NEGATIVE),
        Column("coinsurance_cents", CENTS_NOT_NEGATIVE),
        Column("paid_cents", CENTS_NOT_NEGATIVE),
        Column("claimed_cents", CENTS, null=True),
        Column("recovered_on", PAST_DATE, null=True),
        Column("recovered_cents", CENTS_NOT_NEGATIVE),
        Column("recovered_year_ends_on", PAST_DATE, null=True),
    ),
    ("guarantor_id", "account_number", "recovered_on"),
    may_be_missing=True,
)
WRITE_OFFS = ResultSet(
    "write_offs",
    (
        *_WRITTEN_OFF,
        Column("insurance_status", REQUIRED_TEXT),
        Column("is_insured", FLAG),
        Column("primary_payer", TEXT, null=True),
        Column("secondary_payer", TEXT, null=True),
        Column("charges_cents", CENTS_NOT_NEGATIVE),
        Column("professional_cents", CENTS_NOT_NEGATIVE),
        Column("patient_share_cents", CENTS_NOT_NEGATIVE),
        Column("insurer_paid_cents", CENTS),
        Column("contractual_cents", CENTS),
        Column("other_nonallowable_cents", CENTS),
        Column("patient_paid_cents", CENTS),
        Column("uninsured_discount_cents", CENTS_NOT_NEGATIVE),
        Column("noncovered_charity_cents", CENTS_NOT_NEGATIVE),
        Column("other_charity_cents", CENTS_NOT_NEGATIVE),
        Column("charity_cents", CENTS_NOT_NEGATIVE),
        Column("charity_on", PAST_DATE, null=True),
        Column("bad_debt_cents", CENTS_NOT_NEGATIVE),
        Column("bad_debt_on", PAST_DATE, null=True),
    ),
    ("guarantor_id", "account_number"),
    may_be_missing=True,
)
_REPORTED = (RECEIVABLES, RECEIVABLE_ACCOUNTS, MEDICARE_BAD_DEBTS, WRITE_OFFS)
"""What only reports read. No account is built from them."""

RESULT_SETS: dict[str, ResultSet] = {each.name: each for each in (*DETAILS, FRESHNESS, CONTROL, *_REPORTED)}
