-- One database each for Airflow, the ledger and the sample hospital.
CREATE DATABASE airflow;
CREATE DATABASE statements;
CREATE DATABASE hospital;
