"""Splits a guarantor's account into one account per recipient, so that nobody gets mail about somebody else's visits.

A contact takes a part of the mail: that of a patient or a visit to a confidential address (45 CFR 164.522(b)), or that
of the guarantor to an attorney (15 USC 1692c(a)(2) binds collectors; we do the same). Each account that comes out is
decided, printed and followed like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from statement_builder.billing.identifiers import recipient_id
from statement_builder.billing.model import (
    Address,
    Contact,
    ContactKind,
    Encounter,
    Guarantor,
    GuarantorAccount,
    ObstetricEpisode,
    PlanStatus,
    RecordedHold,
)
from statement_builder.billing.names import full_name
from statement_builder.billing.text import fold
from statement_builder.policy.encounter_rules import coverage_spans
from statement_builder.policy.hold_codes import HOLD_CODES, Scope

_ABOUT_THE_ADDRESS = ("RETMAIL", "BADADDR", "NOZIP", "CONF_NOADDR")
"""Codes of a whole guarantor that are about the guarantor's own address, so they hold no other recipient's mail."""


def split_account(account: GuarantorAccount) -> tuple[GuarantorAccount, ...]:
    """One account per recipient: the guarantor's own first, even if nothing is left on it, then one per contact with
    visits or pregnancies. Every encounter is on exactly one of them.

    Of several contacts for a visit the most specific one gets it: the visit's, then the patient's, then the
    guarantor's. An unapplied payment counts for each recipient, and a plan with visits of several is held, because
    nobody knows whose they are.
    """
    if not account.contacts:
        return (account,)
    owners = {each.account_number: _find_owner(account.contacts, each) for each in account.encounters}
    hosts = {each.episode_id: _find_host(account.contacts, each) for each in account.episodes}
    parts = [None, *(each for each in account.contacts if each in owners.values() or each in hosts.values())]
    split = _Split(account, owners, hosts)
    return tuple(split.make_part(contact) for contact in parts)


def _find_owner(contacts: Sequence[Contact], visit: Encounter) -> Contact | None:
    """The contact that gets the mail about a visit. None: the guarantor."""
    covering = [
        each
        for each in contacts
        if each.account_number == visit.account_number
        or (not each.account_number and each.patient_id in {"", visit.patient_id})
    ]
    return max(covering, key=lambda each: (bool(each.account_number), bool(each.patient_id)), default=None)


def _find_host(contacts: Sequence[Contact], episode: ObstetricEpisode) -> Contact | None:
    """The contact that gets the notices about a pregnancy: the patient's own address, never an attorney."""
    for each in contacts:
        if each.kind is ContactKind.CONFIDENTIAL and not each.account_number and each.patient_id == episode.patient_id:
            return each
    return None


