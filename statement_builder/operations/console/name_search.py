"""Find guarantors by the name of the guarantor or of a patient. The ledger has no names: the billing system is read."""

from __future__ import annotations

from functools import partial

from statement_builder.billing.model import GuarantorAccount, Record
from statement_builder.billing.names import full_name
from statement_builder.billing.text import fold
from statement_builder.errors import ConfigError
from statement_builder.operations.access import record_access, subject
from statement_builder.pipeline.context import AppContext
from statement_builder.source import read_refusing

FOUND_MAX = 50
_LETTERS_MIN = 2
_CHARACTERS_MAX = 100


class NamedGuarantor(Record, kw_only=True):
    """A guarantor whom a name means."""

    guarantor_id: str
    name: str
    patients: tuple[str, ...]
    """The names of the patients on the account, besides the guarantor's own."""


class NameSearch(Record, kw_only=True):
    """What a search found. Names are shown to the person who asked, and recorded nowhere."""

    found: tuple[NamedGuarantor, ...]
    is_complete: bool
    """Whether these are all."""


def find_by_name(context: AppContext, text: str) -> NameSearch:
    """The guarantors with a name, or a patient with a name, that begins with each of these words, in any order; case
    and accents do not count. Whether something was mailed to them does not matter.

    The view is recorded, with the guarantors that were found and without the words. `ConfigError` if the setting
    `console.finds_names` does not allow it, or the text has no word of two letters; `SourceError` if the billing system
    cannot be read.
    """
    if not context.settings.console.finds_names:
        raise ConfigError("The setting console.finds_names does not allow a search by name.")
    words = fold(text[:_CHARACTERS_MAX]).split()
    if not any(len(word) >= _LETTERS_MIN for word in words):
        raise ConfigError(f"Write at least {_LETTERS_MIN} letters of the name.")
    found = read_refusing(partial(_search, context, words))
    record_access(context, "console name search", [subject(guarantor_id=each.guarantor_id) for each in found])
    return NameSearch(found=tuple(found[:FOUND_MAX]), is_complete=len(found) <= FOUND_MAX)


def _search(context: AppContext, words: list[str], refused: frozenset[int]) -> list[NamedGuarantor]:
    today = context.today()
    found: list[NamedGuarantor] = []
    with context.open_source(context.settings.source.name) as source:
        for entry in source.accounts(as_of=today, cycle=f"{today:%Y-%m}", refused=refused):
            if len(found) > FOUND_MAX or not isinstance(entry, GuarantorAccount):
                continue  # read to the end, which is where a source says that it was not complete
            own = full_name(entry.guarantor)
            patients = tuple(dict.fromkeys(full_name(each) for each in entry.patients))
            if any(_matches(words, name) for name in (own, *patients)):
                others = tuple(each for each in patients if each != own)
                found.append(NamedGuarantor(guarantor_id=entry.guarantor.guarantor_id, name=own, patients=others))
    return found


def _matches(words: list[str], name: str) -> bool:
    """Whether each word begins another word of the name."""
    rest = fold(name).split()
    for word in sorted(words, key=len, reverse=True):
        match = next((each for each in rest if each.startswith(word)), None)
        if match is None:
            return False
        rest.remove(match)
    return True
