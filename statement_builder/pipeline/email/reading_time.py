"""How long e-mails wait to be opened before paper follows: until paper could still be read before any date on the page.

The dates are read from the snapshot, because the ledger has only the date to pay or answer by. A refund's letter also
gives the day on which the money leaves. Paper that is too late for that day is held back, and the next batch would
write another letter about the same refund.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from statement_builder.billing.model import GuarantorAccount
from statement_builder.containment import contain
from statement_builder.documents import PrintedTerms
from statement_builder.kinds import decide, find_first_date
from statement_builder.ledger import Batch, Document, Shard
from statement_builder.pipeline.build_worker import printed_terms, read_shard
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.due_dates import last_day_to_open


def read_last_days(context: AppContext, batch: Batch, shard: Shard, documents: Sequence[Document]) -> dict[str, date]:
    """Map document ids to the last day to open an e-mail that leaves today. Where nobody waits, the id is missing.

    `documents` must belong to `shard`.
    """
    days, today = context.settings.mail.unread_email_days, context.today()
    if not days:
        return {}
    first_dates = read_first_dates(context, batch, shard, documents)
    last_days = {
        each.document_id: last_day_to_open(today, days, first_dates.get(each.document_id)) for each in documents
    }
    return {document_id: day for document_id, day in last_days.items() if day is not None}


def read_first_dates(context: AppContext, batch: Batch, shard: Shard, documents: Sequence[Document]) -> dict[str, date]:
    """Map document ids to the earliest date ahead on their pages. Where there is none, the id is missing.

    `documents` must belong to `shard`.
    """
    by_guarantor = {document.guarantor_id: document for document in documents}
    terms, found = printed_terms(context.settings.policy, context.facility), dict[str, date]()
    for entry in read_shard(context.archive, shard):
        if isinstance(entry, GuarantorAccount) and (document := by_guarantor.get(entry.guarantor.guarantor_id)):
            first = _first_date(context, batch, entry, document, terms)
            if first is not None:
                found[document.document_id] = first
    return found


def _first_date(
    context: AppContext, batch: Batch, account: GuarantorAccount, document: Document, terms: PrintedTerms
) -> date | None:
    """The earliest date ahead on a document's pages. The ledger's date if they cannot be read."""
    first = None
    try:
        selection = decide(account, batch.kind, context.settings.policy, document.issued_on).selection
        if selection is not None:  # None: the settings have changed
            first = find_first_date(account, selection, terms, document.issued_on)
    except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
        contain(exc, "reading the dates of this document", document.document_id)
    return min((day for day in (document.due_on, first) if day is not None), default=None)
