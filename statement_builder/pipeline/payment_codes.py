"""The keyed check in a payment code, by which the payment page tells a printed document id from a guessed one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from mail_house.secret import KeyRing, read_keys
from statement_builder.billing.facility import Facility
from statement_builder.errors import ConfigError

PAYMENT_KEY = "STATEMENTS_PAYMENT_KEY"
"""The environment variable with the keys."""


def read_payment_keys(facility: Facility, environ: Mapping[str, str]) -> KeyRing:
    """The keys in the environment. `ConfigError` if the facility's payment code needs one and there is none."""
    try:
        keys = read_keys(environ, PAYMENT_KEY)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    if "{check}" in facility.payment_url and not keys:
        raise ConfigError(
            f"facility.payment_url contains {{check}}, and {PAYMENT_KEY} is not set: set it to a random key, such as "
            "the output of `openssl rand -hex 32`, and give it to the payment page."
        )
    return keys


def payment_check(keys: KeyRing) -> Callable[[str], str]:
    """The function that makes the check of a document id. docs/configure/settings.md says how a payment page verifies
    it."""
    return functools.partial(keys.code, "payment")
