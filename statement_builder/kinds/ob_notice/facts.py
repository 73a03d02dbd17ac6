"""The obstetric notice: the estimated cost of a birth and a payment schedule. An estimate, never a bill."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.model import GuarantorAccount, ObstetricEpisode, Patient
from statement_builder.billing.names import full_name
from statement_builder.billing.obstetric import ObstetricSchedule, schedule
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import EstimatePayment, ObNoticeFacts
from statement_builder.documents.printed_terms import PrintedTerms


def notice_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> ObNoticeFacts:
    """The notice's data. CompositionError if the episode is not on file or its schedule differs from the selection."""
    episode, patient = _find(account, selection)
    if episode.expected_delivery_on is None:
        raise CompositionError(
            "EPISODE",
            "The pregnancy has no expected delivery date.",
            "Record the date in the clinical system, or close the episode.",
        )
    plan = schedule(
        episode,
        issued_on,
        pay_by_week=terms.pay_by_week,
        installments_max=terms.installments_max,
        courtesy_after_week=terms.courtesy_after_week,
    )
    payments = _payments(plan, selection)
    _require_footing(plan, payments, selection)
    year_end = episode.plan_year_ends_on
    return ObNoticeFacts(
        patient_name=full_name(patient),
        expected_delivery_on=episode.expected_delivery_on,
        estimate_on=episode.estimate_on,
        estimate_basis=episode.estimate_basis,
        insurance_name=episode.insurance_name,
        good_faith_estimate_id=episode.good_faith_estimate_id,
        plan_year_ends_on=year_end if year_end and issued_on <= year_end < episode.expected_delivery_on else None,
        estimate_cents=plan.estimate_cents,
        paid_cents=plan.estimate_cents - plan.remaining_cents,
        remaining_cents=plan.remaining_cents,
        payments=payments,
        due_on=selection.due_on,
    )


def _payments(plan: ObstetricSchedule, selection: Selection) -> tuple[EstimatePayment, ...]:
    """The payment of this notice, then the later ones. Earlier unpaid payments are part of the first."""
    later = tuple(
        EstimatePayment(due_on=each.due_on, amount_cents=each.amount_cents)
        for each in plan.payments
        if each.due_on > plan.due_on
    )
    return (EstimatePayment(due_on=selection.due_on, amount_cents=selection.amount_cents), *later)


def _find(account: GuarantorAccount, selection: Selection) -> tuple[ObstetricEpisode, Patient]:
    episodes = [each for each in account.episodes if each.episode_id == selection.episode_id]
    patients = [each for each in account.patients if episodes and each.patient_id == episodes[0].patient_id]
    if not episodes or not patients:
        raise CompositionError(
            "EPISODE",
            f"Pregnancy {selection.episode_id} or its patient is not on file for the guarantor.",
            "Correct the episode in the billing system.",
        )
    return episodes[0], patients[0]


def _require_footing(plan: ObstetricSchedule, payments: tuple[EstimatePayment, ...], selection: Selection) -> None:
    if selection.amount_cents != plan.due_cents or sum(each.amount_cents for each in payments) != plan.remaining_cents:
        raise CompositionError(
            "FOOTING",
            f"The payments of pregnancy {selection.episode_id} do not add up to the selected amount.",
            "Check the estimate and the deposits in the billing system. If they are correct, report this as a bug.",
        )
