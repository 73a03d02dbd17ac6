-- Purpose: reference billing schema on SQLite, for the demo, the tests and hospital extracts.
-- Deliberately few constraints: bad rows must be loadable, so that the pull can report them.
-- Dates are ISO text (2026-11-07), times are ISO text in UTC (2026-11-07T06:00:00Z), flags are 0 or 1.
-- Money is integer cents. ../contract.md describes each column.

CREATE TABLE guarantor (
    guarantor_id text,
    first_name text,
    last_name text,
    suffix text,
    address_lines text,
    city text,
    state text,
    postal_code text,
    country text,
    confidential_lines text,
    confidential_city text,
    confidential_state text,
    confidential_postal_code text,
    confidential_country text,
    email text,
    language text,
    large_print integer,
    delivery text,
    email_consent_at text,
    email_secret text,
    birth_on text,
    email_consent_terms text,
    email_consent_source text,
    email_consent_withdrawn_on text,
    alternate_format text,
    alternate_format_requested_on text
);

CREATE TABLE patient (
    guarantor_id text,
    patient_id text,
    first_name text,
    last_name text,
    birth_on text
);

CREATE TABLE coverage (
    coverage_id text,
    guarantor_id text,
    patient_id text,
    kind text,
    starts_on text,
    ends_on text
);

CREATE TABLE encounter (
    account_number text,
    guarantor_id text,
    patient_id text,
    service_from text,
    service_to text,
    facility_name text,
    description text,
    patient_class text,
    financial_class text,
    insurance_status text,
    insurance_name text,
    insurance_pending_cents integer,
    final_billed integer,
    sensitive integer,
    plan_id text,
    good_faith_estimate_cents integer,
    estimate_reviewed_by text,
    estimate_reviewed_on text,
    estimate_review_note text,
    billing_entity_id text
);

CREATE TABLE billing_entity (
    entity_id text,
    kind text,
    name text,
    tax_id text,
    phone text,
    hospital_collects integer,
    in_assistance_policy integer
);

CREATE TABLE contact (
    contact_id text,
    guarantor_id text,
    account_number text,
    patient_id text,
    kind text,
    name text,
    address_lines text,
    city text,
    state text,
    postal_code text,
    country text,
    email text,
    language text,
    large_print integer,
    delivery text,
    email_consent_at text,
    email_consent_terms text,
    email_consent_source text,
    email_consent_withdrawn_on text
);

CREATE TABLE charge (
    charge_id text,
    account_number text,
    service_on text,
    posted_on text,
    description text,
    code text,
    revenue_code text,
    quantity integer,
    amount_cents integer
);

CREATE TABLE insurance_transaction (
    transaction_id text,
    account_number text,
    posted_on text,
    kind text,
    payer text,
    amount_cents integer
);

CREATE TABLE patient_payment (
    payment_id text,
    guarantor_id text,
    account_number text,
    posted_on text,
    method text,
    amount_cents integer
);

CREATE TABLE patient_share (
    account_number text,
    adjudicated_on text,
    deductible_cents integer,
    coinsurance_cents integer,
    copay_cents integer,
    noncovered_cents integer
);

CREATE TABLE correspondence (
    account_number text,
    first_statement_on text,
    statements_sent integer,
    last_level integer,
    last_mailed_on text
);

CREATE TABLE payment_plan (
    plan_id text,
    guarantor_id text,
    status text,
    opened_on text,
    terms_on text,
    method text,
    down_payment_cents integer,
    finance_charge_cents integer,
    apr_basis_points integer,
    signed_on text
);

CREATE TABLE installment (
    plan_id text,
    sequence integer,
    due_on text,
    amount_cents integer,
    paid_cents integer
);

CREATE TABLE payroll_deduction (
    authorization_id text,
    guarantor_id text,
    plan_id text,
    employee_id text,
    status text,
    asked_on text,
    total_cents integer,
    per_pay_cents integer,
    pay_count integer,
    frequency text,
    first_pay_on text,
    last_pay_on text,
    work_state text,
    signed_on text,
    hospital_signed_on text,
    ended_on text
);

CREATE TABLE hold (
    hold_id text,
    guarantor_id text,
    account_number text,
    episode_id text,
    code text,
    placed_on text,
    expires_on text
);

CREATE TABLE assistance (
    assistance_id text,
    guarantor_id text,
    account_number text,
    kind text,
    occurred_on text,
    status text,
    missing_items text,
    respond_by text,
    decided_on text,
    basis text,
    discount_percent integer,
    valid_until text,
    notified_on text
);

CREATE TABLE document_request (
    request_id text,
    account_number text,
    kind text,
    asked_on text,
    format text,
    reviewed_on text,
    corrected_items text,
    obstacle text,
    expected_on text
);

CREATE TABLE estate (
    estate_id text,
    guarantor_id text,
    patient_id text,
    died_on text,
    status text,
    representative_name text,
    attorney_name text,
    address_lines text,
    city text,
    state text,
    postal_code text,
    country text,
    language text,
    large_print integer,
    court_state text,
    county text,
    court text,
    case_number text,
    opened_on text,
    published_on text,
    notice_on text,
    last_illness_on text,
    claim_filed_on text
);

