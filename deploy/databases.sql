-- One database each: Airflow's own, the ledger, and the sample hospital.
CREATE DATABASE airflow;
CREATE DATABASE statements;
CREATE DATABASE hospital;
