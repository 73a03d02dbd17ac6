-- Purpose: tables for Synthea's CSV files on SQLite: the columns that billing requires, money in integer cents,
-- dates as ISO text without the time, account numbers from encounter ids. README.md describes the data.
-- A new load replaces everything.

DROP VIEW IF EXISTS synthea_accounts;
DROP TABLE IF EXISTS synthea_patients;
DROP TABLE IF EXISTS synthea_encounters;
DROP TABLE IF EXISTS synthea_claims;
DROP TABLE IF EXISTS synthea_transactions;
DROP TABLE IF EXISTS synthea_payers;
DROP TABLE IF EXISTS synthea_organizations;
DROP TABLE IF EXISTS synthea_load;

CREATE TABLE synthea_patients (
    id text,
    first text,
    last text,
    suffix text,
    birth_on text,
    death_on text,
    address text,
    city text,
    state text,
    zip text
);

CREATE TABLE synthea_encounters (
    id text,
    account_number text,
    start_on text,
    stop_on text,
    patient text,
    organization text,
    payer text,
    encounterclass text,
    description text
);

CREATE TABLE synthea_claims (
    id text,
    appointment text,
    status1 text,
    secondary_payer text
);

CREATE TABLE synthea_transactions (
    id text,
    claim text,
    account_number text,
    type text,
    method text,
    from_on text,
    procedure_code text,
    notes text,
    units integer,
    amount_cents integer,
    payments_cents integer,
    adjustments_cents integer
);

CREATE TABLE synthea_payers (
    id text,
    name text
);

CREATE TABLE synthea_organizations (
    id text,
    name text
);

CREATE TABLE synthea_load (
    loaded_at text,
    withheld_since text
);

-- Indexes for lookups row by row, so that no query must hold a whole table in memory for a join.
CREATE INDEX synthea_patient_by_id ON synthea_patients (id);

CREATE INDEX synthea_encounter_by_id ON synthea_encounters (id);

CREATE INDEX synthea_encounter_by_account ON synthea_encounters (account_number);

CREATE INDEX synthea_claim_by_id ON synthea_claims (id);

CREATE INDEX synthea_claim_by_appointment ON synthea_claims (appointment);

-- Indexes for queries by guarantor, so that a look-up of one person reads no whole table.
CREATE INDEX synthea_encounter_by_patient ON synthea_encounters (patient);

CREATE INDEX synthea_transaction_by_account ON synthea_transactions (account_number);

-- The guarantor of each account, and the postal code that their mail is sorted by.
CREATE VIEW synthea_accounts AS
SELECT e.id AS encounter, e.account_number, e.patient AS guarantor_id, COALESCE(p.zip, '') AS mail_sort
FROM synthea_encounters AS e
LEFT JOIN synthea_patients AS p ON p.id = e.patient;
