"""What both readers return for a page."""

from __future__ import annotations

from collections.abc import Sequence
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

    def are_blank(self, rects: Sequence[Rect]) -> bool:
        """Whether no text touches any of the rectangles."""

    def find_touching_texts(self) -> tuple[str, str] | None:
        """Two runs of text that touch or overlap (see `spacing`); None if there are none."""
