"""Finding, reading, and refusing settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from statement_builder.errors import ConfigError
from statement_builder.settings import RENAMED_SETTINGS, URL_VARIABLES, Settings, find_settings_file, load_settings


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
