-- Purpose: tables for Synthea's CSV files on PostgreSQL: the columns that billing requires, money in integer cents,
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
    id text COLLATE "C",
    first text COLLATE "C",
    last text COLLATE "C",
    suffix text COLLATE "C",
    birth_on text COLLATE "C",
    death_on text COLLATE "C",
    address text COLLATE "C",
    city text COLLATE "C",
    state text COLLATE "C",
    zip text COLLATE "C"
);

CREATE TABLE synthea_encounters (
    id text COLLATE "C",
    account_number text COLLATE "C",
    start_on text COLLATE "C",
    stop_on text COLLATE "C",
    patient text COLLATE "C",
    organization text COLLATE "C",
    payer text COLLATE "C",
    encounterclass text COLLATE "C",
    description text COLLATE "C"
);

CREATE TABLE synthea_claims (
    id text COLLATE "C",
    appointment text COLLATE "C",
    status1 text COLLATE "C",
    secondary_payer text COLLATE "C"
);

CREATE TABLE synthea_transactions (
    id text COLLATE "C",
    claim text COLLATE "C",
    account_number text COLLATE "C",
    type text COLLATE "C",
    method text COLLATE "C",
    from_on text COLLATE "C",
    procedure_code text COLLATE "C",
    notes text COLLATE "C",
    units bigint,
    amount_cents bigint,
    payments_cents bigint,
    adjustments_cents bigint
);

CREATE TABLE synthea_payers (
    id text COLLATE "C",
    name text COLLATE "C"
);

CREATE TABLE synthea_organizations (
    id text COLLATE "C",
    name text COLLATE "C"
);

CREATE TABLE synthea_load (
    loaded_at text COLLATE "C",
    withheld_since text COLLATE "C"
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
