"""PDF's objects, for whoever reads our own files at speed: rendering reads them back, the mail house joins them."""

from pdf_objects.file import NotRead, Objects, PdfFile, find, inflate
from pdf_objects.fonts import read_character_map, read_widths

__all__ = ["NotRead", "Objects", "PdfFile", "find", "inflate", "read_character_map", "read_widths"]
