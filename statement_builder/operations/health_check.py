"""Health check: can every back end be reached, and is every font and template installed. Run before a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from msgspec import field

from mail_house.email import EMAIL_KEY, open_mailer
from mail_house.errors import HandOffError
from mail_house.secret import read_keys
from mail_house.vendors import open_print_vendor
from statement_builder.archive import open_archive
from statement_builder.billing.model import Record
from statement_builder.errors import StatementsError
from statement_builder.ledger import Ledger
from statement_builder.pipeline.context import open_profile, open_templates
from statement_builder.pipeline.payment_codes import read_payment_keys
from statement_builder.rendering import check_templates
from statement_builder.settings import Settings
from statement_builder.source import open_source


class HealthCheckFinding(Record, kw_only=True):
    """The state of one part of the installation."""

    part: str
    is_ok: bool = field(name="ok")
    message: str
    """When it is not ok: what is wrong and how to fix it."""


def check_health(settings: Settings, *, environ: Mapping[str, str]) -> list[HealthCheckFinding]:
    """Check every part of the installation, one finding per part."""
    return [_run(part, check) for part, check in _checks(settings, environ)]


def _run(part: str, check: Callable[[], str]) -> HealthCheckFinding:
    try:
        return HealthCheckFinding(part=part, is_ok=True, message=check())
    except (StatementsError, HandOffError, ValueError) as exc:
        return HealthCheckFinding(part=part, is_ok=False, message=str(exc))


def _checks(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "settings", lambda: settings.require_facility().name
    yield "templates and fonts", lambda: _check_templates(settings)
    yield "ledger", lambda: _check_ledger(settings)
    yield "archive", lambda: _check_archive(settings)
    yield "source", lambda: _check_source(settings)
    yield "print vendor", lambda: _check_print(settings, environ)
    yield "e-mail", lambda: _check_email(settings, environ)
    yield "payment code", lambda: _check_payment_code(settings, environ)


def _check_templates(settings: Settings) -> str:
    problems = check_templates(open_templates(settings))
    if problems:
        raise StatementsError("; ".join(problems))
    return "all templates compile, all fonts are installed"


def _check_ledger(settings: Settings) -> str:
    ledger = Ledger.open(settings.ledger)
    ledger.upgrade()
    ledger.close()
    return "reachable, tables are up to date"


def _check_archive(settings: Settings) -> str:
    open_archive(settings.archive).check()
    return "readable and writable"


def _check_source(settings: Settings) -> str:
    billing, languages = settings.source, frozenset(settings.render.languages)
    with open_source(billing.name, billing.url, billing.query_root, languages=languages) as source:
        feeds = source.feeds()
    return ", ".join(f"{feed} loaded {at:%Y-%m-%d %H:%M} UTC" for feed, at in sorted(feeds.items()))


def _check_print(settings: Settings, environ: Mapping[str, str]) -> str:
    profile = open_profile(settings)
    with closing(open_print_vendor(settings.print, environ=environ)) as vendor:
        vendor.check()
    return f"reachable; {profile.title}"


def _check_email(settings: Settings, environ: Mapping[str, str]) -> str:
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
