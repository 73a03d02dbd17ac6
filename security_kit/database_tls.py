"""Connections to PostgreSQL that leave this machine are encrypted. Judges what libpq would do, not only the URL."""

from __future__ import annotations

from itertools import zip_longest

from psycopg.pq import Conninfo
from sqlalchemy.engine import URL

from security_kit.transport import is_loopback

_ENCRYPTED_MODES = frozenset({"require", "verify-ca", "verify-full"})
"""libpq's `sslmode` values that never fall back to an unencrypted connection. Its default, `prefer`, does."""


def require_database_tls(url: URL, *, setting: str) -> None:
    """Raise ValueError if a PostgreSQL connection could leave this machine unencrypted.

    Considers what libpq does: several hosts, `hostaddr`, `service`, and the variables `PGHOST` and `PGSSLMODE`.
    Sockets and loopback addresses are on this machine.
    """
    if url.get_backend_name() != "postgresql":
        return
    options = _connection_options(url)
    remote = [host for host in _hosts(options) if not (host.startswith(("/", "@")) or is_loopback(host))]
    mode = options.get("sslmode", "prefer")
    if not remote or mode in _ENCRYPTED_MODES or options.get("gssencmode") == "require":
        return
    raise ValueError(
        f"{setting}: the connection to {remote[0]} must be encrypted, and sslmode={mode} allows an unencrypted one. "
        "Add ?sslmode=verify-full to the URL (with sslrootcert=FILE for a private certificate authority), or "
        "sslmode=require if the server's certificate cannot be verified"
    )


def _connection_options(url: URL) -> dict[str, str]:
    """libpq's options: its defaults, which include the environment, and the URL's over them."""
    defaults = {each.keyword.decode(): each.val.decode() for each in Conninfo.get_defaults() if each.val}
    _, given = url.get_dialect()().create_connect_args(url)
    return defaults | {key: str(value) for key, value in given.items() if value not in {None, ""}}


def _hosts(options: dict[str, str]) -> list[str]:
    """Every address that libpq may connect to. `hostaddr` is the address; `host` is then only a name. No host at all is
    the socket."""
    addresses, names = options.get("hostaddr", ""), options.get("host", "")
    if not addresses and not names and "service" in options:
        return [f"service {options['service']}"]
    pairs = zip_longest(addresses.split(","), names.split(","), fillvalue="")
    return [address or name for address, name in pairs if address or name]
