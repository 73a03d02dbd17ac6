"""Back ends are named by URLs. Read strictly: an option that nobody knows, or a secret in a URL, is a mistake."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mail_house.pieces import Record


class BackEndUrl(Record, frozen=True, kw_only=True):
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

    def expect_options(self, *known: str) -> None:
        for key, _ in self.options:
            if key not in known:
                allowed = f"; known are: {', '.join(known)}" if known else ""
                raise ValueError(f"{self.setting}: {key!r} is no option of {self.scheme}:{allowed}")


def parse_url(url: str, *, setting: str) -> BackEndUrl:
    """Raises ValueError that names the setting, never the URL itself, which may hold a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ValueError(f"{setting}: not a URL: {exc}") from exc
    if parts.password is not None:
        raise ValueError(f"{setting}: a password does not belong in a URL; set it in the environment")
    return BackEndUrl(
        setting=setting,
        scheme=parts.scheme,
        user=unquote(parts.username or ""),
        host=parts.hostname or "",
        port=port,
        path=unquote(parts.path),
        options=tuple(_read_option(setting, item) for item in parts.query.split("&") if item),
    )


def folder_of(url: BackEndUrl) -> Path:
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
