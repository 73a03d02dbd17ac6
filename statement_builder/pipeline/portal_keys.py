"""The keys that the service shares with the patient portal."""

from __future__ import annotations

from collections.abc import Mapping

from mail_house.portal import PORTAL_KEY
from mail_house.secret import KeyRing, read_keys
from statement_builder.errors import ConfigError


def read_portal_keys(environ: Mapping[str, str], *, setting: str = "portal") -> KeyRing:
    """The keys of the tokens and codes. `ConfigError` for a short one, or none: `setting` needs one."""
    try:
        keys = read_keys(environ, PORTAL_KEY)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    if not keys:
        raise ConfigError(
            f"{setting} is set, but {PORTAL_KEY} is not: it proves to the portal, and to us, what the other says. Make "
            "one with `openssl rand -hex 32`"
        )
    return keys
