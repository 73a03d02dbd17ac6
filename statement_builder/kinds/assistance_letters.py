"""What the kinds of letters about financial assistance have in common. `policy.assistance_letters` has the rules that
they share."""

from __future__ import annotations

from typing import Any

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import KindDefinition, Outcome
from statement_builder.policy.assistance_letters import (
    AssistanceLetterRules,
    applications,
    assistance_visits_cents,
)


def define_assistance_letter(kind: Kind, rules: AssistanceLetterRules, **differs: Any) -> KindDefinition:
    """The definition of a kind of letter about applications, with the fields of `KindDefinition` that differ."""
    common: dict[str, Any] = {
        "template": f"{kind.name_in_code}/{kind.name_in_code}.html",
        "select": lambda candidate: Outcome(*rules.select(candidate)),
        "recheck": rules.recheck,
        "is_candidate": lambda account: bool(applications(account, *rules.statuses)),
        "is_faulty_candidate": lambda entry: entry.has_rows_in("assistance"),
        "candidate_cents": lambda account, as_of: assistance_visits_cents(account, as_of, *rules.statuses),
    }
    return KindDefinition(kind=kind, **common | differs)
