"""What both readers return for a page."""

from __future__ import annotations

from typing import Protocol

from pdf_kit.geometry import Rect


class PageText(Protocol):
    """The text of one page, with line breaks as spaces. Sizes are in inches."""

    width: float
    height: float
    whole: str
    """All text of the page."""
    links: tuple[str, ...]
    """Target URLs of the page's links."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Contents of the page's QR codes."""

    def within(self, rect: Rect) -> str:
        """All text that touches the rectangle."""
