"""Find, read, and convert the settings. Old names are refused, and defaults under the home folder are filled in."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from statement_builder.errors import ConfigError
from statement_builder.settings.checks import find_faults
from statement_builder.settings.conversion import convert_settings
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
    """The settings in force, all of them checked. `source_name` comes from the command line and overrides the file.

    ConfigError names every wrong setting and its file or environment variable. The ledger and the source are checked
    by opening them, which each command that uses them does first.
    """
    return _load(environ, working_folder, source_name, for_use=True).settings


def read_settings(environ: Mapping[str, str], working_folder: Path) -> LoadedSettings:
    """The settings in force and where each came from, to be shown: also a URL or a file that cannot be used.

    ConfigError as `load_settings`.
    """
    return _load(environ, working_folder, None, for_use=False)


def _load(
    environ: Mapping[str, str], working_folder: Path, source_name: str | None, *, for_use: bool
) -> LoadedSettings:
    path = find_settings_file(environ, working_folder)
    file_values = _read_toml(path) if path else {}
    raw = copy.deepcopy(file_values)
    if source_name is not None:
        _put(raw, "source.name", source_name)
    for setting, variable in URL_VARIABLES.items():
        if value := environ.get(variable):
            _put(raw, setting, value)
    faults = list(_find_renamed(raw))
    home = home_folder(environ, working_folder)
    settings = with_default_locations(convert_settings(raw, faults), home)
    if settings.facility is not None:
        facility = normalize_facility(settings.facility, found := list[str]())
        settings = msgspec.structs.replace(settings, facility=facility)
        _add(faults, found)
    _add(faults, find_faults(settings))
    if for_use:
        from statement_builder.settings.backends import find_backend_faults  # noqa: PLC0415 - slow to import

        _add(faults, find_backend_faults(settings))
    if faults:
        raise ConfigError(_describe(faults, str(path or "the settings"), environ))
    return LoadedSettings(settings=settings, path=path, file_values=file_values, environ=environ, home=home)


def _add(faults: list[str], found: Iterable[str]) -> None:
    """Add faults of settings that have none yet: a second check of a wrong value says nothing new."""
    known = tuple(map(_setting_of, faults))
    faults += [fault for fault in found if not any(each.startswith(_setting_of(fault)) for each in known)]


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
        payroll=replace(settings.payroll, inbox=settings.payroll.inbox or str(home / "payroll-answers")),
        placement=replace(
            settings.placement,
            inbox=settings.placement.inbox or str(home / "agency-reports"),
            agencies=tuple(
                replace(each, url=each.url or f"file://{home / 'outbox' / 'agencies' / each.agency_id}")
                for each in settings.placement.agencies
            ),
        ),
        source=replace(settings.source, url=settings.source.url or f"sqlite:///{home / 'hospital.db'}"),
        render=replace(settings.render, layouts=settings.render.layouts or str(home / "layouts")),
    )


def _describe(faults: Iterable[str], where: str, environ: Mapping[str, str]) -> str:
    """One message with all faults, by the file or the environment variable that each comes from."""
    by_origin = dict[str, list[str]]()
    for fault in faults:
        variable = URL_VARIABLES.get(_setting_of(fault), "")
        by_origin.setdefault(variable if environ.get(variable) else where, []).append(fault.rstrip("."))
    return "; ".join(f"{origin}: {'; '.join(found)}" for origin, found in by_origin.items()) + "."


def _setting_of(fault: str) -> str:
    return re.split(r"[ :,]", fault, maxsplit=1)[0]


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc


def _find_renamed(raw: Mapping[str, object]) -> Iterator[str]:
    for old, new in RENAMED_SETTINGS.items():
        table, _, key = old.partition(".")
        found = raw.get(table)
        if isinstance(found, dict) and key in found:
            yield f"{old} was renamed to {new}. {_NEW_VALUES.get(new, 'Change the name and keep the value.')}"
    release = raw.get("release")
    for key, value in release.items() if isinstance(release, dict) else ():
        if value == "second-person":
            yield f"release.{key}: 'second-person' was renamed to 'dual-control'."


def _put(raw: dict[str, object], setting: str, value: str) -> None:
    *tables, key = setting.split(".")
    for table in tables:
        inner = raw.setdefault(table, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"[{table}] must be a table in the settings")
        raw = inner
    raw[key] = value
