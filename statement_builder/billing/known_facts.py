"""What others may know about the people of an account, so that no password may consist of it."""

from __future__ import annotations

from statement_builder.billing.model import Address, GuarantorAccount


def known_facts(account: GuarantorAccount) -> tuple[str, ...]:
    """Names, ids and addresses. Dates and numbers need not be listed: no secret may consist of them."""
    guarantor = account.guarantor
    return (
        guarantor.first_name,
        guarantor.last_name,
        guarantor.suffix,
        guarantor.client_name,
        *(name for each in account.patients for name in (each.first_name, each.last_name)),
        guarantor.email,
        *_address_facts(guarantor.address),
        *(_address_facts(guarantor.confidential_address) if guarantor.confidential_address else ()),
        guarantor.guarantor_id,
        *(each.patient_id for each in account.patients),
        *(each.account_number for each in account.encounters),
        *(each.episode_id for each in account.episodes),
        *(each.plan_id for each in account.plans),
        *(each.insurance_name for each in account.encounters),
    )


def _address_facts(address: Address) -> tuple[str, ...]:
    return (*address.lines, address.city)
