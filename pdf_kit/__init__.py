"""Fast reading of the PDFs that this project writes. Knows nothing about statements or mail."""

from pdf_kit.fonts import read_character_map, read_widths
from pdf_kit.pdf_file import Objects, PdfFile, UnsupportedPdf, find, inflate

__all__ = ["Objects", "PdfFile", "UnsupportedPdf", "find", "inflate", "read_character_map", "read_widths"]
