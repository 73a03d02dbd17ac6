"""Write docs/hold-codes.md, the clerk's page of hold codes, from `statement_builder/policy/hold_codes.toml`.

python scripts/write_hold_codes.py
"""

from __future__ import annotations

from pathlib import Path

from statement_builder.policy.hold_codes import HOLD_CODES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "hold-codes.md"

_HEAD = """# Hold codes

Why something was not mailed, and what to do about it. `statements holds BATCH` lists the held guarantors of a batch
with all reasons. The scope is how far a hold reaches: the whole guarantor, one encounter, letters only, obstetric
notices only, the content, or everything. Compliance reviewed each text and citation on the date shown.

The source of this page is `statement_builder/policy/hold_codes.toml`. Do not edit this page.

| code | title | why | what to do | scope | source | reviewed |
|---|---|---|---|---|---|---|
"""


def page_text() -> str:
    """The current text of the page."""
    rows = (
        f"| `{each.code}` | {each.title} | {each.why} | {each.what_to_do} | {each.scope} | {each.citation} "
        f"| {each.reviewed} |"
        for each in sorted(HOLD_CODES.values(), key=lambda each: each.code)
    )
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
