"""Reads the bars of an Intelligent Mail barcode from an image. zxing does not support this barcode."""

from __future__ import annotations

from PIL import Image

_INK = 128


def read_bars(picture: Image.Image) -> str:
    """Return the letters T, A, D and F of an upright barcode in a grayscale image; empty if the image is white."""
    ink = picture.point([255 if gray < _INK else 0 for gray in range(256)])
    box = ink.getbbox()
    if box is None:
        return ""
    left, top, right, bottom = box
    third = (bottom - top) / 3
    rows = [_row(ink, round(top + third * part), left, right) for part in (0.5, 1.5, 2.5)]
    above, tracker, below = rows
    letters = []
    for start, end in _runs(tracker):
        middle = (start + end) // 2
        letters.append("TADF"[bool(above[middle]) + 2 * bool(below[middle])])
    return "".join(letters)


def _row(ink: Image.Image, y: int, left: int, right: int) -> bytes:
    return ink.crop((left, y, right, y + 1)).tobytes()


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Return the start and end of each bar. Every bar crosses the middle of the symbol."""
    runs, start = [], None
    for x, dark in enumerate(row + b"\0"):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            runs.append((start, x - 1))
            start = None
    return runs
