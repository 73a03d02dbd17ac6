"""Measure how many codes a scanner reads with each mask when they are rotated and blurred until most fail.

`python -m tests.benchmarks.qr_masks --codes 400`; "best" is the mask that zint chooses (ISO/IEC 18004, 7.8.3).
"""

from __future__ import annotations

import argparse
import random
import uuid

import zint
import zxingcpp
from PIL import Image, ImageFilter

from pdf_kit.qr_code import QUIET_MODULES

_PIXELS_AND_BLUR = ((2.2, 0.9), (3.0, 1.5), (4.0, 2.0))
"""Pixels per module, and blur radius in pixels."""
_MASKS = (None, *range(8))


def read_share(mask: int | None, codes: int) -> list[float]:
    """The share of random payment URLs that are read, for each of `_PIXELS_AND_BLUR`."""
    shares = []
    for pixels, blur in _PIXELS_AND_BLUR:
        rnd = random.Random(1)
        read = 0
        for _ in range(codes):
            text = f"https://pay.example.org/s/{uuid.UUID(int=rnd.getrandbits(128), version=4)}"
            picture = _draw(text, mask)
            scaled = picture.resize((round(picture.width * pixels),) * 2, Image.Resampling.BOX)
            rotated = scaled.rotate(rnd.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=255)
            blurred = rotated.filter(ImageFilter.GaussianBlur(blur))
            read += any(found.text == text for found in zxingcpp.read_barcodes(blurred))
        shares.append(read / codes)
    return shares


def _draw(text: str, mask: int | None) -> Image.Image:
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = 2
    if mask is not None:
        symbol.option_3 = mask + 1 << 8
    symbol.encode(text)
    bits = symbol.encoded_data
    assert bits.shape is not None
    packed, row_bytes, side = bits.tobytes(), bits.shape[1], int(symbol.rows)
    picture = Image.new("L", (side + 2 * QUIET_MODULES,) * 2, 255)
    for y in range(side):
        for x in range(side):
            if packed[y * row_bytes + x // 8] >> x % 8 & 1:
                picture.putpixel((x + QUIET_MODULES, y + QUIET_MODULES), 0)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codes", type=int, default=400)
    codes = parser.parse_args().codes
    print("mask      " + "".join(f"{pixels:.1f} px, blur {blur:.1f}   " for pixels, blur in _PIXELS_AND_BLUR))
    for mask in _MASKS:
        name = "best" if mask is None else str(mask)
        print(f"{name:<10}" + "".join(f"{share:<18.1%}" for share in read_share(mask, codes)))


if __name__ == "__main__":
    main()
