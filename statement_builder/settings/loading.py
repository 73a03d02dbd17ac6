"""Find, read, and convert the settings. Old names are refused, and defaults under the home folder are filled in."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import fields

from statement_builder.errors import ConfigError
from statement_builder.settings.checks import check_settings
from statement_builder.settings.descriptions import field_descriptions, record_of
from statement_builder.settings.environment import URL_VARIABLES
from statement_builder.settings.facility import normalize_facility
from statement_builder.settings.model import Settings

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
    "policy.final_notice_names_action": "policy.collection_actions",
}
"""Old setting name to the current one. An old name is refused, so that no setting is silently ignored."""

_NEW_VALUES = {
    "policy.collection_actions": 'It is now a list: the actions that you take, such as ["reporting", "suit"], or [].',
}
"""What to enter in a renamed setting whose old value does not fit."""


class LoadedSettings(NamedTuple):
    """The settings in force and where each came from."""

    settings: Settings
    path: Path | None
    """The settings file. None: there is none."""
    file_values: Mapping[str, object]
    """The settings file as read, before environment variables and defaults."""
    environ: Mapping[str, str]
    home: Path

    def __repr__(self) -> str:
        """Without values: the environment contains passwords."""
        return f"LoadedSettings({self.path})"


def home_folder(environ: Mapping[str, str], working_folder: Path) -> Path:
    """`$STATEMENTS_HOME`, or `.statements/` in the working folder."""
    home = environ.get("STATEMENTS_HOME")
    return Path(home).resolve() if home else working_folder / ".statements"


def find_settings_file(environ: Mapping[str, str], working_folder: Path) -> Path | None:
    """`$STATEMENTS_CONFIG`, or `statements.toml` in the working folder or the home folder, in this order.

    ConfigError if `$STATEMENTS_CONFIG` names a file that does not exist.
    """
    if config := environ.get("STATEMENTS_CONFIG"):
        path = Path(config)
        if not path.is_file():
            raise ConfigError(f"STATEMENTS_CONFIG names {path}, which does not exist.")
        return path
    for folder in (working_folder, home_folder(environ, working_folder)):
        if (folder / "statements.toml").is_file():
            return folder / "statements.toml"
    return None


def load_settings(environ: Mapping[str, str], working_folder: Path, *, source_name: str | None = None) -> Settings:
    """The settings in force. `source_name` comes from the command line and overrides the file.

    ConfigError names a wrong setting and its file.
    """
    return read_settings(environ, working_folder, source_name=source_name).settings


def read_settings(
    environ: Mapping[str, str], working_folder: Path, *, source_name: str | None = None
) -> LoadedSettings:
    """The settings in force and where each came from. The arguments and errors are those of `load_settings`."""
    path = find_settings_file(environ, working_folder)
    file_values = _read_toml(path) if path else {}
    raw = copy.deepcopy(file_values)
    if source_name is not None:
        _put(raw, "source.name", source_name)
    for setting, variable in URL_VARIABLES.items():
        if value := environ.get(variable):
            _put(raw, setting, value)
    where = str(path or "environment")
    _refuse_renamed(raw, where)
    try:
        settings = msgspec.convert(raw, Settings)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{where}: {_explain(str(exc), raw)}") from exc
    home = home_folder(environ, working_folder)
    settings = with_default_locations(settings, home)
    if settings.facility is not None:
        facility = normalize_facility(settings.facility, str(path or "the settings"))
        settings = msgspec.structs.replace(settings, facility=facility)
    check_settings(settings, str(path or "the settings"))
    return LoadedSettings(settings=settings, path=path, file_values=file_values, environ=environ, home=home)


def with_default_locations(settings: Settings, home: Path) -> Settings:
    """The settings with every location that is not set under the home folder."""
    replace = msgspec.structs.replace
    return replace(
        settings,
        ledger=settings.ledger or f"sqlite:///{home / 'ledger.db'}",
        archive=settings.archive or f"file://{home / 'archive'}",
        print=settings.print or f"file://{home / 'outbox' / 'print'}",
        email=settings.email or f"file://{home / 'outbox' / 'email'}",
        mail=replace(settings.mail, inbox=settings.mail.inbox or str(home / "inbox")),
        source=replace(settings.source, url=settings.source.url or f"sqlite:///{home / 'hospital.db'}"),
        render=replace(settings.render, layouts=settings.render.layouts or str(home / "layouts")),
    )


def _explain(error: str, raw: Mapping[str, object]) -> str:
    """A msgspec error with the setting's name as in the file, such as `render.workers`."""
    what, _, place = error.partition(" - at `$.")
    place = place.rstrip("`")
    prefix = f"{place}." if place else ""
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", what):
        return f"{prefix}{unknown[1]} is not a setting. Check the spelling and the table (docs/configure/settings.md)."
    if re.fullmatch(r"Object missing required field `(.*)`", what):
        return "; ".join(f"{prefix}{name} is missing and has no default{what}" for name, what in _missing(place, raw))
    return f"{place or 'the settings'}: {what}"


def _missing(place: str, raw: object) -> Iterator[tuple[str, str]]:
    """The name of each required setting that the table `place` does not have, and `: what it is` if documented."""
    record: type[msgspec.Struct] | None = Settings
    for name in place.split("."):
        assert record is not None
        assert isinstance(raw, dict)
        (field,) = (each for each in fields(record) if each.encode_name == name)
        record, raw = record_of(field), raw[name]
    assert record is not None
    assert isinstance(raw, dict)
    for field in fields(record):
        if field.required and field.name not in raw:
            what, _, _ = field_descriptions(record).get(field.name, "").rstrip(".").partition(". ")
            yield field.name, f": {what}" if what else ""


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc


def _refuse_renamed(raw: Mapping[str, object], where: str) -> None:
    for old, new in RENAMED_SETTINGS.items():
        table, _, key = old.partition(".")
        found = raw.get(table)
        if isinstance(found, dict) and key in found:
            what_to_do = _NEW_VALUES.get(new, "Change the name and keep the value.")
            raise ConfigError(f"{where}: {old} was renamed to {new}. {what_to_do}")
    release = raw.get("release")
    for key, value in release.items() if isinstance(release, dict) else ():
        if value == "second-person":
            raise ConfigError(f"{where}: release.{key}: 'second-person' was renamed to 'dual-control'.")


def _put(raw: dict[str, object], setting: str, value: str) -> None:
    *tables, key = setting.split(".")
    for table in tables:
        inner = raw.setdefault(table, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"[{table}] must be a table in the settings")
        raw = inner
    raw[key] = value
