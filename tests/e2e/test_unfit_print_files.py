"""A print file that is not what its manifest says stays here, and what is right goes out once it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital

BATCH = f"{CYCLE}-statement"
ANOTHER_LAYOUT = 'tax_id = "02-0000000"\nscanline = { account_width = 12 }'


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    hospital = build_hospital(tmp_path / "home", guarantors=40)
    settings = hospital.home / "statements.toml"
    mailer = '[mail]\nmailer_id = "123456"\nservice_type = "040"\ncheck_every = 1'
    settings.write_text(settings.read_text(encoding="utf-8").replace("[mail]", mailer), encoding="utf-8")
    return hospital


def test_print_file_that_is_not_as_it_should_be__is_not_sent_until_it_is(hospital: Hospital) -> None:
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    settings = hospital.home / "statements.toml"
    right = settings.read_text(encoding="utf-8")
    settings.write_text(right.replace('tax_id = "02-0000000"', ANOTHER_LAYOUT), encoding="utf-8")
    answer = hospital.statements("release", BATCH, code=1)
    assert "scan line is not the manifest's" in answer.err
    assert "Nothing of this file has left" in answer.err
    assert "Traceback" not in answer.err
    assert hospital.manifest_rows() == []
    assert hospital.ledger("SELECT count(*) FROM print_file") == [(0,)]

    settings.write_text(right, encoding="utf-8")
    hospital.statements("rerun", BATCH, "--release")
    summary = hospital.statements("show", BATCH, "--json").json
    rows = hospital.manifest_rows()
    assert (summary["state"], summary["foots"]) == ("closed", True)
    assert summary["counts"]["print"] == len(rows) > 10
    assert all(row["scanline"].startswith("0") for row in rows)
    tracking = [row["barcode"].partition("-")[0] for row in rows if row["barcode"]]
    assert len(set(tracking)) == len(tracking) > 10
