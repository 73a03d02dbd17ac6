"""Whom the letters about an estate are addressed to: its representative, and never a relative as such.

An estate is not a person. The envelope names the personal representative, or the estate's attorney, and the estate. The
address block is in English in every language, for the postal service and the court.
"""

from __future__ import annotations

from msgspec.structs import replace

from statement_builder.billing.model import Delivery, Estate, Guarantor, GuarantorAccount
from statement_builder.billing.names import full_name
from statement_builder.policy.recorded_holds import CONFIDENTIAL

_ABOUT_THE_GUARANTOR_S_ADDRESS = frozenset({"RETMAIL", "BADADDR", "NOZIP", "CONF_NOADDR", CONFIDENTIAL})
"""Recorded holds that say nothing of the address of a representative."""


def address_to_estate(account: GuarantorAccount) -> GuarantorAccount:
    """The account with the estate's representative as its recipient. Without an estate, or with several, it is
    unchanged: the rules hold it."""
    if len(account.estates) != 1:
        return account
    (estate,) = account.estates
    holds = account.holds
    if estate.address is not None:
        holds = tuple(each for each in holds if each.account_number or each.code not in _ABOUT_THE_GUARANTOR_S_ADDRESS)
    return replace(
        account,
        guarantor=_make_recipient(account.guarantor, estate),
        estates=(replace(estate, decedent_name=full_name(account.guarantor)),),
        holds=holds,
    )


def _make_recipient(guarantor: Guarantor, estate: Estate) -> Guarantor:
    """The guarantor's own wishes, such as e-mail or braille, ended with the guarantor."""
    of_estate = f"Estate of {full_name(guarantor)}"
    if estate.attorney_name:
        name, name_line_2 = estate.attorney_name, f"Attorney for the {of_estate}"
    elif estate.representative_name:
        name, name_line_2 = estate.representative_name, f"Personal Representative, {of_estate}"
    else:
        name, name_line_2 = "Personal Representative", of_estate
    return Guarantor(
        guarantor_id=guarantor.guarantor_id,
        first_name="",
        last_name=name,
        name_line_2=name_line_2,
        address=estate.address or guarantor.address,
        confidential_address=None if estate.address else guarantor.confidential_address,
        language=estate.language or guarantor.language,
        other_language=estate.other_language if estate.language else guarantor.other_language,
        large_print=estate.large_print,
        delivery=Delivery.PAPER,
    )
