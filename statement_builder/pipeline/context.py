"""What the steps of a batch work with: settings, ledger, archive, clock; opened once by the command line or a DAG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from mail_house.email import Mailer, open_mailer
from mail_house.profiles import Profile, load_profile, with_mailer
from mail_house.vendors import PrintVendor, open_print_vendor
from statement_builder.archive import Archive, open_archive
from statement_builder.billing.facility import Facility
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, Document, Ledger
from statement_builder.pipeline.limits import SHARD_CANDIDATES_MAX
from statement_builder.resources import SQL_ROOT, TEMPLATES
from statement_builder.settings import Settings
from statement_builder.source import Source, open_source
from statement_builder.stopwatch import Stopwatch

Progress = Callable[[str, int, int], None]
"""Told how far a step has come: step, done, total. `total` is 0 where it is not known beforehand."""


def say_nothing(step: str, done: int, total: int) -> None:
    """The progress of somebody who does not watch."""


@dataclass(frozen=True, kw_only=True)
class AppContext:
    """Everything outside the pure core, in one place. `now` gives aware UTC datetimes."""

    settings: Settings
    facility: Facility
    ledger: Ledger
    archive: Archive
    environ: Mapping[str, str]
    now: Callable[[], datetime]
    actor: str
    workers: int
    progress: Progress = say_nothing
    watch: Stopwatch = field(default_factory=Stopwatch)
    templates: Path = TEMPLATES
    sql_root: Path = SQL_ROOT
    shard_candidates_max: int = SHARD_CANDIDATES_MAX

    def today(self) -> date:
        """The date where the facility is."""
        return self.now().astimezone(ZoneInfo(self.facility.time_zone)).date()

    def open_source(self, name: str) -> Source:
        """The billing system whose queries are in the folder `name`, at the address that the settings give."""
        url, languages = self.settings.source.url, frozenset(self.settings.render.languages)
        return open_source(name, url, self.sql_root, languages=languages)

    def open_vendor(self) -> PrintVendor:
        """The print-mail vendor; nothing is connected yet. `ConfigError` where the setting is wrong."""
        try:
            return open_print_vendor(self.settings.print, environ=self.environ)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc

    def open_mailer(self) -> Mailer:
        """Who delivers e-mail; nothing is connected yet. `ConfigError` where the setting is wrong."""
        try:
            return open_mailer(self.settings.email, environ=self.environ)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc

    def profile(self) -> Profile:
        """The print-mail vendor's envelopes: where the windows are, how many sheets go into a letter."""
        return open_profile(self.settings)

    def require_batch(self, batch_id: str) -> Batch:
        """The batch, or a `ConfigError` that says how to list those there are."""
        batch = self.ledger.batch(batch_id)
        if batch is None:
            raise ConfigError(f"There is no batch {batch_id}. `statements batches` lists them.")
        return batch

    def require_document(self, document_id: str) -> Document:
        """The document, or a `ConfigError` that says how to look ids up."""
        document = self.ledger.document(document_id)
        if document is None:
            raise ConfigError(f"There is no document {document_id}. `statements find` looks ids up.")
        return document

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.archive.close()
        self.ledger.close()


def open_profile(settings: Settings) -> Profile:
    """The vendor's profile with the hospital's mailer id. `ConfigError` where either is wrong."""
    mail = settings.mail
    try:
        own_file = mail.print_profile.endswith(".toml")
        profile = load_profile(Path(mail.print_profile) if own_file else mail.print_profile)
    except ValueError as exc:
        raise ConfigError(f"mail.print_profile: {exc}") from exc
    try:
        return with_mailer(profile, mailer_id=mail.mailer_id, service_type=mail.service_type)
    except ValueError as exc:
        raise ConfigError(f"mail.mailer_id, mail.service_type: {exc}") from exc


def open_context(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    actor: str,
    workers: int,
    progress: Progress = say_nothing,
) -> AppContext:
    """Open ledger and archive as the settings say, creating or upgrading the ledger's tables."""
    facility = settings.require_facility()
    ledger = Ledger.open(settings.ledger)
    ledger.upgrade()
    return AppContext(
        settings=settings,
        facility=facility,
        ledger=ledger,
        archive=open_archive(settings.archive),
        environ=environ,
        now=now,
        actor=actor,
        workers=workers,
        progress=progress,
    )
