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

from tests.simulation.letters import Letter
from tests.simulation.lives import START
from tests.simulation.simulation import Outcome

# pygal adds an import hook for maps, which warns at every import that fails.
sys.meta_path[:] = [hook for hook in sys.meta_path if not isinstance(hook, PluginImportFixer)]

_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#555555", "#b9a0d8", "#8c510a")
"""Okabe and Ito's colors, which readers with any color vision tell apart, and two more."""
_STYLE = Style(
    background="white",
    plot_background="white",
    font_family="sans-serif",
    opacity="1",
    colors=_COLORS,
    guide_stroke_dasharray="1,4",
    major_guide_stroke_dasharray="1,4",
    title_font_size=18,
    label_font_size=13,
    legend_font_size=13,
)
SERIES_MAX = 9
"""Of one picture, with the rest as one more: there are ten colors."""


def write_page(outcome: Outcome, path: Path) -> Path:
    """Write the page, and return its path. The ledger's file must still exist."""
    months = _months(outcome)
    pictures = [
        _draw("Pieces handed off", months, _mailed(outcome)),
        _draw("Holds of statements and dunning letters, by reason", months, _holds(outcome)),
        _draw("Owed at the end of the month, by days since the first bill", months, _aging(outcome), is_money=True),
        _draw("Paid in the month", months, _paid(outcome), is_money=True),
        _draw("At collection agencies at the end of the month, and given back", months, _placed(outcome)),
        _draw("Payment plans on the last day", _PLAN_STATES, _plans(outcome)),
        _draw("Returned, bounced, rejected, and unread", months, _failures(outcome)),
    ]
    title = f"A simulated year: seed {outcome.plan.seed}, {outcome.plan.guarantors:,} guarantors"
    wrong = Markup().join(Markup("<li>{}</li>").format(str(each)) for each in outcome.violations)
    verdict = Markup("<p>No rule was violated.</p>") if not outcome.violations else Markup("<ul>{}</ul>").format(wrong)
    page = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        "<style>body{{font-family:sans-serif;max-width:1040px;margin:2em auto;padding:0 1em}}"
        "svg{{width:100%;height:auto}}td{{padding:.1em 2em .1em 0}}</style>"
        "</head><body><h1>{title}</h1>{verdict}{summary}{pictures}</body></html>\n"
    ).format(title=title, verdict=verdict, summary=_summary(outcome), pictures=Markup("\n").join(pictures))
    path.write_text(page, encoding="utf-8")
    return path


Series = Mapping[str, Mapping[str, int]]
"""Name → month → value."""


def _months(outcome: Outcome) -> list[str]:
    days = (outcome.ended_on - START).days + 1
    return sorted({f"{START + timedelta(days=offset):%Y-%m}" for offset in range(days)})


