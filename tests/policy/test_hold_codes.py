"""The hold table: complete, and in words that a clerk can act on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import statement_builder.policy
from statement_builder.policy.codes import HOLD_CODES, HoldCode, make_hold

TRADE_CODES = (
    "MINBAL CREDIT ZERO MINDAYS INS_PEND NOT_FINAL PMT_TODAY UNDIST PLAN_OK PLAN_PAID FAP_PENDING CHARITY100 MCAID "
    "MCAID_PEND QMB WC TPL AUTO CLIENT BANKR_STAY BANKR_DISCH DECEASED ESTATE ATTY DISPUTE COMPLAINT PPDR IDR GFE400 "
    "BADADDR RETMAIL NOZIP CONF NOMAIL ECONSENT VIP EMPLOYEE LEGAL MINOR_SENS PART2 DV INMATE FOREIGN AGENCY SUIT JUDG "
    "CONTEST EXT DUPRUN NOTEMPLATE ADMIN_PAUSE"
)
"""The hold table of hospital billing (domain rules, 2.2)."""


@pytest.mark.parametrize("code", TRADE_CODES.split())
def test_hold_codes__has_every_code_of_the_trade(code: str) -> None:
    assert code in HOLD_CODES


def test_hold_codes__has_every_code_that_a_rule_emits() -> None:
    emitted = {code for path in _policy_modules() for code in _upper_case_strings(path)}
    assert {"MINBAL", "LOSS", "AMOUNT_CHANGED", "OB_TWO", "MCAID"} <= emitted
    assert emitted <= set(HOLD_CODES)


def test_hold_codes__none_is_listed_twice() -> None:
    from statement_builder.policy import codes_by_rule, codes_obstetric, codes_on_file

    rows = [
        *codes_on_file.ON_FILE,
        *codes_by_rule.BY_RULE,
        *codes_obstetric.OBSTETRIC_ON_FILE,
        *codes_obstetric.OBSTETRIC_BY_RULE,
    ]
    assert len(rows) == len(HOLD_CODES) > len(TRADE_CODES.split())


@pytest.mark.parametrize("code", HOLD_CODES.values(), ids=HOLD_CODES.keys())
def test_hold_codes__words_are_short_and_whole(code: HoldCode) -> None:
    assert 0 < len(code.title) <= 45
    assert not code.title.endswith(".")
    assert code.why.endswith((".", "?"))
    assert code.what_to_do.endswith(".")
    longest = max(len(sentence.split()) for sentence in re.split(r"[.;:] ", f"{code.why} {code.what_to_do}"))
    assert longest <= 26


def test_make_hold__refuses_a_code_without_words() -> None:
    with pytest.raises(KeyError):
        make_hold("NO_SUCH_CODE")


def _policy_modules() -> list[Path]:
    folder = Path(statement_builder.policy.__file__).parent
    return [path for path in folder.glob("*.py") if not path.name.startswith(("codes", "__init__"))]


def _upper_case_strings(path: Path) -> set[str]:
    strings = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in strings if re.fullmatch(r"[A-Z][A-Z0-9_]{3,}|[A-Z]{2}_[A-Z0-9_]+|WC|TPL|QMB", text)}
