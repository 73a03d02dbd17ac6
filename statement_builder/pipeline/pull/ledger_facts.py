"""What the ledger knows of an account: mail, holds, letters, placements. A decision reads nothing but the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import msgspec

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import (
    CausedLetter,
    ContactKind,
    Correspondence,
    DeductionMiss,
    Encounter,
    FaultyAccount,
    GuarantorAccount,
)
from statement_builder.ledger import Suppression, SuppressionCode
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.entries import Entry, contain_entry
from statement_builder.pipeline.pull.placed_visits import hold_placed_visits
from statement_builder.pipeline.pull.scope import Scope
from statement_builder.pipeline.pull.suppressions import apply_mail_hold, apply_suppressions


def add_ledger_facts(
    context: AppContext, scope: Scope, entries: Sequence[Entry], replaced: frozenset[str]
) -> Iterator[Entry]:
    """Add the mailing history from the ledger, because a decision reads nothing but the snapshot."""
    batch_id, reads_requests = scope.batch_id, bool(scope.kind.traits.reads_requests)
    accounts = [entry for entry in entries if isinstance(entry, GuarantorAccount)]
    facility_id = context.facility.facility_id
    mailed, notices = _read_mailed(context, accounts)
    for account in accounts:
        is_replaced = account.guarantor.guarantor_id in replaced
        if is_replaced or account.guarantor.contact_kind is ContactKind.CONFIDENTIAL:
            others, other_notices = _read_mailed(
                context, [account], excluding_batch=batch_id if is_replaced else "", recipient=_own_history_of(account)
            )
            numbers, episode_ids = _account_numbers([account]), _episode_ids([account])
            mailed = {key: each for key, each in mailed.items() if key not in numbers} | others
            notices = {key: each for key, each in notices.items() if key not in episode_ids} | other_notices
    guarantor_ids = [account.guarantor.guarantor_id for account in accounts]
    pending = context.ledger.documents.open_kinds(facility_id, guarantor_ids, excluding_batch=batch_id)
    suppressions = _read_suppressions(context, guarantor_ids)
    mail_holds = context.ledger.mail_holds.by_guarantor(facility_id, sorted(set(map(guarantor_of, guarantor_ids))))
    with_events = [
        account.guarantor.guarantor_id
        for account in accounts
        if reads_requests or account.plans or account.assistance or account.estates or account.refunds
    ]
    letters = context.ledger.documents.caused_letters(facility_id, with_events, excluding_batch=batch_id)
    authorizations = [each.authorization_id for account in accounts for each in account.deductions]
    misses = context.ledger.payroll.misses(facility_id, authorizations) if authorizations else {}
    placements = context.ledger.placements
    placed = placements.at_agencies(facility_id, _account_numbers(accounts)) if placements.has_any(facility_id) else {}
    for entry in entries:
        if isinstance(entry, FaultyAccount):
            yield entry
            continue
        guarantor_id = entry.guarantor.guarantor_id
        try:
            found: Entry = _with_history(
                hold_placed_visits(
                    apply_mail_hold(
                        apply_suppressions(entry, suppressions.get(guarantor_id, ())),
                        mail_holds.get(guarantor_of(guarantor_id)),
                    ),
                    placed,
                ),
                mailed,
                notices,
                pending.get(guarantor_id, ()),
                letters.get(guarantor_id, ()),
                misses=misses,
            )
        except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
            found = contain_entry(exc, "adding the mailing history of this account", entry)
        yield found


def _read_suppressions(context: AppContext, guarantor_ids: Sequence[str]) -> dict[str, tuple[Suppression, ...]]:
    """Recipient → suppressions: its own, and the guarantor's death, which concerns every recipient."""
    by_guarantor = context.ledger.suppressions.by_guarantor
    others = {each: guarantor_of(each) for each in guarantor_ids if guarantor_of(each) != each}
    found = by_guarantor(context.facility.facility_id, [*guarantor_ids, *sorted(set(others.values()))])
    for recipient, guarantor_id in others.items():
        deaths = [each for each in found.get(guarantor_id, ()) if each.code is SuppressionCode.DECEASED]
        found[recipient] = (*found.get(recipient, ()), *deaths)
    return found


def _with_history(
    account: GuarantorAccount,
    mailed: Mapping[str, Correspondence],
    notices: Mapping[str, tuple[int, date]],
    pending: tuple[str, ...],
    letters: tuple[CausedLetter, ...],
    *,
    misses: Mapping[str, DeductionMiss],
) -> GuarantorAccount:
    return msgspec.structs.replace(
        account,
        encounters=tuple(_with_correspondence(encounter, mailed) for encounter in account.encounters),
        episodes=tuple(
            msgspec.structs.replace(
                episode,
                notices_sent=max(episode.notices_sent, notices[episode.episode_id][0]),
                last_notice_on=_latest(episode.last_notice_on, notices[episode.episode_id][1]),
            )
            if episode.episode_id in notices
            else episode
            for episode in account.episodes
        ),
        open_documents=pending,
        letters=letters,
        deduction_misses=tuple(
            misses[each.authorization_id] for each in account.deductions if each.authorization_id in misses
        ),
    )


def _read_mailed(
    context: AppContext, accounts: Sequence[GuarantorAccount], *, excluding_batch: str = "", recipient: str = ""
) -> tuple[dict[str, Correspondence], dict[str, tuple[int, date]]]:
    """The ledger's mailings for these accounts: by account number, and notices sent and last sent by episode."""
    history, facility_id = context.ledger.mailing_history, context.facility.facility_id
    numbers, episodes = _account_numbers(accounts), _episode_ids(accounts)
    return (
        history.by_account(facility_id, numbers, excluding_batch=excluding_batch, recipient=recipient),
        history.by_episode(facility_id, episodes, excluding_batch=excluding_batch),
    )


def _own_history_of(account: GuarantorAccount) -> str:
    """Whose mailings alone count for the account's clocks: those of a patient with a confidential address, who never
    saw what the guarantor got. Empty: all mailings about the visits."""
    confidential = account.guarantor.contact_kind is ContactKind.CONFIDENTIAL
    return account.guarantor.guarantor_id if confidential else ""


def _account_numbers(accounts: Sequence[GuarantorAccount]) -> list[str]:
    return [encounter.account_number for account in accounts for encounter in account.encounters]


def _episode_ids(accounts: Sequence[GuarantorAccount]) -> list[str]:
    return [episode.episode_id for account in accounts for episode in account.episodes]


def _with_correspondence(encounter: Encounter, mailed: Mapping[str, Correspondence]) -> Encounter:
    ours = mailed.get(encounter.account_number)
    if ours is None:
        return encounter
    return msgspec.structs.replace(encounter, correspondence=merge_correspondence(encounter.correspondence, ours))


def merge_correspondence(theirs: Correspondence | None, ours: Correspondence) -> Correspondence:
    """Combine the mailings that the billing system reports with those in the ledger.

    The dunning clocks start at the earliest first statement; the last level is that of the latest mailing.
    """
    if theirs is None:
        return ours
    latest = max(theirs, ours, key=lambda mailed: (mailed.last_mailed_on, mailed.last_level))
    return Correspondence(
        first_statement_on=min(theirs.first_statement_on, ours.first_statement_on),
        statements_sent=max(theirs.statements_sent, ours.statements_sent),
        last_level=latest.last_level,
        last_mailed_on=latest.last_mailed_on,
        highest_level=max(theirs.ladder_level, ours.ladder_level),
    )


def _latest(one: date | None, other: date | None) -> date | None:
    return max((day for day in (one, other) if day is not None), default=None)