def _summary(outcome: Outcome) -> Markup:
    letters = outcome.mail.letters.values()
    attempts = [attempt for each in letters for attempt in each.attempts]
    placed = [each for some in outcome.mail.placements.values() for each in some]
    rows = {
        "To": f"{outcome.ended_on:%B} {outcome.ended_on.day}, {outcome.ended_on.year}",
        "Events": f"{len(outcome.events):,}",
        "Documents": f"{len(letters):,}",
        "Copies and corrections": f"{sum(bool(each.revision_of) for each in letters):,}",
        "Times that one left": f"{len(attempts):,}",
        "Of these, not arrived": f"{sum(bool(each.failure) for each in attempts):,}",
        "Visits placed with agencies": f"{len(placed):,}",
        "Collected by agencies": _dollars(sum(each.collected for each in placed) // 100),
        "What the office met": f"{len(outcome.log):,} lines",
    }
    cells = Markup().join(Markup("<tr><td>{}</td><td>{}</td></tr>").format(*row) for row in rows.items())
    return Markup("<table>{}</table>").format(cells)


def _draw(title: str, labels: Sequence[str], series: Series, *, is_money: bool = False) -> Markup:
    """One picture of stacked columns, in the order of the series."""
    largest = max((sum(values.get(label, 0) for values in series.values()) for label in labels), default=0)
    chart: Any = pygal.StackedBar(
        title=title,
        x_labels=list(labels),
        width=1000,
        height=400,
        js=(),
        style=_STYLE,
        legend_at_bottom=True,
        legend_at_bottom_columns=5,
        show_legend=len(series) > 1,
        y_labels=_ticks(largest),
        value_formatter=_dollars if is_money else "{:,.0f}".format,
        disable_xml_declaration=True,
        no_data_text="nothing",
    )
    chart.uuid = "plot"
    chart.add_xml_filter(_drop_scripts)
    for name, values in series.items():
        chart.add(str(escape(name)), [values.get(label, 0) for label in labels])
    return Markup(chart.render(is_unicode=True))


def _ticks(largest: int) -> list[int]:
    """Four to eight round whole numbers from nothing to at least the largest value."""
    step = next(base * 10**power for power in range(12) for base in (1, 2, 5) if base * 10**power * 8 >= largest)
    return [step * number for number in range(max(1, -(-largest // step)) + 1)]


def _dollars(value: float) -> str:
    return f"${value:,.0f}"


def _by_size(found: Mapping[str, Counter[str]]) -> Series:
    """The largest series first, and the smallest together."""
    names = sorted(found, key=lambda name: (-found[name].total(), name))
    series = {name: found[name] for name in names[:SERIES_MAX]}
    for name in names[SERIES_MAX:]:
        series.setdefault("other", Counter()).update(found[name])
    return series


def _drop_scripts(root: Any) -> Any:
    for parent in root.iter():
        for child in [each for each in parent if str(each.tag).rpartition("}")[2] == "script"]:
            parent.remove(child)
    return root


def _mailed(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for letter in outcome.mail.letters.values():
        name = _step_of(letter)
        for attempt in letter.attempts:
            found[name][f"{attempt.departure.day:%Y-%m}"] += 1
    return {name: found[name] for name in sorted(found, key=_ORDER.index)}


_STEPS = ("first statement", "second statement", "past due", "second notice", "final notice")
_GROUPS = {
    "ob": "obstetric notice",
    "plan": "plan letter",
    "assistance": "assistance letter",
    "estate": "estate letter",
}
_ORDER = (*_STEPS, *_GROUPS.values(), "other letter")


def _step_of(letter: Letter) -> str:
    if letter.kind in {"statement", "dunning"} and not letter.is_copy:
        return _STEPS[letter.level]
    return _GROUPS.get(letter.kind.partition("-")[0], "other letter")


def _failures(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for letter in outcome.mail.letters.values():
        for attempt in letter.attempts:
            if attempt.failed_on:
                found[attempt.failure][f"{attempt.failed_on:%Y-%m}"] += 1
    return _by_size(found)


def _holds(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    query = (
        "SELECT h.code, substr(b.as_of, 1, 7), count(*) FROM candidate_hold h JOIN batch b USING (batch_id)"
        " WHERE b.kind IN ('statement', 'dunning') GROUP BY 1, 2"
    )
    for code, month, count in outcome.ledger.rows(query):
        found[str(code)][str(month)] += int(str(count))
    return _by_size(found)


_AGES = ("not billed yet", "0 to 30 days", "31 to 60 days", "61 to 90 days", "91 to 120 days", "over 120 days")


def _aging(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, date] = {}
    for letter in outcome.mail.letters.values():
        if letter.kind == "statement" and letter.arrived_on:
            for account in letter.accounts:
                first[account] = min(first.get(account, letter.arrived_on), letter.arrived_on)
    households = {letter.household.number: letter.household for letter in outcome.mail.letters.values()}
    for day in _month_ends(outcome):
        for household in households.values():
            for visit in household.visits:
                billed = first.get(visit.account)
                age = 0 if billed is None or billed > day else min(5, 1 + max(0, (day - billed).days - 1) // 30)
                found[_AGES[age]][f"{day:%Y-%m}"] += max(0, visit.balance(day)) // 100
    return {name: found[name] for name in _AGES if name in found}


def _paid(outcome: Outcome) -> Series:
    paid: dict[str, Counter[str]] = {name: Counter() for name in _METHODS.values()}
    households = {letter.household.number: letter.household for letter in outcome.mail.letters.values()}
    for household in households.values():
        for visit in household.visits:
            for posting in visit.postings:
                if posting.kind == "payment":
                    paid[_METHODS[posting.method]][f"{posting.on:%Y-%m}"] -= posting.cents // 100
    return paid


_METHODS = {"CHECK": "by patients", "AGENCY": "through an agency", "PAYROLL": "from wages"}


def _placed(outcome: Outcome) -> Series:
    found: dict[str, Counter[str]] = {"at an agency": Counter()}
    placed = [each for some in outcome.mail.placements.values() for each in some]
    for day in _month_ends(outcome):
        month = f"{day:%Y-%m}"
        for each in placed:
            if each.placed_on <= day and (each.ended_on is None or each.ended_on > day):
                found["at an agency"][month] += 1
            if each.ended_on is not None and f"{each.ended_on:%Y-%m}" == month:
                found.setdefault(each.state, Counter())[month] += 1
    return found


def _month_ends(outcome: Outcome) -> list[date]:
    """The last simulated day of each month."""
    days = [START + timedelta(days=offset) for offset in range((outcome.ended_on - START).days + 1)]
    return [day for day in days if (day + timedelta(days=1)).day == 1 or day == outcome.ended_on]


_PLAN_STATES = ("active", "completed", "defaulted", "cancelled")


def _plans(outcome: Outcome) -> Series:
    households = {letter.household.number: letter.household for letter in outcome.mail.letters.values()}
    return {"plans": Counter(plan.status for household in households.values() for plan in household.plans)}
