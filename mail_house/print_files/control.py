"""The control file. It is delivered last; from then on the vendor owns all three files."""

from __future__ import annotations

import hashlib

import msgspec


class FileFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    file: str
    bytes: int
    sha256: str


class Control(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Counts and hashes. The vendor checks the received files against them; we check the vendor's acknowledgement."""

    name: str
    created_on: str
    records: int
    pages: int
    blank_pages: int
    sheets: int
    cents: int
    pdf: FileFacts
    manifest: FileFacts
    sealed: tuple[FileFacts, ...] = ()
    """The encrypted files that were uploaded instead of the other two; omitted if they are not encrypted."""


def file_facts(file: str, data: bytes) -> FileFacts:
    return FileFacts(file=file, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def write_control(control: Control) -> bytes:
    """Return JSON in field order, indented for human readers."""
    return msgspec.json.format(msgspec.json.encode(control), indent=2) + b"\n"


def read_control(data: bytes) -> Control:
    """Parse a control file. Raises ValueError if the bytes are not one of our control files."""
    try:
        return msgspec.json.decode(data, type=Control)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"not a control file: {exc}") from exc
