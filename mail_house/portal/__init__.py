"""The patient portal: what it may show, and the proof that what it reports is about one of our documents."""

from mail_house.portal.token import PORTAL_KEY, portal_token, verifies_portal_token

__all__ = ["PORTAL_KEY", "portal_token", "verifies_portal_token"]
