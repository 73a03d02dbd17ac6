"""Documents of a sample hospital, composed and not rendered: for benchmarks and previews. Nobody's data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
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
    with_documents = _with_documents(folder, documents, kind, settings)
    return list(islice((content for _, content in with_documents), documents))


def sample_variants(
    folder: Path, kind: Kind, settings: Settings, languages: tuple[str, ...], *, levels_max: int = 4
) -> Iterator[Content]:
    """One sample document of each level of a kind, in each of these languages, in standard and in large print. The
    sample hospital is made in `folder`."""
    seen: set[int] = set()
    for account, content in _with_documents(folder, _LOOKED_AT, kind, settings):
        if content.level in seen:
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


def _with_documents(
    folder: Path, documents: int, kind: Kind, settings: Settings
) -> Iterator[tuple[GuarantorAccount, Content]]:
    """The recipients of a sample hospital who get a document of the kind, with the document."""
    url = f"sqlite:///{folder / 'hospital.db'}"
    make_sample(url, guarantors=max(100, definition_of(kind).sample_guarantors * documents), seed=1, as_of=AS_OF)
    languages = frozenset(settings.render.languages)
    with open_source("reference", url, SQL_ROOT, languages=languages) as source:
        for entry in source.accounts(as_of=AS_OF, cycle="2026-11"):
            for part in () if isinstance(entry, FaultyAccount) else split_account(entry):
                if (content := _compose(part, kind, settings)) is not None:
                    yield part, content


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
