"""A drawing surface with coordinates in points from the upper left corner, fonts, and line breaking."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from statement_builder.documents.formats import format_cents, format_long_date, format_medium_date
from statement_builder.rendering.fonts import font_path

PLAIN, BOLD, SCANNER = "Bill", "Bill-Semibold", "Scanner"
_FILES = {PLAIN: "SourceSansPro-Regular.ttf", BOLD: "SourceSansPro-Semibold.ttf", SCANNER: "OCRA.ttf"}
PAPER_WIDTH, PAPER_HEIGHT = 612.0, 792.0
LEFT, RIGHT = 43.2, 568.8
BODY_WIDTH = RIGHT - LEFT
INK, BLUE, QUIET, GREEN = (HexColor(code) for code in ("#17212b", "#0b4a6f", "#3d4a57", "#14533c"))
HAIRLINE, PALE, BOX = (HexColor(code) for code in ("#c6d1d9", "#f2f6f8", "#e6f0f5"))

Block = tuple[float, Callable[["Sheet", float], None]]
"""Height in points, and the function that draws the block from its upper edge."""


def register_fonts() -> None:
    """Register the fonts once per process, and turn off ReportLab's ASCII encoding of streams."""
    rl_config.useA85 = 0
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, font_path(file)))


class Sheet:
    """A canvas with y counted down from the upper edge."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def text(self, x: float, y: float, text: str, font: str, size: float, color: Color, *, right: bool = False) -> None:
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(color)
        (self.canvas.drawRightString if right else self.canvas.drawString)(x, PAPER_HEIGHT - y, text)

    def lines(self, x: float, y: float, lines: list[str], font: str, size: float, leading: float, color: Color) -> None:
        """Draw lines; `y` is the upper edge of the first."""
        text = self.canvas.beginText(x, PAPER_HEIGHT - y - ascent(size, leading))
        text.setFont(font, size, leading)
        text.setFillColor(color)
        text.textLines(lines, trim=0)
        self.canvas.drawText(text)

    def words(self, x: float, y: float, lines: list[list[tuple[str, str]]], size: float, leading: float) -> None:
        """Draw lines of several fonts; each line is a list of font and text."""
        text = self.canvas.beginText(x, PAPER_HEIGHT - y - ascent(size, leading))
        text.setFillColor(INK)
        for line in lines:
            for font, words in line:
                text.setFont(font, size, leading)
                text.textOut(words)
            text.textLine()
        self.canvas.drawText(text)

    def rule(self, left: float, right: float, y: float, width: float, color: Color) -> None:
        self.canvas.setLineWidth(width)
        self.canvas.setStrokeColor(color)
        self.canvas.line(left, PAPER_HEIGHT - y, right, PAPER_HEIGHT - y)

    def box(self, x: float, y: float, width: float, height: float, fill: Color | None, stroke: Color | None) -> None:
        if fill is not None:
            self.canvas.setFillColor(fill)
        if stroke is not None:
            self.canvas.setLineWidth(1)
            self.canvas.setStrokeColor(stroke)
        self.canvas.rect(x, PAPER_HEIGHT - y - height, width, height, fill=fill is not None, stroke=stroke is not None)


def ascent(size: float, leading: float) -> float:
    """Distance from a line's upper edge to its baseline, for Source Sans."""
    return (leading - 1.257 * size) / 2 + 0.984 * size


def money(cents: int) -> str:
    return format_cents(cents, "en")


def long_date(day: date) -> str:
    return format_long_date(day, "en")


def medium_date(day: date) -> str:
    return format_medium_date(day, "en")


def split_words(runs: list[tuple[str, str]], size: float, width: float) -> list[list[tuple[str, str]]]:
    """Break runs of font and text into lines."""
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    for font, run in runs:
        for word in re.findall(r"\S+ *", run):
            advance = pdfmetrics.stringWidth(word.rstrip(), font, size)
            if used + advance > width and lines[-1]:
                lines.append([])
                used = 0.0
            if lines[-1] and lines[-1][-1][0] == font:
                lines[-1][-1] = (font, lines[-1][-1][1] + word)
            else:
                lines[-1].append((font, word))
            used += pdfmetrics.stringWidth(word, font, size)
    return lines
