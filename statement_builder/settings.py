"""One frozen settings object, built once: `statements.toml` plus `STATEMENTS_…` for what is secret.

Everything wrong with it is a `ConfigError` that names the setting and the file, before anything is started.
This module and the command line are the only ones that read the environment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.billing.scanline import scanline_problem
from statement_builder.billing.selection import Kind, Reports
from statement_builder.errors import ConfigError
from statement_builder.policy.settings import Policy

URL_VARIABLES = {
    "ledger": "STATEMENTS_LEDGER",
    "archive": "STATEMENTS_ARCHIVE",
    "print": "STATEMENTS_PRINT",
    "email": "STATEMENTS_EMAIL",
    "source.url": "STATEMENTS_SOURCE_URL",
}
"""Settings whose value may carry a password, and the variable that stands in for each."""


PAYMENT_URL_CHARACTERS_MAX = 86
"""With the document's id, 36 characters, as many as a code of an inch holds that telephones read with ease."""


class SourceSettings(Record, kw_only=True):
    """Where balances come from: the folder below `sql/`, the database, and how old its data may be."""

    name: str = "reference"
    url: str = ""
    max_age_hours: int = 36
    """Hours; the obstetric feed has a stricter limit of its own in the policy."""


class RenderSettings(Record, kw_only=True):
    """How pages are made. `workers` 0 means one per processor."""

    workers: int = 0
    languages: tuple[str, ...] = ("en",)
    """Languages that an approved translation exists for; an account in any other is an exception."""
    engine: str = "compiled"
    """`compiled`: each layout once, then filled. `plain`: a WeasyPrint layout for every document."""
    layouts: str = ""
    """Folder where compiled layouts are kept for all processes, with what PDFium agreed on; there are no words of any
    document in it."""


class MailSettings(Record, kw_only=True):
    """What the mail house needs to know beside the addresses of its back ends."""

    print_profile: str = "number-10-double-window"
    """The print-mail vendor's profile: the name of one in `mail_house/profiles/`, or the path of a `.toml` file."""
    email_content: str = "portal"
    """What an e-mail brings: `portal`, a link to sign in at; `archive-link`, an expiring link to the archived PDF that
    opens for whoever has the e-mail; `attachment`, the PDF encrypted with what the patient chose."""
    email_link_days: int = 7
    """How long an `archive-link` works; 7 is the longest that S3 signs for."""
    mailer_id: str = ""
    """The hospital's number with the postal service, for the Intelligent Mail barcode; without one none is printed."""
    service_type: str = ""
    """Its three digits for mail class and services, as agreed with the vendor."""
    preflight_sample_every: int = 50
    """Of a finished print file one piece in so many is also read from its picture; 1 reads every one."""
    final_vendor_status: Reports = Reports.NOTHING
    """The last thing that the print vendor tells of a piece: `nothing`, `acknowledged` or `mailed`. Clocks and the
    closing of a batch wait for it."""
    ack_deadline_hours: int = 1
    """Hours after hand-off in which a vendor who acknowledges has to."""
    mailed_deadline_business_days: int = 2
    """Business days after hand-off in which a vendor who reports mail has to."""
    inbox: str = ""
    """Folder where answers come in."""
    vendor_reports_url: str = ""
    """Where the print vendor leaves its answers, as an `sftp:` or `file:` URL; empty: they are put into the inbox."""
    bounce_mailbox_url: str = ""
    """The mailbox that e-mail comes back to, as a `file:` (Maildir, or a folder of `.eml`) or `imaps:` URL."""


class ReleaseSettings(Record, kw_only=True):
    """Who may let a batch go. `person`: it waits for `statements release`; `dual-control`: for that of somebody other
    than who opened it; `auto`: it goes when every gate foots and nothing is unusual."""

    statement: str = "person"
    ob_notice: str = "person"
    dunning: str = "person"
    volume_change_max_percent: int = 25
    """Against the last batch of the kind; more, either way, waits for a person."""
    amount_change_max_percent: int = 20
    """The same for what a document asks for on average."""
    hold_doubled_count_min: int = 20
    """A hold reason found on as many accounts or more, and more than twice as often as in the last batch, waits too."""
    dual_control_level_min: int = 4
    """A batch with a letter of this dunning level or above is released by somebody other than who opened it (domain
    rules, 9: two-person release for level 4 and up)."""
    amount_max_cents: int = 25_000_000
    """One document above this waits for a person."""

    def by(self, kind: Kind) -> str:
        """`auto`, `person` or `dual-control` for one kind of document."""
        return str(getattr(self, kind.value.replace("-", "_")))


