"""E-mail into a folder, one `.eml` file per message: the embedded default, or a pickup folder for a mail program."""

from __future__ import annotations

from collections import defaultdict
from email import message_from_bytes
from email.policy import SMTP
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self

from mail_house.email.message import Message, Sender, message_bytes, message_id
from mail_house.errors import Permanent
from mail_house.models import Receipt
from mail_house.vendors.folder import open_local_directory


class FolderMailer:
    """Writes `<document id>.eml`, or `<document id>.<attempt>.eml` if an earlier attempt has that name."""

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
            name = _plain_name(message) if directory.read(_plain_name(message)) is None else _numbered_name(message)
            directory.stage(name, data)
            directory.publish(name)
        return self._receipt(message, name, data)

    def find(self, message: Message) -> Receipt | None:
        with open_local_directory(self._folder) as directory:
            for name in dict.fromkeys((_plain_name(message), _numbered_name(message))):
                data = directory.read(name)
                if data is not None and (name == _numbered_name(message) or self._is_same_message(message, data)):
                    return self._receipt(message, name, data)
        return None

    def check(self) -> None:
        with open_local_directory(self._folder) as directory:
            directory.stage("statements-doctor", b"May be deleted.\n")
            directory.discard("statements-doctor")

    def close(self) -> None:
        """Do nothing: no connection is kept open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _is_same_message(self, message: Message, data: bytes) -> bool:
        return bool(message_from_bytes(data, policy=SMTP)["Message-ID"] == message_id(message, self._sender))

    def _receipt(self, message: Message, name: str, data: bytes) -> Receipt:
        """Build the receipt from the file itself, so a message found later has the date it was written with."""
        if not self._is_same_message(message, data):
            raise Permanent(f"{name} already exists and is another message: check which program wrote it")
        sent_at = parsedate_to_datetime(message_from_bytes(data, policy=SMTP)["Date"])
        return Receipt(reference=message_id(message, self._sender), at=sent_at, detail={"file": name})


def find_email_files(folder: Path) -> dict[str, list[Path]]:
    """Document id → the files of every attempt to send it. Empty if the folder does not exist."""
    found = defaultdict(list)
    for path in sorted(folder.glob("*.eml")):
        found[path.name.partition(".")[0]].append(path)
    return dict(found)


def _plain_name(message: Message) -> str:
    return f"{message.document_id}.eml"


def _numbered_name(message: Message) -> str:
    """Return the name with the attempt number; the first attempt has the plain name."""
    return _plain_name(message) if message.attempt == 1 else f"{message.document_id}.{message.attempt}.eml"
