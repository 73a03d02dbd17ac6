-- Purpose: our own billing schema on PostgreSQL: what the demo, the tests and a hospital's own extract load into.
-- Few constraints on purpose: wrong rows must be loadable, so that the pull can say what is wrong with them.
-- Text is COLLATE "C", so that it sorts by bytes on every server, as the merge of the result sets needs.
-- Money is integer cents. What each column means: ../contract.md.

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
    email_consent_at timestamptz
);

CREATE TABLE patient (
    guarantor_id text COLLATE "C",
    patient_id text COLLATE "C",
    first_name text COLLATE "C",
    last_name text COLLATE "C",
    birth_on date
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
    good_faith_estimate_cents bigint
);

CREATE TABLE charge (
    charge_id text COLLATE "C",
    account_number text COLLATE "C",
    service_on date,
    posted_on date,
    description text COLLATE "C",
    code text COLLATE "C",
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
    opened_on date
);

CREATE TABLE installment (
    plan_id text COLLATE "C",
    sequence bigint,
    due_on date,
    amount_cents bigint,
    paid_cents bigint
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

CREATE TABLE feed (
    feed text COLLATE "C",
    loaded_at timestamptz
);

-- One postal code per guarantor, even one that is there twice: every query sorts by it, so that rows meet.
CREATE VIEW mailing_order AS
SELECT guarantor_id,
       min(CASE WHEN COALESCE(confidential_lines, '') <> '' OR COALESCE(confidential_city, '') <> ''
                  OR COALESCE(confidential_postal_code, '') <> ''
                THEN COALESCE(confidential_postal_code, '')
                ELSE COALESCE(postal_code, '') END) AS mail_sort
FROM guarantor
WHERE guarantor_id IS NOT NULL
GROUP BY guarantor_id;

-- Whose an account is. One that stands under two guarantors is nobody's ('') until a clerk has decided.
CREATE VIEW account_order AS
SELECT owner.account_number, owner.guarantor_id, COALESCE(mailing_order.mail_sort, '') AS mail_sort
FROM (SELECT account_number,
             CASE WHEN min(COALESCE(guarantor_id, '')) = max(COALESCE(guarantor_id, ''))
                  THEN min(COALESCE(guarantor_id, '')) ELSE '' END AS guarantor_id
      FROM encounter
      WHERE account_number IS NOT NULL
      GROUP BY account_number) AS owner
LEFT JOIN mailing_order ON mailing_order.guarantor_id = owner.guarantor_id;

-- Whose a payment plan is.
CREATE VIEW plan_order AS
SELECT owner.plan_id, owner.guarantor_id, COALESCE(mailing_order.mail_sort, '') AS mail_sort
FROM (SELECT plan_id, min(COALESCE(guarantor_id, '')) AS guarantor_id
      FROM payment_plan
      WHERE plan_id IS NOT NULL
      GROUP BY plan_id) AS owner
LEFT JOIN mailing_order ON mailing_order.guarantor_id = owner.guarantor_id;

-- Whose an obstetric episode is.
CREATE VIEW episode_order AS
SELECT owner.episode_id, owner.guarantor_id, COALESCE(mailing_order.mail_sort, '') AS mail_sort
FROM (SELECT episode_id, min(COALESCE(guarantor_id, '')) AS guarantor_id
      FROM ob_episode
      WHERE episode_id IS NOT NULL
      GROUP BY episode_id) AS owner
LEFT JOIN mailing_order ON mailing_order.guarantor_id = owner.guarantor_id;
