"""Back ends are named by URLs. Read strictly: an option that nobody knows, or a secret in a URL, is a mistake."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec


class BackendUrl(msgspec.Struct, frozen=True, kw_only=True):
    setting: str
    scheme: str
    user: str
    host: str
    port: int | None
    path: str
    options: tuple[tuple[str, str], ...]

    def values(self, option: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.options if key == option)

    def value(self, option: str, default: str = "") -> str:
        found = self.values(option)
        if len(found) > 1:
            raise ValueError(f"{self.setting}: {option} is there {len(found)} times; once is enough")
        return found[0] if found else default

    def choice(self, option: str, *allowed: str) -> str:
        """One of these words; the first where the option is not there."""
        if (found := self.value(option, allowed[0])) not in allowed:
            raise ValueError(f"{self.setting}: {option} is {' or '.join(allowed)}")
        return found

    def flag(self, option: str) -> bool:
        """False where the option is not there."""
        return self.choice(option, "no", "yes") == "yes"

    def number(self, option: str, default: float) -> float:
        """Not below zero."""
        text = self.value(option)
        if text and not re.fullmatch(r"\d{1,5}(\.\d{1,3})?", text):
            raise ValueError(f"{self.setting}: {option} is a number, such as 14 or 0.5")
        return float(text) if text else default

    def require_known_options(self, *known: str) -> None:
        for key, _ in self.options:
            if key not in known:
                allowed = f"; known are: {', '.join(known)}" if known else ""
                raise ValueError(f"{self.setting}: {key!r} is no option of {self.scheme}:{allowed}")


def parse_url(url: str, *, setting: str) -> BackendUrl:
    """Raises ValueError that names the setting, never the URL itself, which may hold a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ValueError(f"{setting}: not a URL: {exc}") from exc
    if parts.password is not None:
        raise ValueError(f"{setting}: a password does not belong in a URL; set it in the environment")
    return BackendUrl(
        setting=setting,
        scheme=parts.scheme,
        user=unquote(parts.username or ""),
        host=parts.hostname or "",
        port=port,
        path=unquote(parts.path),
        options=tuple(_read_option(setting, item) for item in parts.query.split("&") if item),
    )


def is_loopback(host: str) -> bool:
    """Only to itself may this machine talk in the clear."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def folder_path(url: BackendUrl) -> Path:
    """The folder of a `file:` URL."""
    if url.host not in ("", "localhost") or not url.path.startswith("/"):
        raise ValueError(f"{url.setting}: a folder is named by its full path: file:///srv/outbox")
    return Path(url.path)


def _read_option(setting: str, item: str) -> tuple[str, str]:
    # Not parse_qsl: a `+` is part of a fingerprint, and of an e-mail address, not a blank.
    key, equals, value = item.partition("=")
    if not equals:
        raise ValueError(f"{setting}: the option {key!r} has no value")
    return unquote(key), unquote(value)
