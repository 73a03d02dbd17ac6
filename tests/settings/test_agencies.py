"""Settings of collection agencies: each has its own id, is named on final notices, and gets encrypted files."""

from __future__ import annotations

from pathlib import Path

import pytest

from statement_builder.errors import ConfigError
from statement_builder.settings import load_settings
from tests.hospital import ROOT

SAMPLE = (ROOT / "statements.sample.toml").read_text(encoding="utf-8")


def load(folder: Path, old: str, new: str) -> str:
    """The message about the sample settings with one change; empty if they are good."""
    assert old in SAMPLE
    (folder / "statements.toml").write_text(SAMPLE.replace(old, new, 1), encoding="utf-8")
    try:
        load_settings({"STATEMENTS_HOME": str(folder)}, folder)
    except ConfigError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        pytest.param('agency_id = "summit"', 'agency_id = "Granite"', "a different agency_id each", id="same-id"),
        pytest.param('agency_id = "summit"', 'agency_id = "sum mit"', "agency_id", id="id-with-a-blank"),
        pytest.param('client_id = "4417"', 'client_id = "44|17"', "client_id of summit", id="client-id"),
        pytest.param(
            'agency_name = "Granite Recovery Services"',
            'agency_name = "Somebody"',
            "policy.agency_name",
            id="not-named",
        ),
        pytest.param('name = "Summit Accounts"', 'name = " "', "name of summit", id="no-name"),
        pytest.param('takes = "returned"', "share = 0", "share of summit", id="no-share"),
        pytest.param("balance_min_cents = 5000", "balance_min_cents = -1", "balance_min_cents", id="floor"),
        pytest.param("balance_min_cents = 5000", 'takes = "returned"', "takes first placements", id="nobody-is-first"),
        pytest.param('profile = "csv"', 'profile = "xml"', "csv, fixed, pipe", id="unknown-profile"),
        pytest.param('profile = "csv"', 'profile = "/nowhere/own.toml"', "/nowhere/own.toml", id="no-such-profile"),
        pytest.param('profile = "csv"', 'url = "ftp://summit/in"', "summit: url", id="unsupported-url"),
        pytest.param(
            'profile = "csv"', 'url = "sftp://h@summit/in?host_key=SHA256:x"', "pgp_key", id="sftp-without-a-key"
        ),
        pytest.param('profile = "csv"', 'reports_url = "https://summit"', "reports_url", id="reports-url"),
        pytest.param('profile = "csv"', 'format = "csv"', "format", id="no-such-setting"),
    ],
)
def test_agency__that_cannot_be_used_is_refused(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert named in load(tmp_path, old, new)


def test_agency__without_a_url_has_a_folder_below_the_outbox(tmp_path: Path) -> None:
    (tmp_path / "statements.toml").write_text(SAMPLE, encoding="utf-8")
    settings = load_settings({"STATEMENTS_HOME": str(tmp_path)}, tmp_path)
    assert [agency.url for agency in settings.placement.agencies] == [
        f"file://{tmp_path}/outbox/agencies/granite",
        f"file://{tmp_path}/outbox/agencies/summit",
    ]
