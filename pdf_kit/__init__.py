"""PDF's objects, for whoever reads our own files at speed: rendering reads them back, the mail house joins them."""

from pdf_kit.fonts import read_character_map, read_widths
from pdf_kit.reader import NotRead, Objects, PdfFile, find, inflate

__all__ = ["NotRead", "Objects", "PdfFile", "find", "inflate", "read_character_map", "read_widths"]
