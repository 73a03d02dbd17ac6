"""E-mail: a message with only a link, and the mailers that deliver it, selected by URL."""

from mail_house.email.compose import compose_email
from mail_house.email.encryption import encrypt_pdf
from mail_house.email.factory import check_mailer_url, open_mailer
from mail_house.email.mailer import Mailer
from mail_house.email.message import (
    EMAIL_KEY,
    Message,
    Sender,
    message_bytes,
    message_id,
    message_token,
    verifies_token,
)

__all__ = [
    "EMAIL_KEY",
    "Mailer",
    "Message",
    "Sender",
    "check_mailer_url",
    "compose_email",
    "encrypt_pdf",
    "message_bytes",
    "message_id",
    "message_token",
    "open_mailer",
    "verifies_token",
]
