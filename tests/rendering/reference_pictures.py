"""Reference pictures: what each sample page looked like when somebody last looked at it.

    .venv/bin/python -m tests.rendering.reference_pictures [NAME ...]

writes the pictures of the samples that no longer look like their picture, and removes pictures without a sample.
Look at what it changed before you commit it. A picture has all pages of one sample from left to right.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, ImageChops

from statement_builder.rendering import Engine, PlainEngine
from tests.contents import TEMPLATES
from tests.rendering.sample_pages import CONTENTS, SHEETS

FOLDER = Path(__file__).parent / "reference_pictures"
FAILED = Path(__file__).parents[2] / "build" / "reference-pictures"
"""Where a failed comparison leaves the new picture and the difference picture."""
_DPI = 60
_GRAYS = 16
"""Shades of gray in a stored picture."""
_TOLERANCE = 20
"""Gray levels of 255 by which a pixel may differ: 8 for the stored shades, 12 for the smoothing of an edge."""
_PIXELS_MAX = 2
"""Pixels that may differ by more. A 5 in place of a 6 in the smallest print changes 3."""
NAMES = (*CONTENTS, *(sheet.name for sheet in SHEETS))


def picture_of(name: str, engine: Engine) -> Image.Image:
    """All pages of the sample, in gray."""
    sheets = {sheet.name: sheet for sheet in SHEETS}
    pdf = engine.render(CONTENTS[name]).pdf if name in CONTENTS else sheets[name].make(engine)
    with pdfium.PdfDocument(pdf) as document:
        pages = [page.render(scale=_DPI / 72).to_pil().convert("L") for page in document]
    strip = Image.new("L", (sum(page.width for page in pages), max(page.height for page in pages)), 255)
    left = 0
    for page in pages:
        strip.paste(page, (left, 0))
        left += page.width
    return strip


def difference(one: Image.Image, other: Image.Image) -> Image.Image | None:
    """A picture of the pixels that differ, black on white; None if the two look alike."""
    size = (max(one.width, other.width), max(one.height, other.height))
    changed = ImageChops.difference(_on_canvas(one, size), _on_canvas(other, size)).point(
        lambda gray: 255 if gray > _TOLERANCE else 0
    )
    if one.size == other.size and changed.histogram()[255] <= _PIXELS_MAX:
        return None
    return ImageChops.invert(changed)


def save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Evenly spaced shades: a palette of the picture's own would move each time the page changes.
    shades = picture.point(lambda gray: round(gray / 255 * (_GRAYS - 1)))
    paletted = Image.frombytes("P", shades.size, shades.tobytes())
    paletted.putpalette([round(255 * shade / (_GRAYS - 1)) for shade in range(_GRAYS) for _ in "rgb"])
    paletted.save(path, optimize=True, bits=4)


def load(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("L")


def _on_canvas(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    canvas = Image.new("L", size, 255)
    canvas.paste(picture, (0, 0))
    return canvas


def main(names: tuple[str, ...]) -> None:
    """Rewrite the pictures of `names`, or of all samples."""
    engine = PlainEngine(TEMPLATES)
    for name in names or NAMES:
        path = FOLDER / f"{name}.png"
        picture = picture_of(name, engine)
        if not path.exists() or difference(load(path), picture):
            save(picture, path)
            print(f"written: {path.name}")
    for path in sorted(FOLDER.glob("*.png")):
        if path.stem not in NAMES:
            path.unlink()
            print(f"removed: {path.name}")


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
