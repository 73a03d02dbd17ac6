"""Print files: many pieces in one PDF, plus a manifest and a control file."""

from mail_house.print_files.build import build_print_file
from mail_house.print_files.cover_sheet import prepend_cover_sheet
from mail_house.print_files.envelopes import EnvelopeClass, envelope_class, sheets_of
from mail_house.print_files.names import print_file_name
from mail_house.print_files.on_disk import read_print_file

__all__ = [
    "EnvelopeClass",
    "build_print_file",
    "envelope_class",
    "prepend_cover_sheet",
    "print_file_name",
    "read_print_file",
    "sheets_of",
]
