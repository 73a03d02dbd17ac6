"""Health check: can every back end be reached, and is every font and template installed. Run before a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from typing import NamedTuple

from msgspec import field

from mail_house.email import EMAIL_KEY, open_mailer
from mail_house.errors import HandOffError
from mail_house.secret import read_keys
from mail_house.vendors import open_print_vendor
from statement_builder.archive import open_archive
from statement_builder.billing.model import Record
from statement_builder.errors import ArchiveError, ClockError, LedgerVersionError, StatementsError, StoreError
from statement_builder.ledger import Ledger
from statement_builder.operations.event_log import check_event_log
from statement_builder.operations.payroll.send import open_payroll_store
from statement_builder.operations.placement.delivery import open_agency_store
from statement_builder.pipeline.context import open_templates
from statement_builder.pipeline.hand_off_log import require_latest_archive, require_latest_ledger
from statement_builder.pipeline.payment_codes import read_payment_keys
from statement_builder.pipeline.places import list_places
from statement_builder.pipeline.portal import open_portal
from statement_builder.pipeline.portal_keys import read_portal_keys
from statement_builder.pipeline.stores import find_problems, observe, require_allowed_clock, require_none
from statement_builder.pipeline.write_back import open_write_back
from statement_builder.rendering import check_templates
from statement_builder.settings import Settings
from statement_builder.settings.backends import open_profile
from statement_builder.source import open_source

_STOPS_EVERYTHING = (ClockError, LedgerVersionError, StoreError)


class HealthCheckFinding(Record, kw_only=True):
    """The state of one part of the installation."""

    part: str
    is_ok: bool = field(name="ok")
    message: str
    """When it is not ok: what is wrong and how to fix it."""


class HealthCheck(NamedTuple):
    """What the check found."""

    findings: list[HealthCheckFinding]
    """One per part of the installation."""
    exit_code: int
    """0 in order; 1 a part fails; 2 the ledger or a store stops every command."""


def check_health(settings: Settings, *, environ: Mapping[str, str]) -> HealthCheck:
    """Check every part of the installation."""
    findings, exit_code = [], 0
    for part, check in _checks(settings, environ):
        try:
            findings.append(HealthCheckFinding(part=part, is_ok=True, message=check()))
        except (StatementsError, HandOffError, ValueError) as exc:
            findings.append(HealthCheckFinding(part=part, is_ok=False, message=str(exc)))
            exit_code = max(exit_code, 2 if isinstance(exc, _STOPS_EVERYTHING) else 1)
    return HealthCheck(findings, exit_code)


def _checks(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "settings", lambda: settings.require_facility().name
    yield "templates and fonts", lambda: _check_templates(settings)
    yield "ledger", lambda: _check_ledger(settings, environ)
    yield "archive", lambda: _check_archive(settings)
    yield "event log", lambda: _check_event_log(settings, environ)
    yield "encryption at rest", lambda: _check_encryption(settings)
    yield "source", lambda: _check_source(settings)
    yield "print vendor", lambda: _check_print(settings, environ)
    yield "e-mail", lambda: _check_email(settings, environ)
    yield "portal", lambda: _check_portal(settings, environ)
    yield "payroll", lambda: _check_payroll(settings, environ)
    yield "agencies", lambda: _check_agencies(settings, environ)
    yield "write-back", lambda: _check_write_back(settings, environ)
    yield "inbox", lambda: _check_inbox(settings)
    yield "payment code", lambda: _check_payment_code(settings, environ)


def _check_templates(settings: Settings) -> str:
    languages, facility = (
        settings.render.languages,
        settings.facility,
    )  # the check of the settings reports a missing one
    approved, facility_id = (languages, facility.facility_id) if facility else ((), "")
    problems = check_templates(open_templates(settings), approved=approved, facility_id=facility_id)
    if problems:
        raise StatementsError("; ".join(problems))
    return f"all templates compile, all fonts are installed, documents in {', '.join(languages)}"


def _check_ledger(settings: Settings, environ: Mapping[str, str]) -> str:
    """Changes nothing: only `statements ledger upgrade` migrates a ledger."""
    with open_archive(settings.archive) as archive, Ledger.open(settings.ledger) as ledger:
        found = observe(list_places(settings, archive), skip_unreachable=True)
        if ledger.version is None:
            require_none(find_problems(found, None, str(ledger)))
            return "new; the first `statements run` creates it"
        ledger.require_current()
        known = ledger.installation.get()
        require_allowed_clock(known, environ, str(ledger))
        with suppress(ArchiveError):  # the check of the archive reports it
            require_latest_ledger(ledger, archive)
        kind = "; a demonstration, which accepts STATEMENTS_CLOCK" if known.is_demonstration else ""
        return f"reachable, tables are up to date{kind}"


def _require_ours(settings: Settings, *places: str) -> None:
    """StoreError if one of the places does not belong to this installation."""
    with open_archive(settings.archive) as archive:
        found = observe(
            (each for each in list_places(settings, archive) if each.name in places), skip_unreachable=False
        )
        with Ledger.open(settings.ledger) as ledger:
            if ledger.is_current:
                require_none(find_problems(found, ledger.installation.get(), str(ledger)))


def _check_archive(settings: Settings) -> str:
    _require_ours(settings, "archive")
    with open_archive(settings.archive) as archive, Ledger.open(settings.ledger) as ledger:
        archive.check()
        if ledger.is_current:
            require_latest_archive(ledger, archive)
    return "readable and writable"


def _check_write_back(settings: Settings, environ: Mapping[str, str]) -> str:
    url = settings.source.write_back
    if not url:
        return "nothing is written back (setting source.write_back)"
    open_write_back(settings, environ).check()
    return f"{url.partition(':')[0]}: can be written to"


def _check_portal(settings: Settings, environ: Mapping[str, str]) -> str:
    if not settings.portal:
        return "no portal feed (setting portal)"
    read_portal_keys(environ)
    open_portal(settings, environ).check()
    return f"{settings.portal.partition(':')[0]}: can be written to"


def _check_payroll(settings: Settings, environ: Mapping[str, str]) -> str:
    if not settings.payroll.url:
        return "no payroll deductions (setting payroll.url)"
    open_payroll_store(settings, environ).check()
    return f"{settings.payroll.url.partition(':')[0]}: can be written to"


def _check_agencies(settings: Settings, environ: Mapping[str, str]) -> str:
    if not settings.placement.agencies:
        return "no placement (setting placement.agencies)"
    if any(agency.url.startswith("file:") for agency in settings.placement.agencies):
        _require_ours(settings, "print")  # without a URL, an agency's folder is below the same outbox
    for agency in settings.placement.agencies:
        open_agency_store(agency, environ).check()
    return f"{', '.join(agency.agency_id for agency in settings.placement.agencies)}: can be written to"


def _check_inbox(settings: Settings) -> str:
    _require_ours(settings, "inbox")
    return "readable"


def _check_event_log(settings: Settings, environ: Mapping[str, str]) -> str:
    with Ledger.open(settings.ledger) as ledger:
        if ledger.version is None:
            return "new"
        if not ledger.is_current:
            return "not checked: see ledger"
        if not _is_archive_ours(settings):
            return "not checked: see archive"
        with open_archive(settings.archive) as archive:
            return check_event_log(ledger, archive, environ)


def _is_archive_ours(settings: Settings) -> bool:
    """Whether the archive can be looked at: one that is not ours, or is lost, is reported by its own check."""
    try:
        _require_ours(settings, "archive")
    except (ArchiveError, StoreError):
        return False
    return True


def _check_encryption(settings: Settings) -> str:
    """One line. Nothing is BAD: whether the disks are encrypted cannot be seen from here."""
    if not _is_archive_ours(settings):
        return "not checked: see archive"
    with open_archive(settings.archive) as archive:
        archive.check()
        how = archive.describe_encryption()
    places = {
        "archive": "" if how else settings.archive,
        "ledger": settings.ledger if settings.ledger.startswith("sqlite") else "",
        "print": settings.print if settings.print.startswith("file:") else "",
        "email": settings.email if settings.email.startswith("file:") else "",
        "mail.inbox": settings.mail.inbox,
    }
    open_places = ", ".join(name for name, place in places.items() if place)
    encrypted = f"archive encrypted ({how}); " if how else ""
    return f"{encrypted}NOT encrypted by this service: {open_places}. Keep these on an encrypted disk"


def _check_source(settings: Settings) -> str:
    billing, languages = settings.source, frozenset(settings.render.languages)
    with open_source(billing.name, billing.url, billing.query_root, languages=languages) as source:
        feeds = source.feeds()
    return ", ".join(f"{feed} loaded {at:%Y-%m-%d %H:%M} UTC" for feed, at in sorted(feeds.items()))


def _check_print(settings: Settings, environ: Mapping[str, str]) -> str:
    profile = open_profile(settings)
    _require_ours(settings, "print")
    with closing(open_print_vendor(settings.print, environ=environ)) as vendor:
        vendor.check()
    return f"reachable; {profile.title}"


def _check_email(settings: Settings, environ: Mapping[str, str]) -> str:
    _require_ours(settings, "email")
    with open_mailer(settings.email, environ=environ) as mailer:
        mailer.check()
    if not read_keys(environ, EMAIL_KEY):
        return f"reachable; {EMAIL_KEY} is not set, so that every bounce and complaint waits for a person"
    return "reachable; bounces are proven by a token"


def _check_payment_code(settings: Settings, environ: Mapping[str, str]) -> str:
    facility = settings.require_facility()
    read_payment_keys(facility, environ)
    if not facility.payment_url:
        return "none is printed"
    if "{check}" not in facility.payment_url:
        return "printed without {check}: the payment page cannot tell a guessed document id"
    return "printed with a check"
