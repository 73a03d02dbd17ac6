"""The page at the end of a simulation: what was mailed, held, owed, and paid, as pictures.

It opens without a network.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pygal
from markupsafe import Markup, escape
from pygal import PluginImportFixer
from pygal.style import Style

from tests.simulation.lives import START
from tests.simulation.simulation import Outcome

# pygal adds an import hook for maps, which warns at every import that fails.
sys.meta_path[:] = [hook for hook in sys.meta_path if not isinstance(hook, PluginImportFixer)]

_STYLE = Style(background="white", plot_background="white", font_family="sans-serif", opacity="1")
SERIES_MAX = 14


def write_page(outcome: Outcome, path: Path) -> Path:
    """Write the page, and return its path. The ledger's file must still exist."""
    months = _months(outcome)
    pictures = [
        _draw("Pieces handed off by month and kind", months, _mailed(outcome), stacked=True),
        _draw("Holds by month and reason", months, _holds(outcome), stacked=True),
        _draw(
            "Owed at the end of the month, by days since the first bill (dollars)",
            months,
            _aging(outcome),
            stacked=True,
        ),
        _draw("Paid by patients in the month (dollars)", months, _paid(outcome)),
        _draw("Payment plans at the end of the year", _PLAN_STATES, _plans(outcome)),
        _draw("Returned, bounced, and rejected by month", months, _failures(outcome), stacked=True),
    ]
    title = f"A simulated year: seed {outcome.plan.seed}, {outcome.plan.guarantors:,} guarantors"
    wrong = Markup().join(Markup("<li>{}</li>").format(str(each)) for each in outcome.violations)
    verdict = Markup("<p>No rule was violated.</p>") if not outcome.violations else Markup("<ul>{}</ul>").format(wrong)
    page = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        "<style>body{{font-family:sans-serif;max-width:1040px;margin:2em auto}}svg{{width:100%;height:auto}}</style>"
        "</head><body><h1>{title}</h1>{verdict}{pictures}</body></html>\n"
    ).format(title=title, verdict=verdict, pictures=Markup("\n").join(pictures))
    path.write_text(page, encoding="utf-8")
    return path


Series = Mapping[str, Mapping[str, int]]
"""Name → month → value."""


def _months(outcome: Outcome) -> list[str]:
    days = (outcome.ended_on - START).days + 1
    return sorted({f"{START + timedelta(days=offset):%Y-%m}" for offset in range(days)})


def _draw(title: str, labels: Sequence[str], series: Series, *, stacked: bool = False) -> Markup:
    chart: Any = (pygal.StackedBar if stacked else pygal.Bar)(
        title=title,
        x_labels=list(labels),
        width=1000,
        height=420,
        js=(),
        style=_STYLE,
        legend_at_bottom=True,
        disable_xml_declaration=True,
        no_data_text="nothing",
    )
    chart.uuid = "plot"
    chart.add_xml_filter(_drop_scripts)
    for name, values in sorted(series.items()):
        chart.add(str(escape(name)), [values.get(label, 0) for label in labels])
    return Markup(chart.render(is_unicode=True))


def _drop_scripts(root: Any) -> Any:
    for parent in root.iter():
        for child in [each for each in parent if str(each.tag).rpartition("}")[2] == "script"]:
            parent.remove(child)
    return root


def _mailed(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for letter in outcome.mail.letters.values():
        name = f"{letter.kind} {letter.level}" if letter.kind in {"statement", "dunning"} else letter.kind
        for attempt in letter.attempts:
            found[name][f"{attempt.departure.day:%Y-%m}"] += 1
    return found


def _failures(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for letter in outcome.mail.letters.values():
        for attempt in letter.attempts:
            if attempt.failed_on:
                found[attempt.failure][f"{attempt.failed_on:%Y-%m}"] += 1
    return found


def _holds(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    query = (
        "SELECT h.code, substr(b.as_of, 1, 7), count(*) FROM candidate_hold h JOIN batch b USING (batch_id)"
        " WHERE b.kind IN ('statement', 'dunning') GROUP BY 1, 2"
    )
    for code, month, count in outcome.ledger.rows(query):
        found[str(code)][str(month)] += int(str(count))
    largest = sorted(found, key=lambda code: -found[code].total())[:SERIES_MAX]
    return {code: found[code] for code in largest}


_AGES = ("not billed yet", "1 to 30", "31 to 60", "61 to 90", "91 to 120", "over 120")


def _aging(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, date] = {}
    for letter in outcome.mail.letters.values():
        if letter.kind == "statement" and letter.arrived_on:
            for account in letter.accounts:
                first[account] = min(first.get(account, letter.arrived_on), letter.arrived_on)
    households = {letter.household.number: letter.household for letter in outcome.mail.letters.values()}
    for offset in range((outcome.ended_on - START).days + 1):
        day = START + timedelta(days=offset)
        if (day + timedelta(days=1)).day != 1 and day != outcome.ended_on:
            continue
        for household in households.values():
            for visit in household.visits:
                billed = first.get(visit.account)
                age = 0 if billed is None or billed > day else min(5, 1 + (day - billed).days // 30)
                found[f"{age} {_AGES[age]}"][f"{day:%Y-%m}"] += max(0, visit.balance(day)) // 100
    return found


def _paid(outcome: Outcome) -> Series:
    paid: Counter[str] = Counter()
    households = {letter.household.number: letter.household for letter in outcome.mail.letters.values()}
    for household in households.values():
        for visit in household.visits:
            for posting in visit.postings:
                if posting.kind == "payment":
                    paid[f"{posting.on:%Y-%m}"] -= posting.cents // 100
    return {"paid": paid}


_PLAN_STATES = ("active", "completed", "defaulted", "cancelled")


def _plans(outcome: Outcome) -> Series:
    households = {letter.household.number: letter.household for letter in outcome.mail.letters.values()}
    return {"plans": Counter(plan.status for household in households.values() for plan in household.plans)}
