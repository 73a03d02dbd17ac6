"""What if: both policies side by side foot with the dry run, name who changes, and make nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.commands import BATCH, call
from tests.hospital import AS_OF, Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=40)
TABLES = ("batch", "document", "candidate", "delivery")


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def compare(visit: Visit, **fields: str) -> str:
    return str(visit.act("/policy", **{"of": BATCH, "kind": "statement", **fields}).text)


def figures(page: str) -> dict[str, tuple[str, str]]:
    """Figure → in force and yours."""
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td class="n">([^<]+)</td><td class="n">([^<]+)</td>', page)
    return {name: (now, other) for name, now, other in rows}


def test_what_if__in_force_is_what_the_batch_decided(visit: Visit) -> None:
    page = compare(visit, **{"name-1": "balance_min_cents", "value-1": "50000"})
    summary = call(visit.hospital, "show", BATCH, "--json").json
    found = figures(page)
    for name in ("selected", "held", "exceptions"):
        assert found[name][0] == f"{summary['counts'][name]:,}"
    assert found["dollars selected"][0] == f"${summary['cents']['selected'] / 100:,.2f}"
    assert "policy.balance_min_cents: 500 → 50000" in page


def test_what_if__yours_is_what_a_dry_run_with_these_settings_decides(visit: Visit) -> None:
    page = compare(visit, text="[policy]\nbalance_min_cents = 50000\n")
    settings = visit.hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^balance_min_cents = .*$", "", text)
    text = re.sub(r"(?m)^\[policy\].*$", "[policy]\nbalance_min_cents = 50000", text)
    settings.write_text(text, encoding="utf-8")
    run = ("run", "statement", "--cycle", "2026-12", "--as-of", AS_OF.isoformat(), "--dry-run", "--json")
    expected = call(visit.hospital, *run).json
    now = figures(page)["MINBAL"]
    assert now[1] == f"{expected['holds']['MINBAL']:,}"
    assert now[0] != now[1]


def test_what_if__names_who_changes_and_records_the_view(visit: Visit) -> None:
    page = compare(visit, **{"name-1": "balance_min_cents", "value-1": "50000"})
    named = set(re.findall(r'<th scope="row"><a href="/accounts/[^"]+">([^<]+)</a>', page))
    small = visit.hospital.ledger(
        "SELECT guarantor_id FROM candidate WHERE outcome = 'selected' AND amount_cents < 50000 AND amount_cents > 0"
    )
    assert {row[0] for row in small} <= named
    assert visit.looked()[-1] == ("console what-if", "ben@desk")


def test_what_if__makes_nothing(visit: Visit) -> None:
    before = [visit.hospital.ledger(f"SELECT count(*) FROM {table}") for table in TABLES]
    settings = (visit.hospital.home / "statements.toml").read_bytes()
    compare(visit, of="now", **{"name-1": "statement_gap_days", "value-1": "60"})
    assert before == [visit.hospital.ledger(f"SELECT count(*) FROM {table}") for table in TABLES]
    assert settings == (visit.hospital.home / "statements.toml").read_bytes()


def test_what_if__with_the_settings_in_force_changes_nobody(visit: Visit) -> None:
    assert "Nobody would get anything else" in compare(visit, text="balance_min_cents = 500")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("balance_min_cents = 'x'", "policy.balance_min_cents", id="wrong-type"),
        pytest.param("balance_minimum = 5", "is not a setting", id="unknown"),
        pytest.param("balance_min_cents == 5", "not valid TOML", id="no-toml"),
        pytest.param("statement_gap_days = 5", "policy.statement_gap_days", id="against-another"),
        pytest.param("policy = 5", "must be a table", id="no-table"),
    ],
)
def test_what_if__refuses_in_words(visit: Visit, text: str, message: str) -> None:
    page = compare(visit, text=text)
    assert "Not done" in page
    assert message in page


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({}, 400, id="nothing-changed"),
        pytest.param({"kind": "poem"}, 400, id="no-such-kind"),
        pytest.param({"text": "due_days = 30", "of": "2030-01-statement"}, 404, id="no-such-batch"),
        pytest.param({"name-1": "agency_name", "value-1": "x"}, 400, id="not-of-the-list"),
    ],
)
def test_what_if__refused_at_once(visit: Visit, fields: dict[str, str], status: int) -> None:
    visit.post("/policy", status=status, **{"of": BATCH, "kind": "statement", **fields})
