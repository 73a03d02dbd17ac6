"""Every setting is checked at load: type, range, format, and that it names something that exists."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import fields

from statement_builder.errors import ConfigError
from statement_builder.policy.legal_numbers import POLICY_NUMBERS
from statement_builder.settings import Settings, load_settings
from statement_builder.settings.checks import LIMITS
from statement_builder.settings.descriptions import record_of
from tests.commands import RUN, call, error_message
from tests.hospital import ROOT, Hospital


def as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {as_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return json.dumps(value)


def load_with(folder: Path, changes: dict[str, Any], environ: dict[str, str] | None = None) -> Settings:
    """The sample settings with values replaced, by dotted name. None removes a setting."""
    raw = tomllib.loads((ROOT / "statements.sample.toml").read_text(encoding="utf-8"))
    for name, value in changes.items():
        *tables, key = name.split(".")
        table = raw
        for each in tables:
            table = table.setdefault(each, {})
        if value is None:
            del table[key]
        else:
            table[key] = value
    lines = [f"{name} = {as_toml(value)}" for name, value in raw.items()]
    (folder / "statements.toml").write_text("\n".join(lines), encoding="utf-8")
    return load_settings(environ or {}, folder)


SPANISH = {"language": "es", "phone_hours": "Lunes a viernes, de 8 a. m. a 6 p. m."}
ADDRESS = {"lines": ["200 Hospital Drive"], "city": "Maple Valley", "state": "NH", "postal_code": "03302"}
WRONG: list[tuple[str, list[Any]]] = [
    # setting, values that are refused
    ("facility.facility_id", ["", " ", "a b", "x" * 33, "é", "a\n"]),
    ("facility.name", ["", " ", "\u200b", "\u3164", "a\nb", "a\x1b[2J", "—", "x" * 101, 5, ["x"]]),
    ("facility.remit_name", ["", "\u00a0", "x\x00", "x" * 101]),
    ("facility.phone", ["", "555-0142", "call us", "６０３-555-0142", "603-555-0142\n603-555-0143", "x" * 20,
                        "(call the office)", "1-CALL-NOW-PLEASE"]),
    ("facility.assistance_phone", ["", "0", "555-0142"]),
    ("facility.phone_hours", ["", "  ", "a\nb"]),
    ("facility.in_language", [
        [], [{"language": "es"}], [{"language": "fr", "phone_hours": "x"}], [SPANISH, SPANISH],
        [SPANISH | {"fax": "x"}], [SPANISH | {"phone_hours": " "}], [SPANISH | {"phone": "555-0143"}],
        [SPANISH | {"portal_url": "http://pay.example"}],
    ]),
    ("facility.tax_id", ["", "02-000", "020000000", "0２-0000000", "02-00000000"]),
    ("facility.portal_url", ["", "http://pay.example", "https://", "https:// x", "https://pay", "https://é.example",
                             "https://x.example/" + "y" * 200, "javascript:alert(1)"]),
    ("facility.assistance_url", ["", "maple.example", "https://", "ftp://maple.example", "https://a b.example"]),
    ("facility.payment_url", ["https://x.example", "http://x.example/{document}", "https://{document}",
                              "https://x.example/{document}/{document}"]),
    ("facility.time_zone", ["", "EST5EDT6", "America", "../UTC", "/etc/passwd", "Nowhere/Here"]),
    ("facility.assistance_free_max_percent", [-1, 100_000, 1.5, "200", True]),
    ("facility.assistance_discount_max_percent", [-1, 100_000, 200]),
    ("facility.logo_svg", ["x", "<svg", "<p/>", "<svg/><svg/>"]),
    ("facility.doctors_bill_separately", ["yes", 1]),
    ("facility.scanline", [{"account_width": 0}, {"amount_width": -1}, {"account_width": 99}]),
    *[
        (f"facility.{name}", [
            ADDRESS | {"state": "New Hampshire"}, ADDRESS | {"state": "XX"}, ADDRESS | {"state": ""},
            ADDRESS | {"postal_code": "0330"}, ADDRESS | {"postal_code": "00000"},
            ADDRESS | {"city": ""}, ADDRESS | {"city": "-"}, ADDRESS | {"lines": []}, ADDRESS | {"lines": ["", " "]},
            ADDRESS | {"lines": ["a", "b", "c", "d"]}, ADDRESS | {"country": "CA"}, ADDRESS | {"country": "Atlantis"},
            ADDRESS | {"lines": ["x" * 61]}, ADDRESS | {"lines": ["1 Elm\x07"]}, ADDRESS | {"zip": "03302"}, "x", [],
        ])
        for name in ("return_address", "remit_address", "assistance_address")
    ],
    ("facility.assistance_address", [ADDRESS | {"lines": ["P.O. Box 5"]}]),
    ("source.name", ["", "epic", "../reference", "reference\n"]),
    ("source.queries", ["/nowhere"]),
    ("source.max_age_hours", [-1, 0, 10_000, 36.5, "36", True]),
    ("render.workers", [-1, 100_000, "2"]),
    ("render.languages", [[], [""], ["tlh"], ["en", "en"], "en", ["EN"], ["en", 5]]),
    ("render.engine", ["", "fast", "Compiled"]),
    ("render.templates", ["/nowhere", "/etc/passwd"]),
    ("render.layouts", ["/etc/passwd", " x", "a\nb"]),
    ("mail.print_profile", ["", "number-11", "gone.toml", "../lob"]),
    ("mail.email_content", ["", "pdf", "archive-link"]),
    ("mail.email_link_days", [0, 8, -1]),
    ("mail.mailer_id", ["12", "12345", "1234567", "abcdef", "900000", "１２３４５６", " 123456"]),
    ("mail.service_type", ["040"]),
    ("mail.preflight_sample_every", [0, -5]),
    ("mail.final_vendor_status", ["", "printed"]),
    ("mail.assumed_mailing_business_days", [-1, 31]),
    ("mail.ack_deadline_hours", [0, -1, 10_000]),
    ("mail.mailed_deadline_business_days", [0, -1, 10_000]),
    ("mail.inbox", ["/etc/passwd", "a\nb"]),
    ("mail.vendor_reports_url", ["inbox", "ftp://vendor/out", "sftp://user:hunter2@vendor/out"]),
    ("mail.bounce_mailbox_url", ["mailbox", "imap://mail/INBOX"]),
    ("payroll.url", ["payroll", "s3://bucket/payroll", "ftp://payroll/in", "sftp://user:hunter2@payroll/in"]),
    ("payroll.answers_url", ["payroll", "imaps://mail/INBOX", "ftp://payroll/out"]),
    ("payroll.deduction_code", ["", "HOSPITAL BILLS", "A|B", "ABCDEFGHIJKLM"]),
    ("payroll.inbox", ["/etc/passwd", "a\nb"]),
    *[(f"release.{kind}", ["", "Person", "nobody", 1]) for kind in ("statement", "ob_notice", "dunning")],
    ("release.volume_change_max_percent", [-1, 10**9]),
    ("release.amount_change_max_percent", [-1, 10**9]),
    ("release.hold_doubled_count_min", [-1]),
    ("release.dual_control_level_min", [0, 5, -1]),
    ("release.amount_max_cents", [-1, 10**12]),
    ("policy.email_kinds", [["postcard"], ["statement", "statement"], "statement"]),
    ("policy.agency_name", ["-", "a\nb"]),
    *[(f"policy.{name}", [-1, 10**12]) for name, number in POLICY_NUMBERS.items() if not number.citation.count("CFR")],
    ("archive", ["archive", "s3://", "s3://b/p?mode=none", "s3://b?retention_days=-1", "file://host/x", "http://x/y"]),
    ("print", ["print", "sftp://vendor/in", "sftp://u:p@v/in?host_key=SHA256:x", "lob://api.lob.com/v1", "ftp://x/y"]),
    ("email", ["mail", "smtp://mail", "ses://nowhere?from=a@b.example", "smtp://mail?from=x",
               "smtp://mail?from=a@b.example&rate=１", "pigeon://loft"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "value"),
    [pytest.param(name, value, id=f"{name}-{number}") for name, values in WRONG for number, value in enumerate(values)],
)
def test_load_settings__refuses_a_wrong_value_with_file_and_name(tmp_path: Path, setting: str, value: object) -> None:
    with pytest.raises(ConfigError) as refused:
        load_with(tmp_path, {setting: value})
    message = str(refused.value)
    assert f"{tmp_path / 'statements.toml'}: " in message
    assert setting in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "phone",
    ["603-555-0142", "(603) 555-0142 ext. 5", "800-555-CARE", "1-800-CALL-NOW", "800-CALL-NOW", "+49 30 1234567"],
)
def test_load_settings__accepts_numbers_that_people_dial(tmp_path: Path, phone: str) -> None:
    settings = load_with(tmp_path, {"facility.phone": phone, "facility.assistance_phone": phone})
    assert settings.require_facility().phone == phone


@pytest.mark.parametrize(
    ("state", "days", "refused"),
    [
        pytest.param("CA", 89, True, id="california-89-days-hsc-127425"),
        pytest.param("CA", 90, False, id="california-90-days-hsc-127425"),
        pytest.param("ca", 30, True, id="california-in-small-letters"),
        pytest.param("NH", 30, False, id="a-state-without-a-rule"),
    ],
)
def test_load_settings__plan_ends_no_sooner_than_the_state_allows(
    tmp_path: Path, state: str, days: int, refused: bool
) -> None:
    changes = {"facility.return_address": ADDRESS | {"state": state}, "policy.plan_lapse_days": days}
    changes["policy.plan_letter_required"] = state == "CA"
    changes["policy.application_insert_code"] = "APP-1"
    changes["policy.collection_actions"] = []
    if refused:
        with pytest.raises(ConfigError, match=r"policy\.plan_lapse_days must be at least 90 .* in CA"):
            load_with(tmp_path, changes)
    else:
        assert load_with(tmp_path, changes).policy.plan_lapse_days == days


@pytest.mark.parametrize(
    ("days", "due_days", "refused"),
    [
        pytest.param(18, 25, False, id="a-week-before-the-due-date"),
        pytest.param(19, 25, True, id="paper-too-late"),
        pytest.param(30, 25, True, id="after-the-due-date"),
        pytest.param(0, 5, False, id="off"),
    ],
)
def test_load_settings__unread_email_leaves_time_for_paper(
    tmp_path: Path, days: int, due_days: int, refused: bool
) -> None:
    changes = {"mail.unread_email_days": days, "policy.due_days": due_days}
    if refused:
        with pytest.raises(ConfigError, match=r"mail\.unread_email_days must be at least 7 days less than policy"):
            load_with(tmp_path, changes)
    else:
        assert load_with(tmp_path, changes).mail.unread_email_days == days


def test_load_settings__california_plan_needs_a_notice_hsc_127425(tmp_path: Path) -> None:
    changes = {"facility.return_address": ADDRESS | {"state": "CA"}, "policy.plan_lapse_days": 90}
    with pytest.raises(ConfigError, match=r"policy\.plan_letter_required must be true for a facility in CA"):
        load_with(tmp_path, changes)


NOT_REPORTED = r"collection_actions must not name reporting for a facility in"


@pytest.mark.parametrize(
    ("state", "changes", "refused"),
    [
        pytest.param("ca", {"actions": ["suit"], "wait": 179}, "wait_days must be at least 180", id="hsc-127425-d"),
        pytest.param("CA", {"actions": ["suit"], "wait": 180}, "", id="hsc-127425-d-day-180"),
        pytest.param("CA", {"wait": 120}, "", id="hsc-127425-d-no-action"),
        pytest.param("CA", {"actions": ["reporting"], "wait": 180}, NOT_REPORTED, id="civ-1785.27"),
        pytest.param("CO", {"actions": ["suit"], "wait": 181}, "must be at least 182", id="crs-25.5-3-506"),
        pytest.param("IL", {"actions": ["reporting"]}, NOT_REPORTED, id="815-ilcs-505-2zzzz"),
        pytest.param("MD", {"actions": ["suit"]}, "wait_days must be at least 180", id="health-gen-19-214.2"),
        pytest.param("NY", {"notice": 139}, "must together be at least 180", id="phl-2807-k-day-179"),
        pytest.param("NY", {"notice": 140}, "", id="phl-2807-k-day-180"),
        pytest.param("NY", {"notice": 120, "agency": ""}, "", id="phl-2807-k-no-agency"),
        pytest.param(
            "NY",
            {"notice": 140, "actions": ["suit", "lien", "garnishment"], "wait": 180},
            "must not name lien, garnishment for",
            id="cplr-5201-b-5231",
        ),
        pytest.param("WA", {"notice": 115, "due": 30}, "", id="rcw-70.54.470-day-145"),
        pytest.param("WA", {"actions": ["reporting"]}, NOT_REPORTED, id="rcw-19.16.250"),
        pytest.param("NH", {"actions": ["reporting", "suit"]}, "", id="a-state-without-a-rule"),
    ],
)
def test_load_settings__no_collection_sooner_or_other_than_the_state_allows(
    tmp_path: Path, state: str, changes: dict[str, Any], refused: str
) -> None:
    settings = {
        "facility.return_address": ADDRESS | {"state": state},
        "policy.application_insert_code": "APP-1",
        "policy.plan_lapse_days": 90,
        "policy.plan_letter_required": True,
        "policy.collection_actions": changes.get("actions", []),
        "policy.eca_wait_days": {
            "value": changes.get("wait", 120),
            "citation": "26 CFR 1.501(r)-6(c)(3)",
            "reviewed_on": "2026-11-01",
        },
        "policy.final_notice_day": changes.get("notice", 150),
        "policy.final_due_days": changes.get("due", 40),
        "policy.agency_name": changes.get("agency", "Granite Recovery Services"),
    }
    if "agency" in changes:
        settings["placement.agencies"] = []
    if refused:
        with pytest.raises(ConfigError, match=refused):
            load_with(tmp_path, settings)
    else:
        load_with(tmp_path, settings)


@pytest.mark.parametrize(
    ("state", "code", "refused"),
    [
        pytest.param("CA", "", r"application_insert_code is required for a facility in CA", id="california"),
        pytest.param("CA", "APP-1", "", id="california-with-the-form"),
        pytest.param("NH", "", "", id="another-state"),
        pytest.param("NH", "no blanks", r"application_insert_code must be 1 to 32", id="no-code-of-an-insert"),
    ],
)
def test_load_settings__california_final_notice_encloses_the_application_hsc_127425_e(
    tmp_path: Path, state: str, code: str, refused: str
) -> None:
    """The sample hospital places accounts with an agency."""
    changes = {
        "facility.return_address": ADDRESS | {"state": state},
        "policy.application_insert_code": code,
        "policy.plan_lapse_days": 90,
        "policy.plan_letter_required": True,
        "policy.collection_actions": [],
    }
    if refused:
        with pytest.raises(ConfigError, match=refused):
            load_with(tmp_path, changes)
    else:
        assert load_with(tmp_path, changes).policy.application_insert_code == code


def test_limits__every_number_has_one() -> None:
    def numbers(record: type[msgspec.Struct], prefix: str) -> set[str]:
        found = set()
        for field in fields(record):
            nested = record_of(field)
            if nested is not None:
                found |= numbers(nested, f"{prefix}{field.name}.")
            elif field.type is int:
                found.add(f"{prefix}{field.name}")
        return found

    outside_policy = {name for name in numbers(Settings, "") if not name.startswith("policy.")}
    assert outside_policy - {"facility.scanline.account_width", "facility.scanline.amount_width"} == set(LIMITS)


def test_load_settings__names_every_wrong_setting_at_once(tmp_path: Path) -> None:
    wrong = {
        "facility.name": " ",
        "facility.return_address": ADDRESS | {"state": "New Hampshire", "postal_code": "x"},
        "facility.phone": None,
        "source.max_age_hours": -1,
        "render.workers": "two",
        "render.languages": ["tlh"],
        "mail.mailer_id": "12",
        "policy.due_days": -1,
        "policy.plan_lapse_days": 1,
        "print": "ftp://vendor/in",
        "relase": {"statement": "auto"},
    }
    with pytest.raises(ConfigError) as refused:
        load_with(tmp_path, wrong)
    message = str(refused.value)
    for name in wrong:
        assert name in message
    assert "two-letter code" in message
    assert "ZIP Code" in message


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        pytest.param("render.worker", "render.workers", id="one-letter"),
        pytest.param("release.statment", "release.statement", id="swapped"),
        pytest.param("workers", "render.workers", id="another-table"),
        pytest.param("facility.portal", "facility.portal_url", id="shortened"),
        pytest.param("polcy", "policy", id="table"),
    ],
)
def test_load_settings__suggests_the_setting_that_was_meant(tmp_path: Path, wrong: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"{wrong} is not a setting. Did you mean {meant}?"):
        load_with(tmp_path, {wrong: 1})


def test_load_settings__names_the_variable_of_a_wrong_url(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="STATEMENTS_PRINT: print: 'ftp'"):
        load_with(tmp_path, {}, {"STATEMENTS_PRINT": "ftp://vendor/in"})


def test_load_settings__needs_no_secret(tmp_path: Path) -> None:
    """Only what sends something needs it: a clerk's `find` works without."""
    settings = load_with(tmp_path, {"print": "sftp://hospital@vendor/in?host_key=SHA256:x"})
    assert settings.print.startswith("sftp:")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(RUN, id="run"),
        pytest.param((*RUN, "--dry-run"), id="dry-run"),
        pytest.param(("doctor",), id="doctor"),
        pytest.param(("source", "check", "reference"), id="source-check"),
        pytest.param(("track",), id="track"),
        pytest.param(("batches",), id="batches"),
    ],
)
@pytest.mark.parametrize(
    ("old", "new", "setting"),
    [
        pytest.param('languages = ["en", "es"]', 'languages = ["en", "tlh"]', "render.languages", id="language"),
        pytest.param("number-10-double-window", "number-11", "mail.print_profile", id="profile"),
    ],
)
def test_commands__refuse_the_same_settings(
    hospital: Hospital, command: tuple[str, ...], old: str, new: str, setting: str
) -> None:
    path = hospital.home / "statements.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert setting in error_message(call(hospital, *command, code=2))


@pytest.mark.parametrize("command", [RUN, (*RUN, "--dry-run")], ids=["run", "dry-run"])
def test_run__and_its_dry_run_require_the_secrets(hospital: Hospital, command: tuple[str, ...]) -> None:
    path = hospital.home / "statements.toml"
    url = "sftp://hospital@vendor/in?host_key=SHA256:x"
    path.write_text(f'print = "{url}"\n{path.read_text(encoding="utf-8")}', encoding="utf-8")
    assert "STATEMENTS_SFTP_KEY" in error_message(call(hospital, *command, code=2))
