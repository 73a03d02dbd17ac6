"""Where an envelope's windows lie over page 1, in inches from its top left corner."""

from __future__ import annotations

from pdf_kit.geometry import Rect
from statement_builder.billing.model import Record


class Windows(Record, kw_only=True, cache_hash=True):
    """The two windows of an envelope, and how far the sheet can slip behind them.

    A sheet of 8.5 inches has an inch of play in a #10 envelope of 9.5; folded to 3.667 it has 0.458 in 4.125, less 0.04
    for the envelope's own folds. It settles at the bottom left, so what can ever show lies left of and below each
    window's nominal place.
    """

    sender: Rect
    recipient: Rect
    clear: float = 0.125
    """Inches between the address and the window's edges (USPS Publication 25)."""
    play_down: float = 0.418
    clear_zones: tuple[Rect, ...] = ()
    """Also blank on page 1: what is printed there later is no part of the document."""


DOUBLE_WINDOW_10 = Windows(
    sender=Rect(left=0.625, top=0.5, width=3.25, height=0.875),
    recipient=Rect(left=0.625, top=1.7, width=4.0, height=1.0),
    clear_zones=(
        Rect(left=0.645, top=2.51, width=2.933, height=0.189),
        Rect(left=0.0, top=3.75, width=0.5, height=3.5),
    ),
)
