"""The equations: what went into a step has to have come out of it, in documents and cents, in every envelope class.

Pure: figures in, verdicts out. A gate that does not foot is our bug or damage, and no approval overrules it.
"""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.billing.model import Record
from statement_builder.ledger import ControlTotals, DeliveryState, Figures, PieceCount, PrintFileRow
from statement_builder.reports.classes import ClassFigures


class Gate(Record, kw_only=True):
    """One equation of the control sheet. `unit` is `documents` or `cents`."""

    name: str
    unit: str
    went_in: int
    came_out: int

    @property
    def foots(self) -> bool:
        return self.went_in == self.came_out


def check_gates(totals: ControlTotals) -> tuple[Gate, ...]:
    """The equations that must hold once a batch is built (design, What must always hold, 1)."""
    gates: list[Gate] = []
    for unit, figures in (("documents", totals.counts), ("cents", totals.cents)):
        gates += [
            Gate(
                name="pulled = selected + held + exceptions",
                unit=unit,
                went_in=figures.pulled,
                came_out=figures.selected + figures.held + figures.exceptions,
            ),
            Gate(
                name="selected = rendered + errors",
                unit=unit,
                went_in=figures.selected,
                came_out=figures.rendered + figures.errors,
            ),
            Gate(
                name="rendered = print + e-mail",
                unit=unit,
                went_in=figures.rendered,
                came_out=figures.print + figures.email,
            ),
        ]
    return tuple(gates)


def check_close(totals: ControlTotals, classes: Iterable[ClassFigures] = ()) -> tuple[Gate, ...]:
    """The last equations: every rendered document was handed off, or was held back with a reason; each class too."""
    gates = [*_all_out("", totals.counts, totals.cents)]
    for each in classes:
        gates += _all_out(f"{each.name}: ", each.counts, each.cents)
    return tuple(gates)


def check_acknowledged(totals: ControlTotals) -> tuple[Gate, ...]:
    """What left has arrived at the other side, as far as that one says so: only then does a batch close."""
    return tuple(
        Gate(name="handed off = acknowledged", unit=unit, went_in=figures.handed_off, came_out=figures.acknowledged)
        for unit, figures in (("documents", totals.counts), ("cents", totals.cents))
    )


def check_mailed(totals: ControlTotals) -> tuple[Gate, ...]:
    """What the other side has is in the mail or was refused. The last answers may come after a batch has closed."""
    return tuple(
        Gate(
            name="acknowledged = mailed + rejected + bounced",
            unit=unit,
            went_in=figures.acknowledged,
            came_out=figures.mailed + figures.rejected + figures.bounced,
        )
        for unit, figures in (("documents", totals.counts), ("cents", totals.cents))
    )


def check_print_files(files: Iterable[PrintFileRow], pieces: Iterable[PieceCount]) -> tuple[Gate, ...]:
    """For each envelope class: what the mail house counted in its print files is what the ledger has attempts for."""
    counted: dict[str, list[int]] = {}
    for file in files:
        if file.state is not DeliveryState.FAILED:
            sums = counted.setdefault(file.envelope_class, [0, 0])
            sums[0] += len(file.documents)
            sums[1] += file.cents
    on_record = {piece.envelope_class: (piece.documents, piece.cents) for piece in pieces}
    gates = []
    for name in sorted(counted.keys() | on_record.keys()):
        for place, unit in enumerate(("documents", "cents")):
            gates.append(
                Gate(
                    name=f"{name}: claimed = in print files",
                    unit=unit,
                    went_in=on_record.get(name, (0, 0))[place],
                    came_out=counted.get(name, [0, 0])[place],
                )
            )
    return tuple(gates)


def name_broken(gates: Iterable[Gate]) -> str:
    """What does not foot, in words; empty where everything does."""
    return "; ".join(
        f"{gate.name} ({gate.unit}): {gate.went_in} in, {gate.came_out} out" for gate in gates if not gate.foots
    )


def _all_out(of: str, counts: Figures, cents: Figures) -> list[Gate]:
    return [
        Gate(
            name=f"{of}rendered = handed off + withheld",
            unit=unit,
            went_in=figures.rendered,
            came_out=figures.handed_off + figures.withheld,
        )
        for unit, figures in (("documents", counts), ("cents", cents))
    ]
