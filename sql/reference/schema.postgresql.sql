-- Purpose: reference billing schema on PostgreSQL, for the demo, the tests and hospital extracts.
-- Deliberately few constraints: bad rows must be loadable, so that the pull can report them.
-- Text is COLLATE "C", so that it sorts by bytes on every server; the merge of the result sets requires it.
-- Money is integer cents. ../contract.md describes each column.

CREATE TABLE guarantor (
    guarantor_id text COLLATE "C",
    first_name text COLLATE "C",
    last_name text COLLATE "C",
    suffix text COLLATE "C",
    address_lines text COLLATE "C",
    city text COLLATE "C",
    state text COLLATE "C",
    postal_code text COLLATE "C",
    country text COLLATE "C",
    confidential_lines text COLLATE "C",
    confidential_city text COLLATE "C",
    confidential_state text COLLATE "C",
    confidential_postal_code text COLLATE "C",
    confidential_country text COLLATE "C",
    email text COLLATE "C",
    language text COLLATE "C",
    large_print boolean,
    delivery text COLLATE "C",
    email_consent_at timestamptz,
    email_secret text COLLATE "C",
    birth_on date,
    email_consent_terms text COLLATE "C",
    email_consent_source text COLLATE "C",
    email_consent_withdrawn_on date,
    alternate_format text COLLATE "C",
    alternate_format_requested_on date
);

CREATE TABLE patient (
    guarantor_id text COLLATE "C",
    patient_id text COLLATE "C",
    first_name text COLLATE "C",
    last_name text COLLATE "C",
    birth_on date
);

CREATE TABLE coverage (
    coverage_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    patient_id text COLLATE "C",
    kind text COLLATE "C",
    starts_on date,
    ends_on date
);

CREATE TABLE encounter (
    account_number text COLLATE "C",
    guarantor_id text COLLATE "C",
    patient_id text COLLATE "C",
    service_from date,
    service_to date,
    facility_name text COLLATE "C",
    description text COLLATE "C",
    patient_class text COLLATE "C",
    financial_class text COLLATE "C",
    insurance_status text COLLATE "C",
    insurance_name text COLLATE "C",
    insurance_pending_cents bigint,
    final_billed boolean,
    sensitive boolean,
    plan_id text COLLATE "C",
    good_faith_estimate_cents bigint,
    estimate_reviewed_by text COLLATE "C",
    estimate_reviewed_on date,
    estimate_review_note text COLLATE "C",
    billing_entity_id text COLLATE "C"
);

CREATE TABLE billing_entity (
    entity_id text COLLATE "C",
    kind text COLLATE "C",
    name text COLLATE "C",
    tax_id text COLLATE "C",
    phone text COLLATE "C",
    hospital_collects boolean,
    in_assistance_policy boolean
);

CREATE TABLE contact (
    contact_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    account_number text COLLATE "C",
    patient_id text COLLATE "C",
    kind text COLLATE "C",
    name text COLLATE "C",
    address_lines text COLLATE "C",
    city text COLLATE "C",
    state text COLLATE "C",
    postal_code text COLLATE "C",
    country text COLLATE "C",
    email text COLLATE "C",
    language text COLLATE "C",
    large_print boolean,
    delivery text COLLATE "C",
    email_consent_at timestamptz,
    email_consent_terms text COLLATE "C",
    email_consent_source text COLLATE "C",
    email_consent_withdrawn_on date
);

CREATE TABLE charge (
    charge_id text COLLATE "C",
    account_number text COLLATE "C",
    service_on date,
    posted_on date,
    description text COLLATE "C",
    code text COLLATE "C",
    revenue_code text COLLATE "C",
    quantity bigint,
    amount_cents bigint
);

CREATE TABLE insurance_transaction (
    transaction_id text COLLATE "C",
    account_number text COLLATE "C",
    posted_on date,
    kind text COLLATE "C",
    payer text COLLATE "C",
    amount_cents bigint
);

CREATE TABLE patient_payment (
    payment_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    account_number text COLLATE "C",
    posted_on date,
    method text COLLATE "C",
    amount_cents bigint
);

CREATE TABLE patient_share (
    account_number text COLLATE "C",
    adjudicated_on date,
    deductible_cents bigint,
    coinsurance_cents bigint,
    copay_cents bigint,
    noncovered_cents bigint
);

CREATE TABLE correspondence (
    account_number text COLLATE "C",
    first_statement_on date,
    statements_sent bigint,
    last_level bigint,
    last_mailed_on date
);

CREATE TABLE payment_plan (
    plan_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    status text COLLATE "C",
    opened_on date,
    terms_on date,
    method text COLLATE "C",
    down_payment_cents bigint,
    finance_charge_cents bigint,
    apr_basis_points bigint,
    signed_on date
);

CREATE TABLE installment (
    plan_id text COLLATE "C",
    sequence bigint,
    due_on date,
    amount_cents bigint,
    paid_cents bigint
);

CREATE TABLE payroll_deduction (
    authorization_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    plan_id text COLLATE "C",
    employee_id text COLLATE "C",
    status text COLLATE "C",
    asked_on date,
    total_cents bigint,
    per_pay_cents bigint,
    pay_count bigint,
    frequency text COLLATE "C",
    first_pay_on date,
    last_pay_on date,
    work_state text COLLATE "C",
    signed_on date,
    hospital_signed_on date,
    ended_on date
);

