"""Connections that leave this machine are encrypted. One rule for every server: only loopback may be in the clear."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether the host is this machine: only then is an unencrypted connection allowed."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_https(url: str, *, setting: str) -> None:
    """Raise ValueError unless the address of a server is `https:`, or `http:` to this machine. The message names no
    user or password."""
    parts = urlsplit(url)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        return
    raise ValueError(
        f"{setting}: the connection to {parts.hostname or 'the server'} must be encrypted: use an https:// address "
        "(http:// is allowed only to this machine)"
    )
