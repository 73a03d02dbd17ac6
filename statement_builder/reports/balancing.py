"""Balancing gates: what enters a step must leave it, in documents and cents, for every envelope class.

Pure functions. A gate that does not foot means a bug or damaged data, and no approval can override it.
"""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.billing.model import Record
from statement_builder.ledger import ControlTotals, DeliveryState, Figures, PieceCount, PortalTotals, PrintFileRow
from statement_builder.reports.classes import ClassFigures


class Gate(Record, kw_only=True):
    """One equation of the control sheet. `unit` is `documents` or `cents`, the unit of both totals."""

    name: str
    unit: str
    total_in: int
    total_out: int

    @property
    def foots(self) -> bool:
        return self.total_in == self.total_out


def check_gates(totals: ControlTotals) -> tuple[Gate, ...]:
    """The gates that must foot once a batch is built (design, What must always hold, 1)."""
    gates: list[Gate] = []
    for unit, figures in (("documents", totals.counts), ("cents", totals.cents)):
        gates += [
            Gate(
                name="pulled = selected + held + exceptions",
                unit=unit,
                total_in=figures.pulled,
                total_out=figures.selected + figures.held + figures.exceptions,
            ),
            Gate(
                name="selected = rendered + errors",
                unit=unit,
                total_in=figures.selected,
                total_out=figures.rendered + figures.errors,
            ),
            Gate(
                name="rendered = print + e-mail",
                unit=unit,
                total_in=figures.rendered,
                total_out=figures.print + figures.email,
            ),
        ]
    return tuple(gates)


def check_close(totals: ControlTotals, classes: Iterable[ClassFigures] = ()) -> tuple[Gate, ...]:
    """The gates that must foot before a batch closes: every rendered document was handed off or withheld with a reason,
    in total and in each delivery class."""
    gates = [*_check_delivered("", totals.counts, totals.cents)]
    for each in classes:
        gates += _check_delivered(f"{each.name}: ", each.counts, each.cents)
    return tuple(gates)


def check_acknowledged(totals: ControlTotals) -> tuple[Gate, ...]:
    """Every document handed off was acknowledged by its vendor. A batch closes only when these gates foot."""
    return tuple(
        Gate(name="handed off = acknowledged", unit=unit, total_in=figures.handed_off, total_out=figures.acknowledged)
        for unit, figures in (("documents", totals.counts), ("cents", totals.cents))
    )


def check_mailed(totals: ControlTotals) -> tuple[Gate, ...]:
    """Every acknowledged document was mailed, rejected or bounced. These gates can foot after the batch closes."""
    return tuple(
        Gate(
            name="acknowledged = mailed + rejected + bounced",
            unit=unit,
            total_in=figures.acknowledged,
            total_out=figures.mailed + figures.rejected + figures.bounced,
        )
        for unit, figures in (("documents", totals.counts), ("cents", totals.cents))
    )


def check_portal(totals: PortalTotals) -> tuple[Gate, ...]:
    """Every document handed off is on the portal, or goes to a recipient whom the portal does not know."""
    gates = []
    for index, unit in enumerate(("documents", "cents")):
        out = totals.published[index] + totals.other_recipients[index]
        name = "handed off = on the portal + other recipients"
        gates.append(Gate(name=name, unit=unit, total_in=totals.handed_off[index], total_out=out))
    return tuple(gates)


def check_print_files(files: Iterable[PrintFileRow], pieces: Iterable[PieceCount]) -> tuple[Gate, ...]:
    """For each envelope class, the documents claimed in the ledger are the documents in print files."""
    counted: dict[str, list[int]] = {}
    for file in files:
        if file.state is not DeliveryState.FAILED:
            sums = counted.setdefault(file.envelope_class, [0, 0])
            sums[0] += len(file.documents)
            sums[1] += file.cents
    claimed = {piece.envelope_class: (piece.documents, piece.cents) for piece in pieces}
    gates = []
    for name in sorted(counted.keys() | claimed.keys()):
        for index, unit in enumerate(("documents", "cents")):
            gates.append(
                Gate(
                    name=f"{name}: claimed = in print files",
                    unit=unit,
                    total_in=claimed.get(name, (0, 0))[index],
                    total_out=counted.get(name, [0, 0])[index],
                )
            )
    return tuple(gates)


def describe_broken_gates(gates: Iterable[Gate]) -> str:
    """The gates that do not foot, with their totals; empty if all foot."""
    return "; ".join(
        f"{gate.name} ({gate.unit}): {gate.total_in} in, {gate.total_out} out" for gate in gates if not gate.foots
    )


def _check_delivered(prefix: str, counts: Figures, cents: Figures) -> list[Gate]:
    return [
        Gate(
            name=f"{prefix}rendered = handed off + withheld",
            unit=unit,
            total_in=figures.rendered,
            total_out=figures.handed_off + figures.withheld,
        )
        for unit, figures in (("documents", counts), ("cents", cents))
    ]
