"""`statements settings`: every setting with its origin and description, and no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from statement_builder.billing.selection import Kind
from statement_builder.cli import app
from statement_builder.policy.legal_numbers import POLICY_NUMBERS
from statement_builder.policy.settings import Policy
from statement_builder.settings import ENVIRONMENT_VARIABLES, URL_VARIABLES, read_settings
from statement_builder.settings.listing import Origin, SettingRow, list_defaults, list_settings, mask_url

ROOT = Path(__file__).resolve().parents[2]
KINDS = " or ".join(f"`{kind}`" for kind in Kind)
SECRETS = {each.name: "hunter2" for each in ENVIRONMENT_VARIABLES if each.secret}


def rows_of(folder: Path, text: str = "", environ: dict[str, str] | None = None) -> dict[str, SettingRow]:
    (folder / "statements.toml").write_text(text, encoding="utf-8")
    return {row.name: row for row in list_settings(read_settings(environ or {}, folder))}


def test_list_defaults__describes_every_setting_once() -> None:
    rows = list_defaults()
    assert len({row.name for row in rows}) == len(rows)
    assert all(row.description.endswith(".") and "\n" not in row.description for row in rows)
    assert {f"policy.{name}" for name in Policy.__struct_fields__} <= {row.name for row in rows}


@pytest.mark.parametrize(
    ("name", "type_name"),
    [
        pytest.param("archive", "text", id="text"),
        pytest.param("mail.email_link_days", "integer", id="integer"),
        pytest.param("render.languages", "list of text", id="list"),
        pytest.param("policy.email_kinds", f"list of {KINDS}", id="list-of-choices"),
        pytest.param("mail.final_vendor_status", "`nothing` or `acknowledged` or `mailed`", id="choices"),
        pytest.param("facility.scanline.check.digit_sum", "true or false", id="boolean"),
        pytest.param("policy.eca_wait_days", "integer with citation and review date", id="legal-number"),
    ],
)
def test_list_defaults__names_the_type(name: str, type_name: str) -> None:
    (row,) = (row for row in list_defaults() if row.name == name)
    assert row.type == type_name


@pytest.mark.parametrize("name", POLICY_NUMBERS)
def test_list_defaults__every_policy_number_has_its_source(name: str) -> None:
    (row,) = (row for row in list_defaults() if row.name == f"policy.{name}")
    number = POLICY_NUMBERS[name]
    assert (row.value, row.default, row.unit) == (number.value, number.value, number.unit)
    assert (row.citation, row.reviewed) == (number.citation, number.reviewed)


def test_list_settings__tells_where_a_value_comes_from(tmp_path: Path) -> None:
    text = 'archive = "file:///from-file"\nprint = "file:///from-file"\n[mail]\nemail_link_days = 3\n'
    rows = rows_of(tmp_path, text, {"STATEMENTS_PRINT": "file:///from-environment"})
    assert (rows["archive"].value, rows["archive"].origin) == ("file:///from-file", Origin.FILE)
    assert (rows["print"].value, rows["print"].origin) == ("file:///from-environment", Origin.ENVIRONMENT)
    link_days = rows["mail.email_link_days"]
    assert (link_days.value, link_days.default, link_days.origin, link_days.unit) == (3, 7, Origin.FILE, "days")
    assert rows["email"].origin is Origin.DEFAULT


def test_list_settings__a_legal_number_of_the_hospital_shows_its_own_citation(tmp_path: Path) -> None:
    text = '[policy.eca_wait_days]\nvalue = 180\ncitation = "NY PHL 2807-k"\nreviewed_on = 2026-10-01\n'
    row = rows_of(tmp_path, text)["policy.eca_wait_days"]
    assert (row.value, row.default, row.origin) == (180, 120, Origin.FILE)
    assert (row.citation, row.reviewed) == ("NY PHL 2807-k", date(2026, 10, 1))


def test_list_settings__shows_the_facility_with_nested_addresses(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, (ROOT / "statements.sample.toml").read_text(encoding="utf-8"))
    assert rows["facility.return_address.lines"].value == ["PO Box 4100"]
    assert rows["facility.return_address.lines"].origin is Origin.FILE
    assert rows["facility.return_address.country"].origin is Origin.DEFAULT


@pytest.mark.parametrize(
    ("url", "database", "masked"),
    [
        pytest.param("sftp://h@v.example/in", False, "sftp://h@v.example/in", id="no-password"),
        pytest.param("sftp://h:hunter2@v.example/in", False, "sftp://h:***@v.example/in", id="password"),
        pytest.param("smtp://m.example:587?from=b@h.ex", False, "smtp://m.example:587?from=b@h.ex", id="port"),
        pytest.param("s3://b/p?secret_key=hunter2&region=x", False, "s3://b/p?secret_key=***&region=x", id="parameter"),
        pytest.param("sftp://h@v/in?host_key=SHA256:x", False, "sftp://h@v/in?host_key=SHA256:x", id="host-key"),
        pytest.param("postgresql://u:hun/ter?2@h/d", True, "postgresql://u:***@h/d", id="unescaped-characters"),
        pytest.param("postgresql://u:hun@ter2@h/d", True, "postgresql://u:***@h/d", id="unescaped-at-sign"),
    ],
)
def test_mask_url(url: str, database: bool, masked: str) -> None:
    assert mask_url(url, database=database) == masked


def test_list_settings__never_contains_a_secret(tmp_path: Path) -> None:
    urls = {variable: f"sftp://user:hunter2@{variable.lower()}/x" for variable in URL_VARIABLES.values()}
    text = '[mail]\nvendor_reports_url = "sftp://user:hunter2@h/in"\nbounce_mailbox_url = "imaps://u:hunter2@h/INBOX"\n'
    rows = rows_of(tmp_path, text, {**urls, **SECRETS})
    assert len(SECRETS) >= 4
    assert b"hunter2" not in msgspec.json.encode(list(rows.values()))
    assert all(rows[name].value == "***" for name in SECRETS)


def _variables_in_the_code() -> Iterator[str]:
    for folder in ("statement_builder", "mail_house", "dags"):
        for path in (ROOT / folder).rglob("*.py"):
            yield from re.findall(r'"(STATEMENTS_[A-Z0-9_]+)"', path.read_text(encoding="utf-8"))


def test_environment_variables__lists_every_variable_that_the_code_reads() -> None:
    listed = {each.name for each in ENVIRONMENT_VARIABLES} | set(URL_VARIABLES.values())
    assert set(_variables_in_the_code()) - listed == set()


def test_settings_command__prints_the_same_rows_as_json_and_as_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATEMENTS_LEDGER", "postgresql+psycopg://statements:hunter2@127.0.0.1/ledger")
    rows = json.loads(CliRunner().invoke(app, ["settings", "--json"]).stdout)
    table = CliRunner().invoke(app, ["settings"])
    assert table.exit_code == 0
    (ledger,) = (row for row in rows if row["name"] == "ledger")
    assert (ledger["value"], ledger["origin"]) == (
        "postgresql+psycopg://statements:***@127.0.0.1/ledger",
        "environment",
    )
