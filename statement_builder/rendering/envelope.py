"""An envelope's windows over page 1, and the zones of page 1 that verification checks. All lengths are in inches."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from pdf_kit.geometry import Rect, find_page_edges
from statement_builder.billing.model import Record

PAGE_HEIGHT = 11.0
COUPON_ZONE = Rect(left=0, top=7.5, width=8.5, height=3.5)
"""What the payer tears off."""
SCANLINE_ZONE = Rect(left=4.65, top=9.92, width=3.5, height=0.61)
"""The longest scan line and its clear area (theme.css)."""


class EnvelopeWindows(Record, kw_only=True, cache_hash=True):
    """The two windows of an envelope, and how far the sheet can slip behind them. Built from a print profile.

    A folded sheet is smaller than its envelope. It settles at the bottom left, so a window can show only what is left
    of and below the window's nominal position.
    """

    sender: Rect
    recipient: Rect
    clear: float
    """Between an address and the edges of its window (USPS Publication 25)."""
    play_down: float
    """How far the sheet can move up, so that a window shows what is printed below its nominal position."""
    clear_zones: tuple[Rect, ...] = ()
    """Also blank on page 1: the vendor prints there."""
    print_margin: float
    """Along every edge of every page, where the printer cannot print."""


class CheckedZones(NamedTuple):
    """The zones of page 1 that verification reads."""

    recipient: Rect
    sender: Rect
    visible: Rect
    """Everything that could show in either window, wherever the sheet slips."""
    summary: Rect
    """Right of everything that could show."""
    margins: tuple[Rect, ...]
    """The blank strips around both addresses."""
    clear: tuple[Rect, ...]
    edges: tuple[Rect, ...]
    """The printer's margins of every page, and everything beyond them."""

    @property
    def all(self) -> tuple[Rect, ...]:
        return (
            self.recipient,
            self.sender,
            self.visible,
            self.summary,
            *self.margins,
            *self.clear,
            *self.edges,
            SCANLINE_ZONE,
        )


@lru_cache(maxsize=16)
def find_checked_zones(windows: EnvelopeWindows, page_width: float) -> CheckedZones:
    """The zones to check for this envelope."""
    left = max(windows.sender.right, windows.recipient.right)
    height = windows.recipient.bottom + windows.play_down
    return CheckedZones(
        recipient=windows.recipient.inset(windows.clear),
        sender=windows.sender.inset(windows.clear),
        visible=Rect(left=0, top=0, width=left, height=height),
        summary=Rect(left=left, top=0, width=page_width - left, height=height),
        margins=_margins(windows),
        clear=windows.clear_zones,
        edges=find_page_edges(windows.print_margin, page_width, PAGE_HEIGHT),
    )


def _margins(windows: EnvelopeWindows) -> tuple[Rect, ...]:
    upper, lower, clear = windows.sender, windows.recipient, windows.clear
    right = max(upper.right, lower.right)
    return (
        Rect(left=0, top=0, width=right, height=upper.top + clear),
        Rect(left=0, top=0, width=min(upper.left, lower.left) + clear, height=lower.bottom),
        Rect(left=0, top=upper.bottom - clear, width=right, height=lower.top + clear - (upper.bottom - clear)),
        Rect(left=upper.right - clear, top=0, width=right - upper.right + clear, height=lower.top + clear),
        Rect(left=lower.right - clear, top=lower.top, width=clear, height=lower.height),
        Rect(left=0, top=lower.bottom - clear, width=right, height=clear + windows.play_down),
    )
