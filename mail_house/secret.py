"""Passwords and keys: a value never appears in a log, a message or a traceback."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence


class Secret:
    """Empty if no password was set."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(none)"


_CODE_BYTES = 10
KEY_CHARACTERS_MIN = 32
CODE = "[a-z2-7]{16}"
"""The pattern of a code: 80 bits in lowercase base32, which survives mail programs, URLs and retyping."""


class KeyRing:
    """Keys of keyed codes. The first signs and all verify, so that a key can be replaced without a gap."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def code(self, *parts: str) -> str:
        """The code of these texts: HMAC-SHA256 of the texts joined by U+001F, its first 80 bits. Empty without a
        key."""
        return _code(self._keys[0], parts) if self._keys else ""

    def verifies(self, code: str, *parts: str) -> bool:
        """Whether one of the keys made this code of these texts."""
        return any(hmac.compare_digest(_code(key, parts), code) for key in self._keys) if code.isascii() else False

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __repr__(self) -> str:
        return f"KeyRing({len(self._keys)} keys)"


def read_keys(environ: Mapping[str, str], name: str) -> KeyRing:
    """The keys in an environment variable, separated by commas, the newest first. Raises ValueError for a short one."""
    keys = [key.strip() for key in environ.get(name, "").split(",") if key.strip()]
    if any(len(key) < KEY_CHARACTERS_MIN for key in keys):
        raise ValueError(
            f"{name}: a key has fewer than {KEY_CHARACTERS_MIN} characters and could be guessed; make one with "
            "`openssl rand -hex 32`"
        )
    return KeyRing(keys)


def _code(key: bytes, parts: Sequence[str]) -> str:
    digest = hmac.digest(key, "\x1f".join(parts).encode(), "sha256")
    return base64.b32encode(digest[:_CODE_BYTES]).decode("ascii").lower()
