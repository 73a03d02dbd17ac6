"""How the ledger is stored: tables, migrations, connections, transactions and locks, on SQLite and PostgreSQL."""
