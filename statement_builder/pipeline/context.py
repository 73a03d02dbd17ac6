"""The application context: settings, ledger, archive and clock, opened once by a command or by an Airflow task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from mail_house.email import Mailer, open_mailer
from mail_house.profiles import Profile
from mail_house.vendors import PrintVendor, open_print_vendor
from statement_builder.archive import Archive, open_archive
from statement_builder.billing.facility import Facility
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, Document, Ledger
from statement_builder.pipeline.hand_off_log import require_latest_archive, require_latest_ledger
from statement_builder.pipeline.limits import SHARD_CANDIDATES_MAX
from statement_builder.pipeline.stores import list_places, open_ledger
from statement_builder.resources import SQL_ROOT, TEMPLATES
from statement_builder.settings import Settings
from statement_builder.settings.backends import open_profile
from statement_builder.source import Source, open_source
from statement_builder.stopwatch import Stopwatch

Progress = Callable[[str, int, int], None]
"""Called as a stage advances, with its name, how much is done and the total. `total` is 0 when it is not known."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Report no progress."""


def open_templates(settings: Settings) -> Path:
    """The shipped templates, with those in `render.templates` over them. Raises `ConfigError` when it has none."""
    own = settings.render.templates
    if not own:
        return TEMPLATES
    from statement_builder.rendering.template_overrides import merge_templates  # noqa: PLC0415 - imports WeasyPrint

    # Beside the layouts, not among them: the layout cache deletes every folder of another template version.
    return merge_templates(TEMPLATES, Path(own), Path(f"{settings.render.layouts}-templates"))


@dataclass(frozen=True, kw_only=True)
class AppContext:
    """Everything outside the pure core. `now` returns aware UTC datetimes."""

    settings: Settings
    facility: Facility
    ledger: Ledger
    archive: Archive
    environ: Mapping[str, str] = field(repr=False)  # a log of a traceback may show it, and it has passwords
    now: Callable[[], datetime]
    actor: str
    memberships: frozenset[str] = frozenset()
    """What the actor is in the setting `roles`: `group:NAME`, `airflow:NAME`, or `schedule`."""
    workers: int
    progress: Progress = no_progress
    watch: Stopwatch = field(default_factory=Stopwatch)
    templates: Path = TEMPLATES
    sql_root: Path = SQL_ROOT
    shard_candidates_max: int = SHARD_CANDIDATES_MAX
    isolates: bool = False
    """Whether even one worker works in a process of its own: one that ran this batch or task was killed."""

    def today(self) -> date:
        """Today's date in the facility's time zone."""
        return self.local_date(self.now())

    def local_date(self, moment: datetime) -> date:
        """The date of a moment in the facility's time zone."""
        return moment.astimezone(ZoneInfo(self.facility.time_zone)).date()

    def open_source(self, name: str) -> Source:
        """The billing system that the queries in `sql/<name>` read, at the address in the settings."""
        url, languages = self.settings.source.url, frozenset(self.settings.render.languages)
        return open_source(name, url, self.sql_root, languages=languages)

    def open_vendor(self) -> PrintVendor:
        """The print-mail vendor, not connected yet. Raises `ConfigError` when the setting is invalid."""
        try:
            return open_print_vendor(self.settings.print, environ=self.environ)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc

    def open_mailer(self) -> Mailer:
        """The e-mail service, not connected yet. Raises `ConfigError` when the setting is invalid."""
        try:
            return open_mailer(self.settings.email, environ=self.environ)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc

    def profile(self) -> Profile:
        """The print vendor's envelopes: window positions and how many sheets each takes."""
        return open_profile(self.settings)

    def require_batch(self, batch_id: str) -> Batch:
        """The batch with this id. Raises `ConfigError` when there is none."""
        batch = self.ledger.batches.get(batch_id)
        if batch is None:
            raise ConfigError(f"There is no batch {batch_id}. `statements batches` lists them.")
        return batch

    def require_document(self, document_id: str) -> Document:
        """The document with this id. Raises `ConfigError` when there is none, or when it was purged."""
        document = self.ledger.documents.get(document_id)
        if document is None:
            raise ConfigError(f"There is no document {document_id}. `statements find` searches for ids.")
        shard = self.ledger.shards.require(document.batch_id, document.sequence)
        if shard.purged_on is not None:
            raise ConfigError(
                f"document {document_id} was purged on {shard.purged_on} after its retention period: its PDF and the "
                "data that it was made from no longer exist. `statements find` still shows what the ledger keeps."
            )
        return document

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.archive.close()
        self.ledger.close()


def open_context(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    actor: str,
    workers: int,
    progress: Progress = no_progress,
    reads_only: bool = False,
    memberships: frozenset[str] = frozenset(),
) -> AppContext:
    """Open the ledger and the archive from the settings, and require that all stores belong to one installation.

    Creates a new ledger, but never migrates an older one. With `reads_only`, creates and changes nothing. Raises what
    `stores.open_ledger` raises, and `StoreError` when ledger or archive is older than the other, unless they are only
    read.
    """
    facility = settings.require_facility()
    archive = open_archive(settings.archive)
    ledger = open_ledger(settings, list_places(settings, archive), environ=environ, reads_only=reads_only)
    if not reads_only:
        require_latest_ledger(ledger, archive)
        require_latest_archive(ledger, archive)
    return AppContext(
        settings=settings,
        facility=facility,
        ledger=ledger,
        archive=archive,
        environ=environ,
        now=now,
        actor=actor,
        memberships=memberships,
        workers=workers,
        progress=progress,
        templates=open_templates(settings),
        sql_root=settings.source.query_root,
    )
