"""Bounces and complaints received by e-mail, from any mail server and in any format, and what proves them."""

from mail_house.bounces.authentication import is_sender_refuted
from mail_house.bounces.bounce import Accepted, Bounce, BounceKind
from mail_house.bounces.reader import Reading, read_message
from mail_house.bounces.sns import FetchCertificate, Notification, fetch_certificate, fetch_once, find_forgery

__all__ = [
    "Accepted",
    "Bounce",
    "BounceKind",
    "FetchCertificate",
    "Notification",
    "Reading",
    "fetch_certificate",
    "fetch_once",
    "find_forgery",
    "is_sender_refuted",
    "read_message",
]
