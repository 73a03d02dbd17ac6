"""Print vendors that receive print files, selected by URL."""

from mail_house.vendors.factory import open_print_vendor, with_ordered_options
from mail_house.vendors.vendor import PrintVendor

__all__ = ["PrintVendor", "open_print_vendor", "with_ordered_options"]
