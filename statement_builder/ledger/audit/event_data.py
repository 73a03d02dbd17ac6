"""Facts that code reads back from events, one record per kind. `Event.why` is prose for people and is never parsed."""

from __future__ import annotations

from datetime import date

import msgspec

from statement_builder.billing.model import Record


class Withheld(Record, kw_only=True, tag="withheld"):
    """A document was withheld. Read when its shard is built again, so that a voided document stays void."""

    codes: tuple[str, ...]
    """Hold codes, sorted."""
    reason: str = ""
    """The operator's reason, repeated when the shard is built again."""


class ArchivedControlSheet(Record, kw_only=True, tag="control_sheet"):
    """A batch was closed. Read by `statements report control --kept`."""

    json_key: str
    pdf_key: str
    """Archive keys of the sheet as it was when the batch closed."""
    is_sealed: bool = False
    """The end of the event log was archived with it. False: closed by a release that did not seal."""


class AddressChanged(Record, kw_only=True, tag="address_change"):
    """The vendor reported that the guarantor moved. Read so that the same move is reported once."""

    move_type: str
    """`I` individual, `F` family, `B` business."""
    moved_on: date


class Released(Record, kw_only=True, tag="released"):
    """A batch was released."""

    accepted: tuple[str, ...] = ()
    """Codes of the release checks that the person accepted, in the order shown. Empty: policy released it."""
    reason: str = ""
    """The person's reason."""


class Accessed(Record, kw_only=True, tag="accessed"):
    """Somebody looked at data of persons. Read when the event log is verified: the access log cannot be changed."""

    subjects: int
    sha256: str
    """The digest of the access and its subjects (`access.digest_access`)."""


EventData = Withheld | ArchivedControlSheet | AddressChanged | Released | Accessed

_decoder = msgspec.json.Decoder(EventData)


def encode_event_data(data: EventData | None) -> str | None:
    return None if data is None else msgspec.json.encode(data).decode()


def decode_event_data(text: str | None) -> EventData | None:
    return None if text is None else _decoder.decode(text)
