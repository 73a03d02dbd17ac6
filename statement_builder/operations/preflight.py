"""Preflight of a print file in a folder, before or after the vendor has it: is every piece fit to print."""

from __future__ import annotations

from pathlib import Path

from msgspec import field

from mail_house.preflight import find_faults
from mail_house.print_files import read_print_file
from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.settings import Settings
from statement_builder.settings.backends import open_profile


class PreflightFault(Record, kw_only=True):
    """One fault of a print file."""

    document_id: str | None = field(name="document")
    """None: the file as a whole."""
    page: int | None
    """From 1, within the document."""
    message: str = field(name="what")


class PreflightReport(Record, kw_only=True):
    """A print file's figures, and every fault found in it."""

    name: str
    pieces: int
    pages: int
    sheets: int
    profile: str
    """The vendor profile that it was checked against."""
    faults: tuple[PreflightFault, ...]


def preflight_print_file(settings: Settings, path: Path) -> PreflightReport:
    """Check every piece of a print file against the vendor's profile, its rendered pages included.

    `ConfigError` if there is no readable print file at `path`.
    """
    profile = open_profile(settings)
    try:
        file = read_print_file(path)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    return PreflightReport(
        name=file.name,
        pieces=file.records,
        pages=file.pages,
        sheets=file.sheets,
        profile=profile.title,
        faults=tuple(
            PreflightFault(document_id=fault.document_id or None, page=fault.page or None, message=fault.message)
            for fault in find_faults(file, profile, sample_every=1)
        ),
    )