CREATE TABLE hold (
    hold_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    account_number text COLLATE "C",
    episode_id text COLLATE "C",
    code text COLLATE "C",
    placed_on date,
    expires_on date
);

CREATE TABLE assistance (
    assistance_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    account_number text COLLATE "C",
    kind text COLLATE "C",
    occurred_on date,
    status text COLLATE "C",
    missing_items text COLLATE "C",
    respond_by date,
    decided_on date,
    basis text COLLATE "C",
    discount_percent bigint,
    valid_until date,
    notified_on date
);

CREATE TABLE document_request (
    request_id text COLLATE "C",
    account_number text COLLATE "C",
    kind text COLLATE "C",
    asked_on date,
    format text COLLATE "C",
    reviewed_on date,
    corrected_items text COLLATE "C",
    obstacle text COLLATE "C",
    expected_on date
);

CREATE TABLE estate (
    estate_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    patient_id text COLLATE "C",
    died_on date,
    status text COLLATE "C",
    representative_name text COLLATE "C",
    attorney_name text COLLATE "C",
    address_lines text COLLATE "C",
    city text COLLATE "C",
    state text COLLATE "C",
    postal_code text COLLATE "C",
    country text COLLATE "C",
    language text COLLATE "C",
    large_print boolean,
    court_state text COLLATE "C",
    county text COLLATE "C",
    court text COLLATE "C",
    case_number text COLLATE "C",
    opened_on date,
    published_on date,
    notice_on date,
    last_illness_on date,
    claim_filed_on date
);

CREATE TABLE ob_episode (
    episode_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    patient_id text COLLATE "C",
    status text COLLATE "C",
    expected_delivery_on date,
    estimate_cents bigint,
    estimate_on date,
    estimated_delivery_on date,
    benefits_verified_on date,
    estimate_basis text COLLATE "C",
    financial_class text COLLATE "C",
    insurance_name text COLLATE "C",
    insurance_changed_on date,
    plan_year_ends_on date,
    good_faith_estimate_id text COLLATE "C",
    notices_sent bigint,
    last_notice_on date
);

CREATE TABLE ob_deposit (
    deposit_id text COLLATE "C",
    episode_id text COLLATE "C",
    posted_on date,
    amount_cents bigint
);

CREATE TABLE refund (
    refund_id text COLLATE "C",
    guarantor_id text COLLATE "C",
    account_number text COLLATE "C",
    episode_id text COLLATE "C",
    amount_cents bigint,
    reason text COLLATE "C",
    status text COLLATE "C",
    approved_on date,
    approved_by text COLLATE "C",
    method text COLLATE "C",
    send_on date,
    sent_on date,
    check_number text COLLATE "C",
    balances_reviewed boolean
);

CREATE TABLE feed (
    feed text COLLATE "C",
    loaded_at timestamptz
);

-- What the general ledger's receivable accounts say, as of the load date.
CREATE TABLE general_ledger (
    financial_class text COLLATE "C",
    balance_cents bigint
);

-- For the Medicare cost report: bad debts with their Medicare facts, and what was written off of any payer.
CREATE TABLE medicare_bad_debt (
    guarantor_id text COLLATE "C",
    account_number text COLLATE "C",
    ccn text COLLATE "C",
    component_ccn text COLLATE "C",
    patient_class text COLLATE "C",
    last_name text COLLATE "C",
    first_name text COLLATE "C",
    service_from date,
    service_to date,
    mbi text COLLATE "C",
    medicaid_number text COLLATE "C",
    is_qmb boolean,
    is_medicare_advantage boolean,
    is_indigent boolean,
    medicare_remitted_on date,
    medicaid_remitted_on date,
    secondary_remitted_on date,
    beneficiary_cents bigint,
    first_billed_on date,
    last_paid_on date,
    written_off_on date,
    placed_on date,
    returned_on date,
    ceased_on date,
    medicare_written_off_on date,
    deductible_cents bigint,
    coinsurance_cents bigint,
    paid_cents bigint,
    claimed_cents bigint,
    recovered_on date,
    recovered_cents bigint,
    recovered_year_ends_on date
);

CREATE TABLE write_off (
    guarantor_id text COLLATE "C",
    account_number text COLLATE "C",
    ccn text COLLATE "C",
    component_ccn text COLLATE "C",
    patient_class text COLLATE "C",
    last_name text COLLATE "C",
    first_name text COLLATE "C",
    service_from date,
    service_to date,
    insurance_status text COLLATE "C",
    is_insured boolean,
    primary_payer text COLLATE "C",
    secondary_payer text COLLATE "C",
    charges_cents bigint,
    professional_cents bigint,
    patient_share_cents bigint,
    insurer_paid_cents bigint,
    contractual_cents bigint,
    other_nonallowable_cents bigint,
    patient_paid_cents bigint,
    uninsured_discount_cents bigint,
    noncovered_charity_cents bigint,
    other_charity_cents bigint,
    charity_cents bigint,
    charity_on date,
    bad_debt_cents bigint,
    bad_debt_on date
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