class Settings(Record, kw_only=True):
    facility: Facility | None = None
    ledger: str = ""
    archive: str = ""
    print: str = ""
    email: str = ""
    source: SourceSettings = SourceSettings()
    policy: Policy = Policy()
    render: RenderSettings = RenderSettings()
    mail: MailSettings = MailSettings()
    release: ReleaseSettings = ReleaseSettings()

    def require_facility(self) -> Facility:
        """The hospital on the page, or a `ConfigError`: a bill with somebody else's phone number helps nobody."""
        if self.facility is None:
            raise ConfigError(
                "No [facility] in the settings: its name, addresses, phone numbers and links are on every page. "
                "Put them into statements.toml (README, Settings)."
            )
        return self.facility


def home_folder(environ: Mapping[str, str], working_folder: Path) -> Path:
    """`$STATEMENTS_HOME`, or `.statements/` below the working folder."""
    named = environ.get("STATEMENTS_HOME")
    return Path(named).resolve() if named else working_folder / ".statements"


def find_settings_file(environ: Mapping[str, str], working_folder: Path) -> Path | None:
    """`$STATEMENTS_CONFIG`, else `statements.toml` in the working folder, else in the home folder, else none."""
    if named := environ.get("STATEMENTS_CONFIG"):
        path = Path(named)
        if not path.is_file():
            raise ConfigError(f"STATEMENTS_CONFIG names {path}, which is not there.")
        return path
    for folder in (working_folder, home_folder(environ, working_folder)):
        if (folder / "statements.toml").is_file():
            return folder / "statements.toml"
    return None


def load_settings(environ: Mapping[str, str], working_folder: Path, *, source_name: str | None = None) -> Settings:
    """The settings with environment and defaults filled in. `ConfigError` names what is wrong and where.

    `source_name` is what a command line said about the source, and wins over the file.
    """
    path = find_settings_file(environ, working_folder)
    raw: dict[str, object] = _read_toml(path) if path else {}
    if source_name is not None:
        _put(raw, "source.name", source_name)
    for setting, variable in URL_VARIABLES.items():
        if value := environ.get(variable):
            _put(raw, setting, value)
    _refuse_renamed(raw, str(path or "environment"))
    try:
        settings = msgspec.convert(raw, Settings)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path or 'environment'}: {_explain(str(exc))}") from exc
    settings = _with_default_places(settings, home_folder(environ, working_folder))
    _check(settings, path)
    return settings


def _explain(complaint: str) -> str:
    """What msgspec says of a value, with the setting named as it stands in the file: `render.workers`."""
    what, _, place = complaint.partition(" - at `$.")
    place = place.rstrip("`")
    within = f"{place}." if place else ""
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", what):
        return f"{within}{unknown[1]} is not a setting. Is it misspelt, or in the wrong table? (README, Settings)"
    if missing := re.fullmatch(r"Object missing required field `(.*)`", what):
        return f"{within}{missing[1]} is missing, and has no default"
    return f"{place or 'the settings'}: {what}"


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc


RENAMED_SETTINGS = {
    "source.age_max_h": "source.max_age_hours",
    "policy.ob_feed_age_max_h": "policy.ob_feed_max_age_hours",
    "mail.check_every": "mail.preflight_sample_every",
    "mail.vendor_reports": "mail.final_vendor_status",
    "mail.acknowledge_h_max": "mail.ack_deadline_hours",
    "mail.mailed_days_max": "mail.mailed_deadline_business_days",
    "mail.answers": "mail.vendor_reports_url",
    "mail.bounces": "mail.bounce_mailbox_url",
    "release.second_person_level_min": "release.dual_control_level_min",
}
"""Old setting name to the current one. An old name is refused, so that a setting is never silently ignored."""


def _refuse_renamed(raw: Mapping[str, object], where: str) -> None:
    for old, new in RENAMED_SETTINGS.items():
        table, _, key = old.partition(".")
        found = raw.get(table)
        if isinstance(found, dict) and key in found:
            raise ConfigError(f"{where}: {old} was renamed to {new}. Change the name; the value stays the same.")
    release = raw.get("release")
    for key, value in release.items() if isinstance(release, dict) else ():
        if value == "second-person":
            raise ConfigError(f"{where}: release.{key}: 'second-person' was renamed to 'dual-control'.")


