"""E-mail: a message with only a link, and the mailers that deliver it, selected by URL."""

from mail_house.email.compose import compose_email
from mail_house.email.encryption import encrypt_pdf
from mail_house.email.factory import open_mailer
from mail_house.email.mailer import Mailer
from mail_house.email.message import Message, Sender, message_bytes, message_id

__all__ = ["Mailer", "Message", "Sender", "compose_email", "encrypt_pdf", "message_bytes", "message_id", "open_mailer"]
