"""Backend URLs: scheme, location and options of a print vendor, a mailer or a mailbox.

Parsing is strict: an unknown option or a password in the URL is an error. The options of each scheme are listed in
`mail_house.vendors.factory`, `mail_house.email.factory` and `mail_house.inbound.fetching`.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec


class BackendUrl(msgspec.Struct, frozen=True, kw_only=True):
    setting: str
    """The setting that the URL comes from, for error messages."""
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
            raise ValueError(f"{self.setting}: {option} is given {len(found)} times; give it once")
        return found[0] if found else default

    def choice(self, option: str, *allowed: str) -> str:
        """Return one of the allowed values; the first if the option is missing."""
        if (found := self.value(option, allowed[0])) not in allowed:
            raise ValueError(f"{self.setting}: {option} must be {' or '.join(allowed)}")
        return found

    def flag(self, option: str) -> bool:
        """Return a yes/no option; False if it is missing."""
        return self.choice(option, "no", "yes") == "yes"

    def number(self, option: str, default: float) -> float:
        """Return a number of at least 0; `default` if the option is missing."""
        text = self.value(option)
        if text and not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text):
            raise ValueError(f"{self.setting}: {option} must be a number, such as 14 or 0.5")
        return float(text) if text else default

    def require_known_options(self, *known: str) -> None:
        """Raise ValueError for an option that is not in `known`."""
        for key, _ in self.options:
            if key not in known:
                allowed = f"; use one of: {', '.join(known)}" if known else ""
                raise ValueError(f"{self.setting}: {key!r} is not an option of {self.scheme}:{allowed}")


def parse_url(url: str, *, setting: str) -> BackendUrl:
    """Parse the URL. Raises ValueError that names the setting but never the URL, which may contain a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ValueError(f"{setting}: not a URL: {exc}") from exc
    if parts.password is not None:
        raise ValueError(f"{setting}: the URL must not contain a password; set it in the environment")
    return BackendUrl(
        setting=setting,
        scheme=parts.scheme,
        user=unquote(parts.username or ""),
        host=parts.hostname or "",
        port=port,
        path=unquote(parts.path),
        options=tuple(_read_option(setting, item) for item in parts.query.split("&") if item),
    )


def folder_path(url: BackendUrl) -> Path:
    """Return the folder of a `file:` URL."""
    if url.host not in ("", "localhost") or not url.path.startswith("/"):
        raise ValueError(f"{url.setting}: name the folder by its full path, such as file:///srv/outbox")
    return Path(url.path)


def _read_option(setting: str, item: str) -> tuple[str, str]:
    # Not parse_qsl: a `+` in a fingerprint or an e-mail address is not a space.
    key, equals, value = item.partition("=")
    if not equals:
        raise ValueError(f"{setting}: the option {key!r} has no value")
    return unquote(key), unquote(value)
