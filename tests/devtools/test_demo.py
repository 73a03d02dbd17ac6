"""`statements demo`: it ends with one self-contained page whose links work."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from statement_builder.billing.selection import Kind
from tests.commands import call
from tests.hospital import Hospital


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hospital, str, str]:
    """The finished demo, with its standard output and standard error."""
    home = tmp_path_factory.mktemp("demo") / "home"
    home.mkdir()
    hospital = Hospital(home)
    result = call(hospital, "demo", "--guarantors", "60", "--workers", "1")
    return hospital, result.out, result.err


def test_demo__prints_each_step_and_where_to_look(demo: tuple[Hospital, str, str]) -> None:
    hospital, out, err = demo
    assert "1 document," in err
    assert " 1 documents" not in err
    plural = err.replace(" 1 document,", " 1 documents,")
    steps = [re.sub(r"[\d.,]+", "N", line) for line in plural.splitlines()]
    assert steps == [
        "Sample hospital: N guarantors (N s)",
        "N-N-statement: N documentsN N printedN N e-mailed (N s)",
        "N-N-ob-notice: N documentsN N printedN N e-mailed (N s)",
        "N-N-dunning: N documentsN N printedN N e-mailed (N s)",
        "N-N-invoice: N documentsN N printedN N e-mailed (N s)",
        "N-N-itemized-request-reply: N documentsN N printedN N e-mailed (N s)",
        "N-N-verification: N documentsN N printedN N e-mailed (N s)",
        "N-N-plan-agreement: N documentsN N printedN N e-mailed (N s)",
        "N-N-plan-reminder: N documentsN N printedN N e-mailed (N s)",
        "N-N-plan-missed: N documentsN N printedN N e-mailed (N s)",
        "N-N-plan-default: N documentsN N printedN N e-mailed (N s)",
        "N-N-assistance-incomplete: N documentsN N printedN N e-mailed (N s)",
        "N-N-assistance-decision: N documentsN N printedN N e-mailed (N s)",
        "N-N-estate-inquiry: N documentsN N printedN N e-mailed (N s)",
        "N-N-estate-claim: N documentsN N printedN N e-mailed (N s)",
        "N-N-payroll-authorization: N documentsN N printedN N e-mailed (N s)",
        "N-N-refund: N documentsN N printedN N e-mailed (N s)",
        "Index page: N sample documents (N s)",
    ]
    assert out.count("foots ") == 16
    assert out.splitlines()[-2:] == [
        f"Open {hospital.home / 'demo' / 'index.html'}",
        "Open the console with `statements serve`",
    ]


def test_demo_page__links_are_relative_and_exist(demo: tuple[Hospital, str, str]) -> None:
    hospital, *_ = demo
    page = hospital.home / "demo" / "index.html"
    links = re.findall(r'href="([^"]+)"', page.read_text(encoding="utf-8"))
    targets = [(page.parent / link).resolve() for link in links]
    assert all(target.is_file() and target.is_relative_to(hospital.home) for target in targets), links
    suffixes = {target.suffix for target in targets}
    assert suffixes == {".pdf", ".csv", ".ctl", ".eml"}
    for name in ("statement.pdf", "ob-notice.pdf", "invoice.pdf"):
        assert hospital.home / "examples" / name in targets
    assert sum("control-sheets" in link for link in links) == len(Kind)


def test_demo_page__loads_nothing(demo: tuple[Hospital, str, str]) -> None:
    hospital, *_ = demo
    page = (hospital.home / "demo" / "index.html").read_text(encoding="utf-8")
    sources = re.findall(r'src="([^"]+)"', page)
    assert len(sources) >= 3
    for source in sources:
        header, _, data = source.partition(",")
        assert header == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
    assert "url(" not in page
    assert "<script" not in page
    assert "@import" not in page
    assert "<link" not in page


def test_demo_page__shows_the_figures_of_every_batch(demo: tuple[Hospital, str, str]) -> None:
    hospital, *_ = demo
    page = (hospital.home / "demo" / "index.html").read_text(encoding="utf-8")
    for summary in call(hospital, "batches", "--json").json:
        assert summary["batch"] in page
        for cents in summary["cents"].values():
            assert not cents or f"${cents / 100:,.2f}" in page


def test_demo__again_changes_no_batch(demo: tuple[Hospital, str, str], tmp_path: Path) -> None:
    hospital = demo[0].copy_to(tmp_path / "home")
    before = hospital.ledger("SELECT count(*) FROM event")
    result = call(hospital, "demo", "--workers", "1")
    assert "Sample hospital" not in result.err
    assert hospital.ledger("SELECT count(*) FROM event") == before


def test_demo__refuses_other_settings(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "statements.toml").write_text("# a hospital's own settings\n", encoding="utf-8")
    assert "The demo would use the settings in" in call(Hospital(home), "demo", code=2).err
    other = Hospital(tmp_path, {"STATEMENTS_LEDGER": "sqlite:///ledger.db"})
    assert "unset STATEMENTS_LEDGER first" in call(other, "demo", code=2).err
