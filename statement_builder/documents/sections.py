"""The visits of a statement by who bills them: the hospital and physician groups, each under its own name and taxes."""

from __future__ import annotations

from statement_builder.billing.entities import group_visits
from statement_builder.billing.model import BillingEntity, GuarantorAccount
from statement_builder.documents.facts import BilledBy, VisitLine, VisitSection


def find_billed_by(account: GuarantorAccount, account_number: str) -> BilledBy | None:
    """Who bills this visit, as a page names it. None: the hospital."""
    group = group_visits(account).get(account_number)
    return None if group is None else _billed_by(group)


def visit_sections(account: GuarantorAccount, visits: tuple[VisitLine, ...]) -> tuple[VisitSection, ...]:
    """The visits in sections: the hospital's first, then those of each group by name. Empty if the hospital bills all
    of them. Within a section, the order stays."""
    groups = group_visits(account)
    if not groups:
        return ()
    found: dict[str, BillingEntity | None] = {}
    by_section: dict[str, list[VisitLine]] = {}
    for visit in visits:
        group = groups.get(visit.account_number)
        key = group.entity_id if group is not None else ""
        found[key] = group
        by_section.setdefault(key, []).append(visit)
    if not any(found):
        return ()
    order = sorted(found.items(), key=lambda item: (item[1].name if item[1] is not None else "", item[0]))
    return tuple(_make_section(group, tuple(by_section[key])) for key, group in order)


def _make_section(group: BillingEntity | None, visits: tuple[VisitLine, ...]) -> VisitSection:
    return VisitSection(
        billed_by=None if group is None else _billed_by(group),
        visits=visits,
        charges_cents=sum(each.charges_cents for each in visits),
        insurance_cents=sum(each.insurance_cents for each in visits),
        adjustments_cents=sum(each.adjustments_cents for each in visits),
        payments_cents=sum(each.payments_cents for each in visits),
        owed_cents=sum(each.owed_cents for each in visits),
    )


def _billed_by(group: BillingEntity) -> BilledBy:
    return BilledBy(
        name=group.name,
        tax_id=group.tax_id,
        phone=group.phone,
        in_assistance_policy=group.in_assistance_policy,
    )
