"""Figures by delivery class: the envelope classes of print, and e-mail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel
from statement_builder.ledger import Figures, StatusCount

EMAIL = "e-mail"


class ClassFigures(Record, kw_only=True):
    """Figures of one delivery class. Only figures from rendering on are set."""

    name: str
    """`letter`, `flat`, or `e-mail`."""
    pages: int
    counts: Figures
    cents: Figures


def count_classes(
    status_counts: Iterable[StatusCount], envelope_class: Callable[[int], str]
) -> tuple[ClassFigures, ...]:
    """Rendered documents by delivery class. `envelope_class` maps a page count to an envelope class, for documents that
    are not in a print file yet."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    cents: defaultdict[str, Counter[str]] = defaultdict(Counter)
    pages: Counter[str] = Counter()
    for status in status_counts:
        if "rendered" not in status.figures:
            continue
        name = EMAIL if status.channel is Channel.EMAIL else status.envelope_class or envelope_class(status.pages)
        pages[name] += status.pages * status.documents
        for figure in status.figures:
            counts[name][figure] += status.documents
            cents[name][figure] += status.cents
    return tuple(
        ClassFigures(name=name, pages=pages[name], counts=Figures(**counts[name]), cents=Figures(**cents[name]))
        for name in sorted(counts, key=lambda name: (name == EMAIL, name != "letter", name))
    )
