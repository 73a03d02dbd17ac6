"""How figures and states read to an operator, in the terminal and in the console."""

from __future__ import annotations

FIGURE_LABELS = {
    "pulled": "pulled",
    "selected": "selected",
    "held": "held",
    "exceptions": "exceptions",
    "rendered": "rendered",
    "errors": "errors",
    "print": "print",
    "email": "e-mail",
    "handed_off": "handed off",
    "withheld": "withheld late",
    "uncertain": "uncertain",
    "acknowledged": "acknowledged",
    "mailed": "mailed",
    "rejected": "rejected",
    "bounced": "bounced",
    "unread": "unread, of those mailed",
    "returned": "returned, of those mailed",
    "due_again": "due again",
    "extra": "copies, corrections",
}
"""What an operator calls each of `summaries.FIGURES`, in their order."""


def format_dollars(cents: int) -> str:
    """`-$1,234.56`, for operators. The templates format what patients read."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def format_state(state: str) -> str:
    """`handing off` for `handing_off`."""
    return state.replace("_", " ")
