"""Print vendors that receive print files, selected by URL."""

from mail_house.vendors.factory import check_print_url, open_print_vendor, with_ordered_options
from mail_house.vendors.vendor import PrintVendor

__all__ = ["PrintVendor", "check_print_url", "open_print_vendor", "with_ordered_options"]
