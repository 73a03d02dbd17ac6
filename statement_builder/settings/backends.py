"""Whether the settings that name a back end or a file can be used. Nothing is connected.

The print vendor's profile is read here too, because it depends on three settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mail_house.agency import AgencyProfile, load_agency_profile
from mail_house.barcodes.intelligent_mail import serial_digits
from mail_house.email import check_mailer_url
from mail_house.profiles import Profile, load_profile, with_mailer
from mail_house.urls import parse_url
from mail_house.vendors import check_print_url, with_ordered_options
from statement_builder.archive import check_archive_url
from statement_builder.errors import ConfigError
from statement_builder.policy.placement import Agency
from statement_builder.policy.segments import Segment, read_segments
from statement_builder.settings.model import Settings
from statement_builder.source.queries import find_queries


def find_backend_faults(settings: Settings) -> Iterator[str]:
    """Every URL, file and folder in the settings that cannot be used, as sentences that start with the setting.

    Except the databases: each command that uses the ledger or the source opens it first. And except the secrets for
    sending: a command that sends nothing runs without them, and `require_delivery` asks for them before the others.
    """
    source = settings.source
    checks: tuple[Callable[[], object], ...] = (
        lambda: check_archive_url(settings.archive),
        lambda: check_print_url(settings.print),
        lambda: check_mailer_url(settings.email),
        lambda: find_queries(source.name, source.query_root),
        lambda: _check_mailer_id(settings.mail.mailer_id),
        lambda: open_profile(settings),
        lambda: load_segments(settings),
        lambda: _check_fetched("mail.vendor_reports_url", settings.mail.vendor_reports_url, "file", "sftp"),
        lambda: _check_fetched("mail.portal_reads_url", settings.mail.portal_reads_url, "file", "sftp"),
        lambda: _check_fetched("payroll.url", settings.payroll.url, "file", "sftp"),
        lambda: _check_fetched("payroll.answers_url", settings.payroll.answers_url, "file", "sftp"),
        *(partial(_check_agency, agency) for agency in settings.placement.agencies),
        lambda: _check_fetched("mail.bounce_mailbox_url", settings.mail.bounce_mailbox_url, "file", "imaps"),
    )
    for check in checks:
        try:
            check()
        except (ConfigError, ValueError) as exc:
            yield str(exc)


def _check_mailer_id(mailer_id: str) -> None:
    try:
        serial_digits(mailer_id or "000000")
    except ValueError as exc:
        raise ConfigError(f"mail.mailer_id: {exc}") from exc


def _check_fetched(setting: str, url: str, *schemes: str) -> None:
    if url and parse_url(url, setting=setting).scheme not in schemes:
        raise ValueError(f"{setting}: use {': or '.join(schemes)}:")


def open_agency_profile(agency: Agency) -> AgencyProfile:
    """The format of the agency's files. ValueError when it is invalid."""
    is_own_file = agency.profile.endswith(".toml")
    return load_agency_profile(Path(agency.profile) if is_own_file else agency.profile)


def _check_agency(agency: Agency) -> None:
    setting = f"placement.agencies: {agency.agency_id}"
    _check_fetched(f"{setting}: url", agency.url, "file", "sftp")
    _check_fetched(f"{setting}: reports_url", agency.reports_url, "file", "sftp")
    if agency.url.startswith("sftp:") and not agency.pgp_key:
        raise ValueError(f"{setting}: set pgp_key to the agency's OpenPGP key: what leaves the building is encrypted")
    open_agency_profile(agency)


def load_segments(settings: Settings) -> tuple[Segment, ...]:
    """The segments in the file that `mail.segments` names. `ConfigError` when it is invalid."""
    path = settings.mail.segments
    if not path:
        return ()
    try:
        return read_segments(Path(path).read_text(encoding="utf-8"), settings.render.languages)
    except (OSError, ValueError) as exc:
        raise ConfigError(f"mail.segments: {path}: {exc}") from exc


def open_profile(settings: Settings) -> Profile:
    """The vendor's profile with the hospital's mailer id and what the vendor's URL orders.

    Raises `ConfigError` when one of these settings is invalid.
    """
    mail = settings.mail
    try:
        is_own_file = mail.print_profile.endswith(".toml")
        profile = load_profile(Path(mail.print_profile) if is_own_file else mail.print_profile)
    except (ValueError, OSError) as exc:
        raise ConfigError(f"mail.print_profile: {exc}") from exc
    try:
        profile = with_mailer(profile, mailer_id=mail.mailer_id, service_type=mail.service_type)
    except ValueError as exc:
        raise ConfigError(f"mail.mailer_id, mail.service_type: {exc}") from exc
    try:
        return with_ordered_options(profile, settings.print)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
