"""Each way out of the building in figures: the envelope classes of print, and e-mail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel
from statement_builder.ledger import Figures, StatusCount

EMAIL = "e-mail"


class ClassFigures(Record, kw_only=True):
    """One way out. Of the figures those are set that come after rendering."""

    name: str
    """`letter`, `flat`, or `e-mail`."""
    pages: int
    counts: Figures
    cents: Figures


def count_classes(
    status_counts: Iterable[StatusCount], envelope_class: Callable[[int], str]
) -> tuple[ClassFigures, ...]:
    """Rendered documents by the way they take. `envelope_class` gives the class of a document of so many pages, for
    those that no print file holds yet."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    cents: defaultdict[str, Counter[str]] = defaultdict(Counter)
    pages: Counter[str] = Counter()
    for fate in status_counts:
        if "rendered" not in fate.figures:
            continue
        name = EMAIL if fate.channel is Channel.EMAIL else fate.envelope_class or envelope_class(fate.pages)
        pages[name] += fate.pages * fate.documents
        for figure in fate.figures:
            counts[name][figure] += fate.documents
            cents[name][figure] += fate.cents
    return tuple(
        ClassFigures(name=name, pages=pages[name], counts=Figures(**counts[name]), cents=Figures(**cents[name]))
        for name in sorted(counts, key=lambda name: (name == EMAIL, name != "letter", name))
    )
