"""Outgoing mail (print files, e-mail) and incoming reports. Works with pieces of mail, not patient accounts."""
