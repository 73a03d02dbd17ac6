"""The patient portal: what it may show, and the proof that what it reports is about one of our documents."""

from mail_house.portal.feed import ArchivedRange, FeedControl, FeedFile, FeedLine, build_feed
from mail_house.portal.store import PortalStore, open_folder_portal
from mail_house.portal.token import PORTAL_KEY, enrollment_code, portal_token, verifies_portal_token

__all__ = [
    "PORTAL_KEY",
    "ArchivedRange",
    "FeedControl",
    "FeedFile",
    "FeedLine",
    "PortalStore",
    "build_feed",
    "enrollment_code",
    "open_folder_portal",
    "portal_token",
    "verifies_portal_token",
]
