-- One database and one role each for Airflow, the ledger and the sample hospital. No role may connect to another's
-- database. `source` only reads the billing data, which `hospital` loads. psql runs this once, as the superuser.
\set ON_ERROR_STOP on
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv ledger_password LEDGER_DB_PASSWORD
\getenv source_password SOURCE_DB_PASSWORD
\getenv hospital_password HOSPITAL_DB_PASSWORD
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE ROLE ledger LOGIN PASSWORD :'ledger_password';
CREATE ROLE source LOGIN PASSWORD :'source_password';
CREATE ROLE hospital LOGIN PASSWORD :'hospital_password';
ALTER ROLE source SET default_transaction_read_only = on;

CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE statements OWNER ledger;
CREATE DATABASE hospital OWNER hospital;
REVOKE ALL ON DATABASE airflow, statements, hospital FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE hospital TO source;

\connect hospital
GRANT USAGE ON SCHEMA public TO source;
ALTER DEFAULT PRIVILEGES FOR ROLE hospital IN SCHEMA public GRANT SELECT ON TABLES TO source;
