"""The worked examples of CONTRIBUTING.md work as they are written there."""

from __future__ import annotations

import dataclasses
import functools
import re
import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from mail_house.urls import BackendUrl, folder_path, parse_url
from mail_house.vendors.folder import open_local_directory
from mail_house.vendors.vendor import FolderVendor, PrintVendor
from statement_builder.kinds import KindDefinition
from statement_builder.policy import hold_codes
from statement_builder.policy.candidate import Candidate
from statement_builder.resources import SQL_ROOT
from statement_builder.source import make_sample, open_source
from statement_builder.source.check import CheckReport
from tests.builders import AS_OF, make_encounter
from tests.hospital import ROOT
from tests.mail_house.pieces import make_print_file

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def _example(title: str, language: str) -> str:
    """The first code block of this language below the heading."""
    section = PAGE.split(f"## Example: {title}\n")[1].split("\n## ")[0]
    block = re.search(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert block, f"no {language} block in the example of {title}"
    return block[1]


@dataclass
class _Account:
    with_balance: tuple[object, ...]


@pytest.mark.parametrize(("visits", "codes"), [(40, []), (41, ["MANY_VISITS"])], ids=["at-the-limit", "above"])
def test_hold__holds_above_the_limit(visits: int, codes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    added = hold_codes.read_hold_codes(_example("a hold", "toml"))
    monkeypatch.setattr(hold_codes, "HOLD_CODES", {**hold_codes.HOLD_CODES, **added})
    names: dict[str, Any] = {"Candidate": Candidate, "Iterable": Iterable, "make_hold": hold_codes.make_hold}
    exec(_example("a hold", "python"), names)
    account = _Account(with_balance=tuple(make_encounter(f"A{number}") for number in range(visits)))
    assert [hold.code for hold in names["hold_many_visits"](account)] == codes


def test_vendor__takes_a_print_file_and_finds_it_again(tmp_path: Path) -> None:
    names: dict[str, Any] = {
        "BackendUrl": BackendUrl,
        "FolderVendor": FolderVendor,
        "PrintVendor": PrintVendor,
        "folder_path": folder_path,
        "functools": functools,
        "open_local_directory": open_local_directory,
    }
    exec(_example("a print vendor", "python"), names)
    vendor: PrintVendor = names["open_share_vendor"](parse_url(f"share://{tmp_path}", setting="print"))
    file = make_print_file()
    vendor.prepare(file)
    assert vendor.find(file.name, sha256=file.sha256) is None
    receipt = vendor.commit(file)
    assert vendor.find(file.name, sha256=file.sha256) == receipt
    assert {path.suffix for path in tmp_path.iterdir()} == {".pdf", ".csv", ".ctl"}


def test_billing_system__passes_the_source_check(tmp_path: Path) -> None:
    queries = tmp_path / "sql" / "maple"
    shutil.copytree(SQL_ROOT / "reference", queries)
    (queries / "plans.sql").write_text(_example("a billing system", "sql"), encoding="utf-8")
    database = tmp_path / "hospital.db"
    make_sample(f"sqlite:///{database}", guarantors=30, as_of=AS_OF)
    with sqlite3.connect(database) as connection:  # a hospital without payment plans
        for statement in ("UPDATE encounter SET plan_id = NULL", "DELETE FROM installment", "DELETE FROM payment_plan"):
            connection.execute(statement)
    connection.close()
    own, shipped = (_check(name, f"sqlite:///{database}", tmp_path / "sql") for name in ("maple", "reference"))
    assert own.rows["plans"] == 0
    assert own.rows["guarantors"] > 20
    assert (own.rows, own.faults) == (shipped.rows, shipped.faults)


def _check(name: str, url: str, sql_root: Path) -> CheckReport:
    with open_source(name, url, sql_root) as source:
        return source.check(as_of=AS_OF, cycle=f"{AS_OF:%Y-%m}")


def test_kind__the_table_lists_every_file_that_names_one() -> None:
    section = PAGE.split("## Example: a kind of document\n")[1]
    listed = set(re.findall(r"^\| `([^`]+\.py)` \|", section, re.MULTILINE))
    sources = [*(ROOT / "statement_builder").rglob("*.py"), *(ROOT / "dags").rglob("*.py")]
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if "migrations" not in path.parts
        and (
            "kinds/ob_notice/" in path.as_posix()
            or re.search(r"OB_NOTICE|ob_notice|ob-notice", path.read_text("utf-8"))
        )
    }
    assert len(naming) >= 4
    assert listed == naming


def test_kind__the_example_is_a_definition() -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```", PAGE.split("## Example: a kind of document\n")[1], re.MULTILINE | re.DOTALL
    )
    member, definition = blocks
    assert member.strip() == 'THANKS = "thanks"'
    made: dict[str, Any] = {"KindDefinition": dict, "Kind": StrEnum("Kind", ["THANKS"]), "N_": str}
    made |= dict.fromkeys(("_select", "_thanks_facts", "_recheck"), print)
    exec(definition, made)
    required = {each.name for each in dataclasses.fields(KindDefinition) if each.default is dataclasses.MISSING}
    assert set(made["DEFINITION"]) == required
    assert made["DEFINITION"]["kind"] == "thanks"


def test_map__every_place_exists() -> None:
    section = PAGE.split("## Where things live\n")[1].split("\nImports point")[0]
    places = re.findall(r"`([a-z_]+/[a-z_./]*)`", section)
    assert len(places) > 12
    missing = [
        place for place in places if not any((root / place).exists() for root in (ROOT, ROOT / "statement_builder"))
    ]
    assert missing == []
