"""Writes docs/hold-codes.md, the clerk's page of hold codes, from the table that the service itself speaks from.

python scripts/write_hold_codes.py
"""

from __future__ import annotations

from pathlib import Path

from statement_builder.policy.codes import HOLD_CODES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "hold-codes.md"

_HEAD = """# Hold codes

Why something was not mailed, and what to do. `statements holds BATCH` lists who is held, with all reasons found.
The scope says how far a hold reaches: the whole guarantor, one encounter, letters only, the content, or everything.

| code | what it is | why | what to do | scope |
|---|---|---|---|---|
"""


def page_text() -> str:
    """The page as it should be."""
    rows = (
        f"| `{each.code}` | {each.title} | {each.why} | {each.what_to_do} | {each.scope} |"
        for each in sorted(HOLD_CODES.values(), key=lambda each: each.code)
    )
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
