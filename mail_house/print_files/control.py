"""The control file: written last, it makes the other two files the vendor's."""

from __future__ import annotations

import hashlib

import msgspec


class FileFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    file: str
    bytes: int
    sha256: str


class Control(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Counts and hashes that the vendor checks what it received against, and we what it says it received."""

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
    """What was brought instead of the other two, where they are encrypted; left out where they are not."""


def file_facts(file: str, data: bytes) -> FileFacts:
    return FileFacts(file=file, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def write_control(control: Control) -> bytes:
    """JSON in the order of the fields, indented for the person who opens it."""
    return msgspec.json.format(msgspec.json.encode(control), indent=2) + b"\n"


def read_control(data: bytes) -> Control:
    """Raises ValueError when these bytes are no control file of ours."""
    try:
        return msgspec.json.decode(data, type=Control)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"not a control file: {exc}") from exc
