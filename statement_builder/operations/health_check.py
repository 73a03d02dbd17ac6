"""Is everything reachable, and every font and template there: asked before a batch, not found out in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

from mail_house.email import open_mailer
from mail_house.errors import HandOffError
from mail_house.vendors import open_print_vendor
from statement_builder.archive import open_archive
from statement_builder.errors import StatementsError
from statement_builder.ledger import Ledger
from statement_builder.pipeline.context import open_profile
from statement_builder.rendering import check_setup
from statement_builder.resources import SQL_ROOT, TEMPLATES
from statement_builder.settings import Settings
from statement_builder.source import open_source


def examine(settings: Settings, *, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """One finding a part: `part`, `ok`, and `message`, which says what to do where it is not ok."""
    return [_finding(part, check) for part, check in _checks(settings, environ)]


def _finding(part: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"part": part, "ok": True, "message": check()}
    except (StatementsError, HandOffError, ValueError) as exc:
        return {"part": part, "ok": False, "message": str(exc)}


def _checks(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "settings", lambda: settings.require_facility().name
    yield "templates and fonts", _check_templates
    yield "ledger", lambda: _check_ledger(settings)
    yield "archive", lambda: _check_archive(settings)
    yield "source", lambda: _check_source(settings)
    yield "print vendor", lambda: _check_print(settings, environ)
    yield "e-mail", lambda: _check_email(settings, environ)


def _check_templates() -> str:
    problems = check_setup(TEMPLATES)
    if problems:
        raise StatementsError("; ".join(problems))
    return "every template compiles, every font is there"


def _check_ledger(settings: Settings) -> str:
    ledger = Ledger.open(settings.ledger)
    ledger.upgrade()
    ledger.close()
    return "reachable, tables as this version wants them"


def _check_archive(settings: Settings) -> str:
    open_archive(settings.archive).check()
    return "can be written and read"


def _check_source(settings: Settings) -> str:
    languages = frozenset(settings.render.languages)
    with open_source(settings.source.name, settings.source.url, SQL_ROOT, languages=languages) as source:
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
    return "reachable"
