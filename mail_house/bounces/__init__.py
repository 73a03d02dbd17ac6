"""Bounces and complaints received by e-mail, from any mail server and in any format, and what proves them."""

from mail_house.bounces.authentication import is_sender_refuted
from mail_house.bounces.bounce import Accepted, Bounce, BounceKind
from mail_house.bounces.reader import read, read_accepted
from mail_house.bounces.sns import FetchCertificate, fetch_certificate, find_forgery, find_notification

__all__ = [
    "Accepted",
    "Bounce",
    "BounceKind",
    "FetchCertificate",
    "fetch_certificate",
    "find_forgery",
    "find_notification",
    "is_sender_refuted",
    "read",
    "read_accepted",
]
