"""The hold code table: valid, complete, and in words that a clerk can act on."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

import statement_builder
from statement_builder.policy import LegalNumber, Policy
from statement_builder.policy.hold_codes import HOLD_CODES, HoldCode, describe_hold, make_hold, read_hold_codes

INDUSTRY_CODES = (
    "MINBAL CREDIT ZERO MINDAYS INS_PEND NOT_FINAL PMT_TODAY UNDIST PLAN_OK PLAN_PAID FAP_PENDING CHARITY100 MCAID "
    "MCAID_PEND QMB WC TPL AUTO CLIENT BANKR_STAY BANKR_DISCH DECEASED ESTATE ATTY DISPUTE COMPLAINT PPDR IDR GFE400 "
    "BADADDR RETMAIL NOZIP CONF NOMAIL ECONSENT VIP EMPLOYEE LEGAL MINOR_SENS PART2 DV INMATE FOREIGN AGENCY SUIT JUDG "
    "CONTEST EXT DUPRUN NOTEMPLATE ADMIN_PAUSE"
)
"""The hold codes that hospital billing uses."""


@pytest.mark.parametrize("code", INDUSTRY_CODES.split())
def test_hold_codes__has_every_industry_code(code: str) -> None:
    assert code in HOLD_CODES


def test_hold_codes__has_every_code_that_a_rule_emits() -> None:
    emitted = {code for path in _policy_modules() for code in _upper_case_strings(path)}
    assert {"MINBAL", "LOSS", "AMOUNT_CHANGED", "OB_TWO", "MCAID"} <= emitted
    assert emitted <= set(HOLD_CODES)


VALID = """
[ZERO]
scope = "encounter"
stops_obstetric = false
blocks_reprint = false
title = "Zero balance"
why = "Nothing is owed on this visit."
what_to_do = "No action needed."
citation = "Hospital policy"
reviewed = 2026-11-01
"""


def test_read_hold_codes__reads_every_field() -> None:
    (code,) = read_hold_codes(VALID).values()
    assert (code.code, code.scope, code.title, code.reviewed) == (
        "ZERO",
        "encounter",
        "Zero balance",
        date(2026, 11, 1),
    )


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        pytest.param('title = "Zero balance"\n', "", "ZERO: .*`title`", id="field-missing"),
        pytest.param('"Zero balance"', '""', "ZERO: .*title", id="field-empty"),
        pytest.param(
            'title = "Zero balance"', 'title = "Zero balance"\nowner = "x"', "ZERO: .*owner", id="field-unknown"
        ),
        pytest.param('"encounter"', '"visit"', "ZERO: .*scope", id="scope-unknown"),
        pytest.param("2026-11-01", '"last fall"', "ZERO: .*reviewed", id="review-date-not-a-date"),
        pytest.param("2026-11-01\n", "2026-11-01\n[ZERO]\n", "ZERO", id="code-twice"),
    ],
)
def test_read_hold_codes__refuses(old: str, new: str, named: str) -> None:
    assert old in VALID
    with pytest.raises(ValueError, match=named):
        read_hold_codes(VALID.replace(old, new))


@pytest.mark.parametrize("code", HOLD_CODES.values(), ids=HOLD_CODES.keys())
def test_hold_codes__text_is_short_and_in_whole_sentences(code: HoldCode) -> None:
    assert 0 < len(code.title) <= 45
    assert not code.title.endswith(".")
    assert code.why.endswith((".", "?"))
    assert code.what_to_do.endswith(".")
    longest = max(len(sentence.split()) for sentence in re.split(r"[.;:] ", f"{code.why} {code.what_to_do}"))
    assert longest <= 26


@pytest.mark.parametrize(
    ("code", "changes", "told"),
    [
        pytest.param("GFE400", {"estimate_excess_cents": 25_050}, "$250.50", id="estimate-149.620-a-2"),
        pytest.param("GFE400", {"estimate_dispute_days": 150}, "150 days", id="dispute-149.620-c-1"),
        pytest.param("NOTICE_SHORT", {"final_notice_days": 35}, "35 days", id="notice-1.501r-6-c-4"),
        pytest.param("ORAL_EFFORT", {"final_notice_days": 35}, "35 days", id="effort-1.501r-6-c-4"),
    ],
)
def test_describe_hold__names_the_number_of_the_policy(code: str, changes: dict[str, int], told: str) -> None:
    numbers = {
        name: LegalNumber(value=value, citation="State law", reviewed_on=date(2026, 11, 1))
        for name, value in changes.items()
    }
    text = describe_hold(code, Policy(**numbers))  # type: ignore[arg-type]
    assert told in f"{text.why} {text.what_to_do}"
    assert told not in f"{describe_hold(code, Policy()).why} {describe_hold(code, Policy()).what_to_do}"


@pytest.mark.parametrize("code", HOLD_CODES)
def test_hold_codes__no_number_of_the_policy_is_written_into_a_text(code: str) -> None:
    texts = f"{HOLD_CODES[code].title} {HOLD_CODES[code].why} {HOLD_CODES[code].what_to_do}"
    numbers = re.findall(r"\d+", re.sub(r"\{\w+\}", "", texts))
    assert numbers == (["100"] if code == "CHARITY100" else []), "write the setting's name in braces"
    described = describe_hold(code, Policy())
    assert "{" not in described.why + described.what_to_do


def test_read_hold_codes__refuses_a_number_that_the_policy_does_not_have() -> None:
    with pytest.raises(ValueError, match=r"ZERO: .*grace_period_days"):
        read_hold_codes(VALID.replace("No action needed.", "Wait {grace_period_days} days."))


def test_make_hold__refuses_an_unknown_code() -> None:
    with pytest.raises(KeyError):
        make_hold("NO_SUCH_CODE")


def _policy_modules() -> list[Path]:
    """The modules with rules. `facts` and `compose` raise errors, and the cost report's checks find gaps: these have
    codes of their own."""
    package = Path(statement_builder.__file__).parent
    others = ("hold_codes", "legal_numbers", "facts", "compose", "medicare_bad_debts", "write_offs")
    modules = (*(package / "policy").glob("[!_]*.py"), *(package / "kinds").rglob("*.py"))
    return [path for path in modules if not path.name.startswith(others)]


def _upper_case_strings(path: Path) -> set[str]:
    strings = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in strings if re.fullmatch(r"[A-Z][A-Z0-9_]{3,}|[A-Z]{2}_[A-Z0-9_]+|WC|TPL|QMB", text)}