CREATE TABLE ob_episode (
    episode_id text,
    guarantor_id text,
    patient_id text,
    status text,
    expected_delivery_on text,
    estimate_cents integer,
    estimate_on text,
    estimated_delivery_on text,
    benefits_verified_on text,
    estimate_basis text,
    financial_class text,
    insurance_name text,
    insurance_changed_on text,
    plan_year_ends_on text,
    good_faith_estimate_id text,
    notices_sent integer,
    last_notice_on text
);

CREATE TABLE ob_deposit (
    deposit_id text,
    episode_id text,
    posted_on text,
    amount_cents integer
);

CREATE TABLE refund (
    refund_id text,
    guarantor_id text,
    account_number text,
    episode_id text,
    amount_cents integer,
    reason text,
    status text,
    approved_on text,
    approved_by text,
    method text,
    send_on text,
    sent_on text,
    check_number text,
    balances_reviewed integer
);

CREATE TABLE feed (
    feed text,
    loaded_at text
);

-- What the general ledger's receivable accounts say, as of the load date.
CREATE TABLE general_ledger (
    financial_class text,
    balance_cents integer
);

-- For the Medicare cost report: bad debts with their Medicare facts, and what was written off of any payer.
CREATE TABLE medicare_bad_debt (
    guarantor_id text,
    account_number text,
    ccn text,
    component_ccn text,
    patient_class text,
    last_name text,
    first_name text,
    service_from text,
    service_to text,
    mbi text,
    medicaid_number text,
    is_qmb integer,
    is_medicare_advantage integer,
    is_indigent integer,
    medicare_remitted_on text,
    medicaid_remitted_on text,
    secondary_remitted_on text,
    beneficiary_cents integer,
    first_billed_on text,
    last_paid_on text,
    written_off_on text,
    placed_on text,
    returned_on text,
    ceased_on text,
    medicare_written_off_on text,
    deductible_cents integer,
    coinsurance_cents integer,
    paid_cents integer,
    claimed_cents integer,
    recovered_on text,
    recovered_cents integer,
    recovered_year_ends_on text
);

CREATE TABLE write_off (
    guarantor_id text,
    account_number text,
    ccn text,
    component_ccn text,
    patient_class text,
    last_name text,
    first_name text,
    service_from text,
    service_to text,
    insurance_status text,
    is_insured integer,
    primary_payer text,
    secondary_payer text,
    charges_cents integer,
    professional_cents integer,
    patient_share_cents integer,
    insurer_paid_cents integer,
    contractual_cents integer,
    other_nonallowable_cents integer,
    patient_paid_cents integer,
    uninsured_discount_cents integer,
    noncovered_charity_cents integer,
    other_charity_cents integer,
    charity_cents integer,
    charity_on text,
    bad_debt_cents integer,
    bad_debt_on text
);

-- Indexes for lookups row by row, so that no query must hold a whole table in memory for a join.
CREATE INDEX guarantor_by_id ON guarantor (guarantor_id);

CREATE INDEX encounter_by_account ON encounter (account_number);

CREATE INDEX encounter_by_billing_entity ON encounter (billing_entity_id);

CREATE INDEX payment_plan_by_id ON payment_plan (plan_id);

CREATE INDEX ob_episode_by_id ON ob_episode (episode_id);

-- Indexes for queries by guarantor, so that a look-up of one person reads no whole table.
CREATE INDEX patient_by_guarantor ON patient (guarantor_id);

CREATE INDEX coverage_by_guarantor ON coverage (guarantor_id);

CREATE INDEX encounter_by_guarantor ON encounter (guarantor_id);

CREATE INDEX contact_by_guarantor ON contact (guarantor_id);

CREATE INDEX payment_plan_by_guarantor ON payment_plan (guarantor_id);

CREATE INDEX payroll_deduction_by_guarantor ON payroll_deduction (guarantor_id);

CREATE INDEX estate_by_guarantor ON estate (guarantor_id);

CREATE INDEX ob_episode_by_guarantor ON ob_episode (guarantor_id);

CREATE INDEX hold_by_guarantor ON hold (guarantor_id);

CREATE INDEX assistance_by_guarantor ON assistance (guarantor_id);

CREATE INDEX patient_payment_by_guarantor ON patient_payment (guarantor_id);

CREATE INDEX refund_by_guarantor ON refund (guarantor_id);

CREATE INDEX charge_by_account ON charge (account_number);

CREATE INDEX insurance_transaction_by_account ON insurance_transaction (account_number);

CREATE INDEX patient_payment_by_account ON patient_payment (account_number);

CREATE INDEX patient_share_by_account ON patient_share (account_number);

CREATE INDEX correspondence_by_account ON correspondence (account_number);

CREATE INDEX document_request_by_account ON document_request (account_number);

CREATE INDEX hold_by_account ON hold (account_number);

CREATE INDEX assistance_by_account ON assistance (account_number);

CREATE INDEX refund_by_account ON refund (account_number);

CREATE INDEX installment_by_plan ON installment (plan_id);

CREATE INDEX ob_deposit_by_episode ON ob_deposit (episode_id);

-- The postal code that a guarantor's mail is sorted by: the confidential address's if there is one.
CREATE VIEW mailing AS
SELECT guarantor_id,
       CASE WHEN COALESCE(confidential_lines, '') <> '' OR COALESCE(confidential_city, '') <> ''
              OR COALESCE(confidential_postal_code, '') <> ''
            THEN COALESCE(confidential_postal_code, '')
            ELSE COALESCE(postal_code, '') END AS mail_sort
FROM guarantor;
