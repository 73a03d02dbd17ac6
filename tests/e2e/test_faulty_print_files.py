"""A print file that contradicts its manifest is not sent. After a fix, a rerun sends it."""

from __future__ import annotations

import pytest

from tests.hospital import AS_OF, CYCLE, Hospital

BATCH = f"{CYCLE}-statement"
OTHER_SCANLINE = 'tax_id = "02-0000000"\nscanline = { account_width = 12 }'


pytestmark = pytest.mark.hospital("new", guarantors=40)


@pytest.fixture
def hospital(hospital: Hospital) -> Hospital:
    settings = hospital.home / "statements.toml"
    mailer = '[mail]\nmailer_id = "123456"\nservice_type = "040"\npreflight_sample_every = 1'
    settings.write_text(settings.read_text(encoding="utf-8").replace("[mail]", mailer), encoding="utf-8")
    return hospital


def test_faulty_print_file__is_not_sent_until_it_is_fixed(hospital: Hospital) -> None:
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    settings = hospital.home / "statements.toml"
    original = settings.read_text(encoding="utf-8")
    settings.write_text(original.replace('tax_id = "02-0000000"', OTHER_SCANLINE), encoding="utf-8")
    answer = hospital.statements("release", BATCH, code=1)
    assert "scan line differs from the manifest's" in answer.err
    assert "Nothing in this file was mailed" in answer.err
    assert "Traceback" not in answer.err
    assert hospital.manifest_rows() == []
    assert hospital.ledger("SELECT count(*) FROM print_file") == [(0,)]

    settings.write_text(original, encoding="utf-8")
    hospital.statements("rerun", BATCH, "--release")
    summary = hospital.statements("show", BATCH, "--json").json
    rows = hospital.manifest_rows()
    assert (summary["state"], summary["foots"]) == ("closed", True)
    assert summary["counts"]["print"] == len(rows) > 10
    assert all(row["scanline"].startswith("0") for row in rows)
    tracking = [row["barcode"].partition("-")[0] for row in rows if row["barcode"]]
    assert len(set(tracking)) == len(tracking) > 10
