"""`python -m common.upgrade_ledger`: `statements ledger upgrade` with the addresses in `AIRFLOW_CONN_STATEMENTS_…`.

For the programs that set up an installation. A task never upgrades the ledger: workers of the older release may use it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from common.connections import CONNECTIONS, read_variables
from statement_builder.errors import ConfigError

_LEDGER = "AIRFLOW_CONN_STATEMENTS_LEDGER"


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with what the connections in it hold. ConfigError names one that cannot be read."""
    from airflow.sdk import Connection  # noqa: PLC0415 - takes seconds

    found = dict(environ)
    for name in CONNECTIONS:
        if text := environ.get(f"AIRFLOW_CONN_{name.upper()}"):
            read = Connection.from_json if text.startswith("{") else Connection.from_uri
            try:
                connection = read(text, conn_id=name)
            except Exception as exc:  # noqa: BLE001 - whatever Airflow's reader stumbles over
                problem = f"AIRFLOW_CONN_{name.upper()} is neither a JSON object nor a URI that Airflow can read"
                raise ConfigError(f"{problem} ({type(exc).__name__}).") from None
            found |= read_variables(connection)
    return found


def main() -> None:
    if not os.environ.get(_LEDGER):
        sys.exit(f"Set {_LEDGER}, or run `statements ledger upgrade` with STATEMENTS_LEDGER set.")
    try:
        environ = read_environment({name: value for name, value in os.environ.items() if name != "STATEMENTS_LEDGER"})
    except ConfigError as exc:
        sys.exit(str(exc))
    if "STATEMENTS_LEDGER" not in environ:
        sys.exit(f"{_LEDGER} has no password: put the URL of the ledger there.")
    os.environ.update(environ)
    sys.argv = ["statements", "ledger", "upgrade"]
    from statement_builder.cli import main as run_command  # noqa: PLC0415

    run_command()


if __name__ == "__main__":
    main()
