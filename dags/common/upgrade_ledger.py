"""`python -m common.upgrade_ledger`: `statements ledger upgrade` with the addresses in `AIRFLOW_CONN_STATEMENTS_…`.

For the programs that set up an installation. A task never upgrades the ledger: workers of the older release may use it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from common.connections import CONNECTIONS


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with what the connections hold. A connection that is no JSON object is a ValueError."""
    found = dict(environ)
    for name, variable in CONNECTIONS.items():
        if text := environ.get(f"AIRFLOW_CONN_{name.upper()}"):
            connection = json.loads(text)
            found |= {variable: connection["password"], **connection.get("extra", {})}
    return found


def main() -> None:
    if "AIRFLOW_CONN_STATEMENTS_LEDGER" not in os.environ:
        sys.exit("Set AIRFLOW_CONN_STATEMENTS_LEDGER, or run `statements ledger upgrade` with STATEMENTS_LEDGER set.")
    os.environ.update(read_environment(os.environ))
    sys.argv = ["statements", "ledger", "upgrade"]
    from statement_builder.cli import main as run_command  # noqa: PLC0415

    run_command()


if __name__ == "__main__":
    main()
