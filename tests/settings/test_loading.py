"""Finding, reading, and refusing settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from statement_builder.billing.model import Address
from statement_builder.errors import ConfigError
from statement_builder.settings import (
    RENAMED_SETTINGS,
    URL_VARIABLES,
    Settings,
    find_settings_file,
    load_settings,
    read_settings,
)
from tests.hospital import ROOT


def write_settings(folder: Path, text: str) -> Path:
    path = folder / "statements.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("old", "new"), RENAMED_SETTINGS.items(), ids=RENAMED_SETTINGS.keys())
def test_load_settings__refuses_an_old_name_and_gives_the_new_one(tmp_path: Path, old: str, new: str) -> None:
    table, key = old.split(".")
    write_settings(tmp_path, f"[{table}]\n{key} = 1\n")
    with pytest.raises(ConfigError, match=rf"{old} was renamed to {new}\."):
        load_settings({}, tmp_path)


def test_load_settings__says_that_the_actions_are_a_list_now(tmp_path: Path) -> None:
    write_settings(tmp_path, "[policy]\nfinal_notice_names_action = true\n")
    with pytest.raises(ConfigError, match="now a list") as refused:
        load_settings({}, tmp_path)
    assert "keep the value" not in str(refused.value)


@pytest.mark.parametrize("new", RENAMED_SETTINGS.values())
def test_renamed_settings__every_new_name_is_a_setting(new: str) -> None:
    table, key = new.split(".")
    assert hasattr(getattr(Settings(), table), key)


@pytest.mark.parametrize("kind", ["statement", "ob_notice", "dunning"])
def test_load_settings__refuses_second_person_release(tmp_path: Path, kind: str) -> None:
    write_settings(tmp_path, f'[release]\n{kind} = "second-person"\n')
    with pytest.raises(ConfigError, match=f"release.{kind}: 'second-person' was renamed to 'dual-control'"):
        load_settings({}, tmp_path)


@pytest.mark.parametrize(("setting", "variable"), URL_VARIABLES.items(), ids=URL_VARIABLES.keys())
def test_load_settings__environment_overrides_the_file(tmp_path: Path, setting: str, variable: str) -> None:
    table, _, key = setting.rpartition(".")
    write_settings(tmp_path, (f"[{table}]\n" if table else "") + f'{key} = "file:///from-file"\n')
    value: object = load_settings({variable: "file:///from-environment"}, tmp_path)
    for part in setting.split("."):
        value = getattr(value, part)
    assert value == "file:///from-environment"


def test_load_settings__command_line_source_overrides_the_file(tmp_path: Path) -> None:
    write_settings(tmp_path, '[source]\nname = "reference"\n')
    assert load_settings({}, tmp_path, source_name="synthea").source.name == "synthea"


def test_load_settings__puts_everything_under_the_home_folder_by_default(tmp_path: Path) -> None:
    settings = load_settings({"STATEMENTS_HOME": str(tmp_path / "home")}, tmp_path)
    locations = (
        settings.ledger,
        settings.archive,
        settings.print,
        settings.email,
        settings.source.url,
        settings.mail.inbox,
        settings.render.layouts,
    )
    assert all(str(tmp_path / "home") in location for location in locations)


def test_find_settings_file__prefers_the_variable_then_the_working_folder_then_home(tmp_path: Path) -> None:
    working, home = tmp_path / "working", tmp_path / "home"
    environ = {"STATEMENTS_HOME": str(home)}
    assert find_settings_file(environ, working) is None
    in_home = write_settings(home, "")
    assert find_settings_file(environ, working) == in_home
    in_working = write_settings(working, "")
    assert find_settings_file(environ, working) == in_working
    named = write_settings(tmp_path / "etc", "")
    assert find_settings_file({**environ, "STATEMENTS_CONFIG": str(named)}, working) == named


def test_find_settings_file__refuses_a_variable_that_names_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"STATEMENTS_CONFIG names .*, which does not exist"):
        find_settings_file({"STATEMENTS_CONFIG": str(tmp_path / "typo.toml")}, tmp_path)


def test_load_settings__names_every_missing_setting_at_once(tmp_path: Path) -> None:
    write_settings(tmp_path, '[facility]\nfacility_id = "maple"\nname = "Maple"\n')
    with pytest.raises(ConfigError) as caught:
        load_settings({}, tmp_path)
    message = str(caught.value)
    for name in ("return_address", "assistance_address", "assistance_free_max_percent", "tax_id"):
        assert f"facility.{name} is missing and has no default: " in message
    assert "facility.name" not in message
    assert "facility.logo_svg" not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[policy.eca_wait_days]\nvalue = 150\n", "policy.eca_wait_days.citation is missing", id="legal"),
        pytest.param(
            '[facility]\nreturn_address = { lines = ["1 Elm"] }\n', "facility.return_address.city", id="address"
        ),
    ],
)
def test_load_settings__names_a_missing_setting_of_an_inner_table(tmp_path: Path, text: str, message: str) -> None:
    write_settings(tmp_path, text)
    with pytest.raises(ConfigError, match=message):
        load_settings({}, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("settle_seconds = -1", "mail.settle_seconds must be from 0 to 86400", id="settle"),
        pytest.param("settle_seconds = 86401", "mail.settle_seconds must be from 0 to 86400", id="settle-too-long"),
        pytest.param("reversals_max = -1", "mail.reversals_max must not be negative", id="reversals"),
    ],
)
def test_load_settings__number_out_of_range(tmp_path: Path, text: str, message: str) -> None:
    write_settings(tmp_path, f"[mail]\n{text}\n")
    with pytest.raises(ConfigError, match=message):
        load_settings({}, tmp_path)


def load_sample(folder: Path, *changes: tuple[str, str]) -> Settings:
    """The sample settings with texts replaced in the file."""
    text = (ROOT / "statements.sample.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    write_settings(folder, text)
    return load_settings({}, folder)


def test_facility__the_samples_own_form_is_unchanged(tmp_path: Path) -> None:
    facility = load_sample(tmp_path).require_facility()
    assert facility.name == "Maple Valley Regional Hospital"
    assert facility.return_address == Address(
        lines=("PO Box 4100",), city="Maple Valley", state="NH", postal_code="03302-4100"
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([('postal_code = "03302-4100"', 'postal_code = "033024100"')], id="nine-digits-without-a-hyphen"),
        pytest.param([('state = "NH"', 'state = " nh "')], id="state-in-lower-case"),
        pytest.param([('city = "Maple Valley"', 'city = "  Maple\u00a0Valley "')], id="no-break-space"),
        pytest.param([('postal_code = "03302-4100"', 'postal_code = "03302-4100", country = "USA"')], id="usa"),
        pytest.param([('lines = ["PO Box 4100"]', 'lines = [" ", "PO  Box 4100", ""]')], id="blank-lines"),
        pytest.param([('lines = ["PO Box 4100"]', 'lines = ["\\nPO Box 4100\\n"]')], id="line-ends"),
        pytest.param([('lines = ["PO Box 4100"]', 'lines = ["PO\u200b Box 4100"]')], id="zero-width-space"),
    ],
)
def test_facility__address_is_normalized_as_a_patients_is(tmp_path: Path, changes: list[tuple[str, str]]) -> None:
    expected = load_sample(tmp_path / "usual").require_facility()
    assert load_sample(tmp_path / "odd", *changes).require_facility() == expected


def test_facility__names_and_telephone_numbers_are_normalized(tmp_path: Path) -> None:
    odd = [('name = "Maple Valley Regional', 'name = "\u00a0Maple  Valley Regional'), ("603-555-0142", " 603-555-0142")]
    facility = load_sample(tmp_path, *odd).require_facility()
    assert (facility.name, facility.phone) == ("Maple Valley Regional Hospital", "603-555-0142")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param('"03302-4100"', '"0330"', "return_address: the postal code", id="short-zip"),
        pytest.param('"03302-4100"', '"00000"', "return_address: the postal code", id="placeholder-zip"),
        pytest.param('"03108-9120"', '""', "remit_address: the postal code", id="no-zip"),
        pytest.param('state = "NH"', 'state = "New Hampshire"', "the state must be", id="state-spelled-out"),
        pytest.param('city = "Manchester"', 'city = "\u00a0"', "remit_address has no city", id="blank-city"),
        pytest.param('["PO Box 9120"]', '["\u3164"]', "must have 1 to 3 lines", id="line-that-prints-nothing"),
        pytest.param('["PO Box 9120"]', '["1", "2", "3", "4"]', "must have 1 to 3 lines", id="too-many-lines"),
        pytest.param('["PO Box 9120"]', '["PO Box\\u00019120"]', "control character", id="control-character"),
        pytest.param('"Manchester"', '"Man\\nchester"', "no line end in the city", id="line-end-in-the-city"),
        pytest.param('"03108-9120"', '"03108-9120", country = "Canada"', "in the United States", id="abroad"),
        pytest.param('"03108-9120"', '"03108-9120", country = "Atlantis"', "country is not known", id="no-country"),
        pytest.param('"603-555-0142"', '" "', "facility.phone is blank", id="blank-telephone-number"),
        pytest.param('"603-555-0142"', '"603\\n555"', "facility.phone must be one line", id="two-lines"),
    ],
)
def test_facility__what_pages_could_not_print_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_sample(tmp_path, (old, new))


def test_repr__has_no_password(tmp_path: Path) -> None:
    """A traceback or a log with variables would show it."""
    secrets = {
        "STATEMENTS_LEDGER": "postgresql+psycopg://u:hunter2@db.example/l?sslmode=require",
        "STATEMENTS_SOURCE_URL": "postgresql+psycopg://u:hunter2@db.example/b?sslmode=require",
        "STATEMENTS_SMTP_PASSWORD": "hunter2",
    }
    loaded = read_settings(secrets, tmp_path)
    assert loaded.settings.source.url == secrets["STATEMENTS_SOURCE_URL"]
    for shown in (loaded, loaded.settings, loaded.settings.source):
        assert "hunter2" not in f"{shown!r} {shown}"
