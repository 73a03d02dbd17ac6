"""What the kinds of letters about payment plans have in common. `policy.plan_letters` has the rules that they share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.definition import KindDefinition, Outcome
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.plan_letters import PlanLetterRules, plans_with_visits, unpaid_plan_cents


def define_plan_letter(kind: Kind, rules: PlanLetterRules, **differs: Any) -> KindDefinition:
    """The definition of a kind of letter about plans, with the fields of `KindDefinition` in which it differs."""

    def recheck(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
        return rules.recheck(candidate, selection)

    common: dict[str, Any] = {
        "template": f"{kind.name_in_code}/{kind.name_in_code}.html",
        "select": lambda candidate: Outcome(*rules.select(candidate)),
        "recheck": recheck,
        "is_candidate": lambda account: bool(plans_with_visits(account, *rules.statuses)),
        "is_faulty_candidate": lambda entry: entry.has_rows_in("plans", "installments"),
        "candidate_cents": unpaid_plan_cents,
        "copies_when_over": True,
    }
    return KindDefinition(kind=kind, **common | differs)
