"""Barcodes for print files: content and drawing. zint does the encoding."""

from mail_house.barcodes.intelligent_mail import draw_imb, imb, serial_digits, tracking_number
from mail_house.barcodes.sheet_mark import SheetMark, data_matrix, read_sheet_mark, write_sheet_mark
from mail_house.barcodes.symbol import Symbol

__all__ = [
    "SheetMark",
    "Symbol",
    "data_matrix",
    "draw_imb",
    "imb",
    "read_sheet_mark",
    "serial_digits",
    "tracking_number",
    "write_sheet_mark",
]
