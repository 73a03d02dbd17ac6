"""Documents of a sample hospital, composed and not rendered: for benchmarks and previews. Nobody's data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec

from mail_house.secret import KeyRing
from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Kind
from statement_builder.documents import CompositionError, Content
from statement_builder.kinds import candidate_cents, compose, decide, definition_of
from statement_builder.pipeline.build_worker import printed_terms
from statement_builder.pipeline.payment_codes import payment_check
from statement_builder.policy import split_account
from statement_builder.resources import SQL_ROOT
from statement_builder.settings import Settings
from statement_builder.source import make_sample, open_source

AS_OF = date(2026, 11, 7)
_KEYS = KeyRing(["not a secret: these pages are never mailed"])


def sample_contents(folder: Path, documents: int, kind: Kind, settings: Settings) -> list[Content]:
    """Up to `documents` documents of a sample hospital, which is made in `folder`."""
    url = make_sample_hospital(folder, _guarantors_for(kind, documents))
    return contents_by_kind(url, documents, [kind], settings)[kind]


def make_sample_hospital(folder: Path, guarantors: int) -> str:
    """Make a sample hospital in `folder`. Returns the URL of its billing system."""
    url = f"sqlite:///{folder / 'hospital.db'}"
    make_sample(url, guarantors=guarantors, seed=1, as_of=AS_OF)
    return url


def contents_by_kind(url: str, documents: int, kinds: Sequence[Kind], settings: Settings) -> dict[Kind, list[Content]]:
    """Up to `documents` documents of each kind, from the sample hospital at `url`, in the order of its accounts."""
    contents: dict[Kind, list[Content]] = {kind: [] for kind in kinds}
    for recipient in _recipients(url, settings):
        pending = [kind for kind, found in contents.items() if len(found) < documents]
        if not pending:
            break
        for kind in pending:
            content = _compose(recipient, kind, settings)
            if content is not None:
                contents[kind].append(content)
    return contents


def sample_variants(
    folder: Path, kind: Kind, settings: Settings, languages: tuple[str, ...], *, levels_max: int = 4
) -> Iterator[Content]:
    """One sample document of each level of a kind, in each of these languages, in standard and in large print. The
    sample hospital is made in `folder`."""
    seen: set[int] = set()
    url = make_sample_hospital(folder, _guarantors_for(kind, _LOOKED_AT))
    for account in _recipients(url, settings):
        content = _compose(account, kind, settings)
        if content is None or content.level in seen:
            continue
        seen.add(content.level)
        for language in languages:
            for large_print in (False, True):
                guarantor = msgspec.structs.replace(
                    account.guarantor, language=language, other_language="", large_print=large_print
                )
                variant = _compose(msgspec.structs.replace(account, guarantor=guarantor), kind, settings)
                if variant is not None:
                    yield variant
        if len(seen) == levels_max:
            return


_LOOKED_AT = 12
"""Sample documents among which each level is looked for."""


def _guarantors_for(kind: Kind, documents: int) -> int:
    return max(100, definition_of(kind).sample_guarantors * documents)


def _recipients(url: str, settings: Settings) -> Iterator[GuarantorAccount]:
    languages = frozenset(settings.render.languages)
    with open_source("reference", url, SQL_ROOT, languages=languages) as source:
        for entry in source.accounts(as_of=AS_OF, cycle="2026-11"):
            yield from () if isinstance(entry, FaultyAccount) else split_account(entry)


def _compose(account: GuarantorAccount, kind: Kind, settings: Settings) -> Content | None:
    if candidate_cents(account, kind, AS_OF) is None:
        return None
    definition = definition_of(kind)
    account = definition.readdress(msgspec.structs.replace(account, letters=definition.sample_letters(account)))
    decision = decide(account, kind, settings.policy, AS_OF)
    if decision.outcome != "selected" or decision.selection is None:
        return None
    try:
        return compose(
            account,
            decision.selection,
            settings.require_facility(),
            terms=printed_terms(settings.policy, settings.require_facility()),
            batch_cycle="2026-11",
            issued_on=AS_OF,
            payment_check=payment_check(_KEYS),
        )
    except CompositionError:
        return None
