"""A decoder of the Intelligent Mail barcode, written from USPS-B-3200. It shares no code or table with the encoder.

Bars to ten 13-bit characters, to codewords and the frame check sequence, to a 102-bit number, to the digits.
"""

from __future__ import annotations

from typing import NamedTuple

BARS = 65
CHARACTERS = "ABCDEFGHIJ"
CODEWORDS_5_OF_13 = 1287
CODEWORDS_2_OF_13 = 78
FIRST_CODEWORDS = 659
LAST_CODEWORDS = 636
MIDDLE_CODEWORDS = CODEWORDS_5_OF_13 + CODEWORDS_2_OF_13
GENERATOR, INITIAL_FCS, FCS_MASK = 0xF35, 0x7FF, 0x7FF

# Bit of each character that a bar's descender and ascender show, bar 1 to 65 (USPS-B-3200, bar to character mapping).
_BAR_BITS = """
H2E3 B10A0 J12C8 F5G11 I9D1 A1F12 C5B8 E4J11 G3I10 D9H6 F11B4 I5C12 J10A2 H1G7 D6E9 A3I6 G4C7 B1J9 H10F2 E0D8
G2A4 I11B0 J8D12 C6H7 F1E10 B12G9 H3I0 F8J7 E6C10 D4A5 I4F7 H11B9 G0J6 A6E8 C1D2 F9I12 E11G1 J5H4 D3B2 A7C0
B3E1 G10D5 I7J4 C11F6 A8H12 E2I1 F10D0 J3A9 G5C4 H8B7 F0E5 C3A10 G12J2 D11B6 I8H9 F4A11 B5C2 J1E12 I3G6
H0D7 E7H5 A12B11 C9J0 G8F3 D10I2
"""


class Decoded(NamedTuple):
    tracking: str
    routing: str


class InvalidBarcode(ValueError):
    """The bars are not a valid Intelligent Mail barcode."""


def decode(bars: str) -> Decoded:
    """Return the digits. Raises InvalidBarcode for bars that no valid barcode has."""
    codewords, fcs = _codewords(_characters(bars))
    value = codewords[0]
    for codeword in codewords[1:9]:
        value = value * MIDDLE_CODEWORDS + codeword
    value = value * LAST_CODEWORDS + codewords[9]
    if frame_check_sequence(value) != fcs:
        raise InvalidBarcode("the frame check sequence is wrong")
    return _digits(value)


def frame_check_sequence(value: int) -> int:
    """The 11-bit CRC over the 102 bits of the number, most significant bit first."""
    if value >= 1 << 102:
        raise InvalidBarcode("the number has more than 102 bits")
    fcs = INITIAL_FCS
    for bit in range(101, -1, -1):
        feedback = (fcs >> 10 ^ value >> bit) & 1
        fcs = (fcs << 1 & FCS_MASK) ^ (GENERATOR & FCS_MASK if feedback else 0)
    return fcs


def table_n_of_13(ones: int) -> list[int]:
    """The 13-bit values with this many ones, in codeword order: mirror pairs first, then palindromes in reverse."""
    pairs: list[int] = []
    palindromes: list[int] = []
    for value in range(1 << 13):
        mirrored = int(f"{value:013b}"[::-1], 2)
        if value.bit_count() != ones or mirrored < value:
            continue
        if mirrored == value:
            palindromes.insert(0, value)
        else:
            pairs += [value, mirrored]
    return pairs + palindromes


_CODEWORD_OF = {value: codeword for codeword, value in enumerate(table_n_of_13(5) + table_n_of_13(2))}


def _bar_bits() -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """For each bar, character and bit of its descender and of its ascender."""
    bits = []
    for entry in _BAR_BITS.split():
        split = next(index for index in range(1, len(entry)) if entry[index].isalpha())
        descender, ascender = entry[:split], entry[split:]
        bits.append(
            (
                (CHARACTERS.index(descender[0]), int(descender[1:])),
                (CHARACTERS.index(ascender[0]), int(ascender[1:])),
            )
        )
    return bits


BAR_BITS = _bar_bits()


def _characters(bars: str) -> list[int]:
    if len(bars) != BARS or set(bars) - set("TADF"):
        raise InvalidBarcode("a barcode is 65 letters T, A, D or F")
    characters = [0] * len(CHARACTERS)
    for bar, (descender, ascender) in zip(bars, BAR_BITS, strict=True):
        for is_set, (character, bit) in ((bar in "DF", descender), (bar in "AF", ascender)):
            characters[character] |= is_set << bit
    return characters


def _codewords(characters: list[int]) -> tuple[list[int], int]:
    """The ten codewords and the frame check sequence. A complemented character is a one in bit 0 to 9 of the latter."""
    codewords, fcs = [], 0
    for index, character in enumerate(characters):
        is_complemented = character.bit_count() in {8, 11}
        fcs |= is_complemented << index
        codeword = _CODEWORD_OF.get(character ^ 0x1FFF if is_complemented else character)
        if codeword is None:
            raise InvalidBarcode(f"character {CHARACTERS[index]} has a wrong number of ones")
        codewords.append(codeword)
    if codewords[0] >= FIRST_CODEWORDS:
        codewords[0] -= FIRST_CODEWORDS
        fcs |= 1 << 10
    if codewords[9] % 2:
        raise InvalidBarcode("the last codeword is odd: the barcode is upside down")
    codewords[9] //= 2
    if codewords[0] >= FIRST_CODEWORDS or codewords[9] >= LAST_CODEWORDS:
        raise InvalidBarcode("a codeword is out of range")
    return codewords, fcs


def _digits(value: int) -> Decoded:
    tracking = ""
    for base in (*[10] * 18, 5, 10):
        value, digit = divmod(value, base)
        tracking = str(digit) + tracking
    for length, offset in ((11, 1 + 10**5 + 10**9), (9, 1 + 10**5), (5, 1)):
        if value >= offset:
            if value - offset >= 10**length:
                raise InvalidBarcode("the routing code is out of range")
            return Decoded(tracking, f"{value - offset:0{length}d}")
    return Decoded(tracking, "")