class _Split:
    """One account that is being split. `owners` and `hosts` are the contacts of its visits and pregnancies."""

    def __init__(
        self, account: GuarantorAccount, owners: dict[str, Contact | None], hosts: dict[str, Contact | None]
    ) -> None:
        self._account = account
        self._owners = owners
        self._hosts = hosts
        self._spans = coverage_spans(account)
        self._at_attorneys = frozenset(
            number for number, each in owners.items() if each is not None and each.kind is ContactKind.ATTORNEY
        )

    def make_part(self, contact: Contact | None) -> GuarantorAccount:
        """The account of one contact, or of the guarantor."""
        account = self._account
        encounters = tuple(each for each in account.encounters if self._owners[each.account_number] == contact)
        episodes = tuple(each for each in account.episodes if self._hosts[each.episode_id] == contact)
        numbers = frozenset(each.account_number for each in encounters)
        episode_ids = {each.episode_id for each in episodes}
        patient_ids = _patients_of(encounters, episodes)
        if contact is None:
            anywhere = _patients_of(account.encounters, account.episodes)
            patient_ids |= {each.patient_id for each in account.patients} - anywhere
        return replace(
            account,
            guarantor=account.guarantor if contact is None else self._make_recipient(contact, encounters, episodes),
            patients=tuple(each for each in account.patients if each.patient_id in patient_ids),
            encounters=encounters,
            plans=tuple(each for each in account.plans if self._has_plan(each.plan_id, numbers, contact)),
            deductions=account.deductions if contact is None else (),
            holds=(
                *self._recorded_holds(contact, numbers, episode_ids),
                *self._shared_plan_holds(encounters),
                *self._pregnancy_holds(episodes),
                *self._address_holds(contact),
            ),
            coverages=tuple(each for each in self._spans if each.patient_id in patient_ids),
            assistance=tuple(each for each in account.assistance if {each.account_number} <= {"", *numbers}),
            episodes=episodes,
            refunds=tuple(
                each
                for each in account.refunds
                if each.account_number in numbers or (each.episode_id and each.episode_id in episode_ids)
            ),
            contacts=(),
            estates=account.estates if contact is None else (),
            split_off=tuple(each.account_number for each in account.encounters if each.account_number not in numbers),
        )

    def _make_recipient(
        self, contact: Contact, encounters: Sequence[Encounter], episodes: Sequence[ObstetricEpisode]
    ) -> Guarantor:
        guarantor, is_attorney = self._account.guarantor, contact.kind is ContactKind.ATTORNEY
        first_name, last_name = "", contact.name
        if not is_attorney:
            patient_id = contact.patient_id or min(_patients_of(encounters, episodes))
            patient = next(each for each in self._account.patients if each.patient_id == patient_id)
            first_name, last_name = patient.first_name, patient.last_name
        same_email = contact.email.casefold() == guarantor.email.casefold()
        return Guarantor(
            guarantor_id=recipient_id(guarantor.guarantor_id, contact.contact_id),
            first_name=first_name,
            last_name=last_name,
            address=contact.address,
            confidential_address=None if is_attorney else contact.address,
            email=contact.email,
            language=contact.language or ("en" if is_attorney else guarantor.language),
            other_language=contact.other_language
            or ("" if is_attorney or contact.language else guarantor.other_language),
            large_print=contact.large_print,
            alternate_format=None if is_attorney else guarantor.alternate_format,
            alternate_format_requested_on=None if is_attorney else guarantor.alternate_format_requested_on,
            delivery=contact.delivery,
            email_consent_at=None if same_email else contact.email_consent_at,
            email_consent_terms=contact.email_consent_terms,
            email_consent_source=contact.email_consent_source,
            email_consent_withdrawn_on=contact.email_consent_withdrawn_on,
            birth_on=guarantor.birth_on,
            contact_kind=contact.kind,
            client_name=full_name(guarantor) if is_attorney else "",
        )

    def _has_plan(self, plan_id: str, numbers: Collection[str], contact: Contact | None) -> bool:
        """A plan is where its visits are; one without visits stays with the guarantor."""
        on_plan = [each.account_number for each in self._account.encounters if each.plan_id == plan_id]
        return any(number in numbers for number in on_plan) or (contact is None and not on_plan)

    def _recorded_holds(
        self, contact: Contact | None, numbers: Collection[str], episode_ids: Collection[str]
    ) -> Iterable[RecordedHold]:
        for hold in self._account.holds:
            if self._reaches(hold, contact, numbers, episode_ids) and not self._is_answered(hold, contact):
                yield replace(
                    hold,
                    account_number=hold.account_number if hold.account_number in numbers else "",
                    episode_id=hold.episode_id if hold.episode_id in episode_ids else "",
                )

    def _reaches(
        self, hold: RecordedHold, contact: Contact | None, numbers: Collection[str], episode_ids: Collection[str]
    ) -> bool:
        """Whether a recorded hold concerns this part: a hold on the whole guarantor concerns every part, unless it is
        about the guarantor's address or wishes."""
        code = HOLD_CODES.get(hold.code)
        if code is not None and hold.code in _ABOUT_THE_ADDRESS:
            return contact is None
        if code is None or code.scope in {Scope.GUARANTOR, Scope.ALL}:
            return True
        if hold.account_number:
            return hold.account_number in numbers
        if hold.episode_id:
            return hold.episode_id in episode_ids
        return contact is None or code.scope is not Scope.CONTENT

    def _is_answered(self, hold: RecordedHold, contact: Contact | None) -> bool:
        """Whether a contact does what the hold asks for: an attorney is on file, or the minor's own address."""
        if hold.code == "MINOR_SENS":
            return contact is not None and contact.kind is ContactKind.CONFIDENTIAL
        if hold.code != "ATTY":
            return False
        if contact is not None and contact.kind is ContactKind.ATTORNEY:
            return True
        if hold.account_number:
            return hold.account_number in self._at_attorneys
        return any(
            each.kind is ContactKind.ATTORNEY and not each.account_number and not each.patient_id
            for each in self._account.contacts
        )

    def _shared_plan_holds(self, encounters: Iterable[Encounter]) -> Iterable[RecordedHold]:
        """A plan that is paid by several recipients: its amount due is nobody's alone."""
        recipients: defaultdict[str, list[Contact | None]] = defaultdict(list)
        for each in self._account.encounters:
            owner = self._owners[each.account_number]
            if owner not in recipients[each.plan_id]:
                recipients[each.plan_id].append(owner)
        active = {each.plan_id: each for each in self._account.plans if each.status is PlanStatus.ACTIVE}
        for each in encounters:
            plan = active.get(each.plan_id)
            if plan is not None and len(recipients[each.plan_id]) > 1:
                yield RecordedHold(
                    hold_id=f"plan-{each.account_number}",
                    code="PLAN_SPLIT",
                    placed_on=plan.opened_on,
                    account_number=each.account_number,
                )

    def _pregnancy_holds(self, episodes: Iterable[ObstetricEpisode]) -> Iterable[RecordedHold]:
        """No notice about the pregnancy of a patient whose mail goes to somebody else, in full or in part."""
        for each in episodes:
            if self._hosts[each.episode_id] is None and self._has_contact(each.patient_id):
                yield RecordedHold(
                    hold_id=f"recipient-{each.episode_id}",
                    code="OTHER_RECIPIENT",
                    placed_on=each.estimate_on,
                    episode_id=each.episode_id,
                )

    def _has_contact(self, patient_id: str) -> bool:
        visits = {each.account_number for each in self._account.encounters if each.patient_id == patient_id}
        return any(
            each.account_number in visits or (not each.account_number and each.patient_id in {"", patient_id})
            for each in self._account.contacts
        )

    def _address_holds(self, contact: Contact | None) -> Iterable[RecordedHold]:
        """A contact without an address, or with the guarantor's, holds its mail: it never goes to the guarantor."""
        if contact is None or not self._lacks_address(contact):
            return
        code = "ATTY" if contact.kind is ContactKind.ATTORNEY else "CONF_NOADDR"
        dates = [each.service_to for each in self._account.encounters]
        dates += [each.estimate_on for each in self._account.episodes]
        yield RecordedHold(hold_id=f"contact-{contact.contact_id}", code=code, placed_on=min(dates))

    def _lacks_address(self, contact: Contact) -> bool:
        address, guarantor = contact.address, self._account.guarantor
        if not any((*address.lines, address.city, address.postal_code)):
            return True
        own = [each for each in (guarantor.address, guarantor.confidential_address) if each is not None]
        return contact.kind is ContactKind.CONFIDENTIAL and _place(address) in [_place(each) for each in own]


def _patients_of(encounters: Iterable[Encounter], episodes: Iterable[ObstetricEpisode]) -> set[str]:
    return {each.patient_id for each in encounters} | {each.patient_id for each in episodes}


def _place(address: Address) -> tuple[str, ...]:
    """What says where an address is, without differences in spelling that the mail ignores."""
    return (*(fold(line) for line in address.lines), fold(address.city), address.postal_code[:5])
