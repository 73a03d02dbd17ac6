"""What happens to visits and their money: charges, decisions of insurers, payments, plans, refunds, and payroll."""

from __future__ import annotations

from datetime import date, timedelta

from tests.simulation.households import (
    Deduction,
    Event,
    EventTable,
    Household,
    Installment,
    Plan,
    Posting,
    Refund,
    Visit,
    World,
    find_visit,
)


def add_visit(world: World, household: Household, event: Event) -> bool | None:
    number = int(event.facts["visit"])
    if find_visit(household, event):
        return False
    account = f"7{100_000 + household.number:06}{number:03}"
    insured = bool(event.facts["insured"])
    new = Visit(
        number=number,
        account=account,
        service_on=event.day,
        final_on=event.day + timedelta(days=4),
        is_insured=insured,
        is_decided=not insured,
        financial_class=event.facts.get("financial_class", "commercial" if insured else "self_pay"),
    )
    household.visits.append(new)
    world.by_account[account] = (household, new)
    cents = event.facts["charge_cents"]
    world.post(household, new, event.day, "charge", cents - cents // 3)
    world.post(household, new, event.day, "charge", cents // 3)
    return None


def _adjudicated(world: World, household: Household, event: Event) -> bool | None:
    visit = find_visit(household, event)
    if visit is None or visit.is_decided:
        return False
    charged = visit.balance(event.day)
    share = min(event.facts["share_cents"], charged)
    contractual = (charged - share) // 2
    visit.is_decided, visit.share_cents, visit.share_on = True, share, event.day
    if contractual:
        world.post(household, visit, event.day, "contractual", -contractual)
    if charged - share - contractual:
        world.post(household, visit, event.day, "insurance", -(charged - share - contractual))
    return None


def _pays(world: World, household: Household, event: Event) -> bool | None:
    """A payment of some thousandths of what the visit's balance is. More than 1000 is a credit."""
    visit = find_visit(household, event)
    if visit is None or not visit.is_decided or visit.balance(event.day) <= 0:
        return False
    if visit.plan is not None and visit.plan.status == "active":
        return False
    cents = max(1, visit.balance(event.day) * event.facts["permille"] // 1000)
    world.post(household, visit, event.day, "payment", -cents)
    return None


def _pays_unapplied(world: World, household: Household, event: Event) -> bool | None:
    """A payment arrives and nobody knows for which visit."""
    household.unapplied.append(Posting(world.new_id(household, "U"), event.day, "payment", -event.facts["cents"]))
    return None


def _applies_payment(world: World, household: Household, event: Event) -> bool | None:
    """The billing office finds the visit of an unapplied payment."""
    visit = find_visit(household, event)
    if visit is None or not household.unapplied:
        return False
    posting = household.unapplied.pop(0)
    visit.postings.append(Posting(posting.posting_id, event.day, "payment", posting.cents))
    return None


def _opens_plan(world: World, household: Household, event: Event) -> bool | None:
    visit = find_visit(household, event)
    if visit is None or visit.plan is not None or not visit.is_decided or event.day < visit.final_on:
        return False
    total, count = visit.balance(event.day), event.facts["months"]
    if total < 100 * count:
        return False
    amounts = [total // count] * (count - 1)
    amounts.append(total - sum(amounts))
    first = event.day + timedelta(days=30)
    dues = [first + timedelta(days=30 * index) for index in range(count)]
    plan = Plan(
        world.new_id(household, "L"),
        event.day,
        [Installment(due_on, cents) for due_on, cents in zip(dues, amounts, strict=True)],
    )
    visit.plan = plan
    household.plans.append(plan)
    return None


def _pays_installment(world: World, household: Household, event: Event) -> bool | None:
    """Pays the earliest installments that are open, `count` of them."""
    visit = find_visit(household, event)
    if visit is None or visit.plan is None or visit.plan.status != "active":
        return False
    open_ones = [each for each in visit.plan.installments if each.left][: event.facts["count"]]
    cents = min(sum(each.left for each in open_ones), visit.balance(event.day))
    if cents <= 0:
        return False
    left = cents
    for each in open_ones:
        part = min(each.left, left)
        each.paid_cents += part
        left -= part
    world.post(household, visit, event.day, "payment", -cents)
    if visit.plan.left == 0:
        visit.plan.status = "completed"
    return None


def _defaults(_world: World, household: Household, event: Event) -> bool | None:
    """The billing office records that the plan has ended."""
    visit = find_visit(household, event)
    if visit is None or visit.plan is None or visit.plan.status != "active":
        return False
    late = [each for each in visit.plan.installments if each.left and each.due_on + timedelta(days=30) < event.day]
    if not late:
        return False
    visit.plan.status = "defaulted"
    return None


def _refund_approved(world: World, household: Household, event: Event) -> bool | None:
    visit = find_visit(household, event)
    if visit is None or visit.balance(event.day) >= 0 or any(each.visit is visit for each in household.refunds):
        return False
    cents = min(-visit.balance(event.day), visit.paid(event.day))
    if cents <= 0:
        return False
    send_on = event.day + timedelta(days=event.facts["days"])
    household.refunds.append(Refund(world.new_id(household, "F"), visit, cents, event.day, send_on))
    return None


def _refund_sent(world: World, household: Household, event: Event) -> bool | None:
    waiting = [each for each in household.refunds if each.sent_on is None and each.send_on <= event.day]
    if not waiting:
        return False
    waiting[0].sent_on = event.day
    world.post(household, waiting[0].visit, event.day, "payment", waiting[0].cents)
    return None


def _requests_bill(world: World, household: Household, event: Event) -> bool | None:
    visit = find_visit(household, event)
    if visit is None or event.day < visit.final_on:
        return False
    household.requests.append((world.new_id(household, "Q"), visit, event.day))
    return None


def _asks_payroll(world: World, household: Household, event: Event) -> bool | None:
    """An employee asks to pay a visit from the wages: a plan of `count` monthly deductions, of which the last is the
    smallest."""
    visit = find_visit(household, event)
    if visit is None or visit.plan is not None or not visit.is_decided or event.day < visit.final_on:
        return False
    total, count = visit.balance(event.day), event.facts["count"]
    if total < 1_000 * count:
        return False
    each = -(-total // count)
    amounts = [each] * (count - 1) + [total - each * (count - 1)]
    first = event.day + timedelta(days=event.facts["days"])
    dues = [_months_later(first, index) for index in range(count)]
    installments = [Installment(due_on, cents) for due_on, cents in zip(dues, amounts, strict=True)]
    plan = Plan(world.new_id(household, "L"), event.day, installments)
    visit.plan = plan
    household.plans.append(plan)
    employee = f"E{20_000 + household.number}"
    household.deductions.append(
        Deduction(world.new_id(household, "W"), employee, plan, visit, event.day, total_cents=total)
    )
    return None


def _months_later(first: date, months: int) -> date:
    """The same day of a later month. `first` is before the 29th."""
    months += first.month - 1
    return first.replace(year=first.year + months // 12, month=months % 12 + 1)


def _signs_payroll(_world: World, household: Household, event: Event) -> bool | None:
    """Both have signed the authorization."""
    found = [each for each in household.deductions if each.status == "asked"]
    if not found or event.day >= found[0].plan.installments[0].due_on:
        return False
    found[0].status, found[0].signed_on = "signed", event.day
    return None


def _ends_payroll(_world: World, household: Household, event: Event) -> bool | None:
    """The employee takes the authorization back, or leaves: `status` says which."""
    found = [each for each in household.deductions if each.status == "signed"]
    if not found:
        return False
    found[0].status, found[0].ended_on = event.facts["status"], event.day + timedelta(days=1)
    return None


def _payroll_pays(world: World, household: Household, event: Event) -> bool | None:
    """Payroll passes on what it took from the wages."""
    deduction = next(each for each in household.deductions if each.employee_id == event.facts["employee"])
    cents = event.facts["cents"]
    left = cents
    for each in deduction.plan.installments:
        part = min(each.left, left)
        each.paid_cents += part
        left -= part
    world.post(household, deduction.visit, event.day, "payment", -cents, "PAYROLL")
    if deduction.plan.left == 0 and deduction.plan.status == "active":
        deduction.plan.status = "completed"
    return None


def _agency_pays(world: World, household: Household, event: Event) -> bool | None:
    """A collection agency passes on what it collected."""
    visit = find_visit(household, event)
    if visit is None or not 0 < event.facts["cents"] <= visit.balance(event.day):
        return False
    world.post(household, visit, event.day, "payment", -event.facts["cents"], "AGENCY")
    return None


def _was_billed(_world: World, household: Household, event: Event) -> bool | None:
    """The system before this one mailed letters about the visit: `levels`, each so many `days` ago."""
    visit = find_visit(household, event)
    if visit is None or not visit.is_decided:
        return False
    visit.earlier = tuple((level, event.day - timedelta(days=ago)) for level, ago in event.facts["letters"])
    return None


EVENTS: EventTable = {
    "visit": add_visit,
    "adjudicated": _adjudicated,
    "pays": _pays,
    "pays-unapplied": _pays_unapplied,
    "applies-payment": _applies_payment,
    "opens-plan": _opens_plan,
    "pays-installment": _pays_installment,
    "plan-defaults": _defaults,
    "refund-approved": _refund_approved,
    "refund-sent": _refund_sent,
    "requests-bill": _requests_bill,
    "asks-payroll": _asks_payroll,
    "signs-payroll": _signs_payroll,
    "ends-payroll": _ends_payroll,
    "payroll-pays": _payroll_pays,
    "agency-pays": _agency_pays,
    "was-billed": _was_billed,
}
