"""E-mail into a folder, one `.eml` a message: the embedded default, and what another mail program may pick up."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self

from mail_house.email.message import Message, Sender, message_bytes, message_id
from mail_house.errors import Permanent
from mail_house.pieces import Receipt
from mail_house.vendors.folder import open_local_directory


class FolderMailer:
    """Writes `<document id>.eml`; an attempt after the first is `<document id>.<attempt>.eml`."""

    def __init__(self, folder: Path, sender: Sender) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, message: Message) -> Receipt:
        if receipt := self.find(message):
            return receipt
        try:
            data = message_bytes(message, self._sender)
        except ValueError as exc:
            raise Permanent(str(exc)) from exc
        with open_local_directory(self._folder) as directory:
            directory.stage(_file_name(message), data)
            directory.publish(_file_name(message))
        return self._receipt(message, data)

    def find(self, message: Message) -> Receipt | None:
        with open_local_directory(self._folder) as directory:
            data = directory.read(_file_name(message))
        return None if data is None else self._receipt(message, data)

    def check(self) -> None:
        with open_local_directory(self._folder) as directory:
            directory.stage("statements-doctor", b"May be deleted.\n")
            directory.discard("statements-doctor")

    def close(self) -> None:
        """Nothing is kept open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _receipt(self, message: Message, data: bytes) -> Receipt:
        """From the file itself, so that a message found later has the date that it was really written with."""
        headers = message_from_bytes(data, policy=SMTP)
        reference = message_id(message, self._sender)
        if headers["Message-ID"] != reference:
            raise Permanent(f"{_file_name(message)} is there and is another message: see who wrote it")
        return Receipt(
            reference=reference,
            at=parsedate_to_datetime(headers["Date"]),
            detail={"file": _file_name(message)},
        )


def _file_name(message: Message) -> str:
    return f"{message.document_id}.eml" if message.attempt == 1 else f"{message.document_id}.{message.attempt}.eml"