def _put(raw: dict[str, object], setting: str, value: str) -> None:
    *tables, key = setting.split(".")
    for table in tables:
        inner = raw.setdefault(table, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"[{table}] has to be a table in the settings")
        raw = inner
    raw[key] = value


def _with_default_places(settings: Settings, home: Path) -> Settings:
    """With nothing set, everything lives under one folder."""
    return msgspec.structs.replace(
        settings,
        ledger=settings.ledger or f"sqlite:///{home / 'ledger.db'}",
        archive=settings.archive or f"file://{home / 'archive'}",
        print=settings.print or f"file://{home / 'outbox' / 'print'}",
        email=settings.email or f"file://{home / 'outbox' / 'email'}",
        mail=msgspec.structs.replace(settings.mail, inbox=settings.mail.inbox or str(home / "inbox")),
        source=msgspec.structs.replace(settings.source, url=settings.source.url or f"sqlite:///{home / 'hospital.db'}"),
        render=msgspec.structs.replace(settings.render, layouts=settings.render.layouts or str(home / "layouts")),
    )


def _check(settings: Settings, path: Path | None) -> None:
    where = str(path or "the settings")
    if settings.render.workers < 0:
        raise ConfigError(f"{where}: render.workers cannot be negative")
    if settings.mail.preflight_sample_every < 1:
        raise ConfigError(
            f"{where}: mail.preflight_sample_every has to be at least 1: that reads the picture of every piece"
        )
    if settings.render.engine not in {"compiled", "plain"}:
        raise ConfigError(f"{where}: render.engine has to be 'compiled' or 'plain'")
    if settings.mail.email_content not in {"portal", "archive-link", "attachment"}:
        raise ConfigError(f"{where}: mail.email_content has to be 'portal', 'archive-link' or 'attachment'")
    if settings.mail.email_content == "archive-link" and not settings.archive.startswith("s3://"):
        raise ConfigError(
            f"{where}: mail.email_content is 'archive-link', and only an archive on S3 can be linked to; "
            "set archive to s3://…, or mail.email_content to 'portal'"
        )
    if not 1 <= settings.mail.email_link_days <= 7:
        raise ConfigError(f"{where}: mail.email_link_days is 1 to 7, the longest that S3 signs for")
    for kind in Kind:
        if settings.release.by(kind) not in {"auto", "person", "dual-control"}:
            name = kind.value.replace("-", "_")
            raise ConfigError(f"{where}: release.{name} has to be 'auto', 'person' or 'dual-control'")
    for name in ("volume_change_max_percent", "amount_change_max_percent", "hold_doubled_count_min"):
        if getattr(settings.release, name) < 0:
            raise ConfigError(f"{where}: release.{name} cannot be negative")
    if settings.facility is not None:
        _check_facility(settings.facility, where)


def _check_facility(facility: Facility, where: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", facility.facility_id):
        raise ConfigError(f"{where}: facility.facility_id takes 1 to 32 letters, digits and hyphens")
    if not facility.portal_url.startswith("https://"):
        raise ConfigError(f"{where}: facility.portal_url has to start with https://, since e-mails link to it")
    if not re.match(r"https?://\S+\Z", facility.assistance_url):
        raise ConfigError(f"{where}: facility.assistance_url has to be a whole web address, since people type it")
    if facility.payment_url:
        _check_payment_url(facility.payment_url, where)
    if problem := scanline_problem(facility.scanline):
        raise ConfigError(f"{where}: facility.scanline: {problem}")
    try:
        ZoneInfo(facility.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise ConfigError(f"{where}: facility.time_zone is not a time zone this machine knows") from exc


def _check_payment_url(url: str, where: str) -> None:
    """It is printed as a code, for whoever finds the letter: an address with the document's id in it and no more."""
    around = url.split("{document}")
    if len(around) != 2 or not re.fullmatch(r"https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", "".join(around)):
        raise ConfigError(
            f"{where}: facility.payment_url is an https:// address of ASCII characters with {{document}} once in it, "
            "where the document's id goes"
        )
    if len("".join(around)) > PAYMENT_URL_CHARACTERS_MAX:
        raise ConfigError(
            f"{where}: facility.payment_url takes {PAYMENT_URL_CHARACTERS_MAX} characters beside {{document}}: with "
            "more the code is too fine for telephones"
        )
