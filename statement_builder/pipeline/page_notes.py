"""What the hospital adds to a document beside its facts: the segment's sentence of the month, and the code to sign up
for e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from mail_house.portal import enrollment_code
from mail_house.secret import KeyRing
from statement_builder.billing.facility import Facility
from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR
from statement_builder.billing.model import GuarantorAccount, Record
from statement_builder.billing.selection import Channel, Kind, Selection
from statement_builder.pipeline.portal_keys import read_portal_keys
from statement_builder.policy.segments import Segment, find_segment, message_of
from statement_builder.policy.states.pre_assignment import final_notice_insert
from statement_builder.settings import Settings
from statement_builder.settings.backends import load_segments


class Notes(NamedTuple):
    """Of one document."""

    segment: Segment
    message: str
    enrollment_code: str

    @property
    def codes(self) -> dict[str, str]:
        """The fields of a document's row that say what goes with it."""
        return {
            "segment": self.segment.code,
            "insert_code": self.segment.insert_code,
            "return_envelope_code": self.segment.return_envelope_code,
            "message_code": self.segment.message_code if self.message else "",
        }


class PageNotes(Record, kw_only=True):
    """Where the notes of every document come from."""

    segments: tuple[Segment, ...] = ()
    enrollment_keys: KeyRing = KeyRing()
    final_notice_insert: str = ""

    def of(self, account: GuarantorAccount, selection: Selection, issued_on: date) -> Notes:
        """The notes of a document dated `issued_on`. No sentence on a letter; no code where it would enroll nobody."""
        segment = find_segment(
            account, selection, self.segments, issued_on, final_notice_insert=self.final_notice_insert
        )
        message = message_of(segment, selection.kind, account.guarantor.language)
        return Notes(segment, message, self._enrollment_code(selection))

    def _enrollment_code(self, selection: Selection) -> str:
        """Empty for e-mail, for a letter, and for somebody else than the guarantor."""
        is_offered = selection.kind is Kind.STATEMENT and selection.channel is Channel.PRINT
        if not is_offered or RECIPIENT_SEPARATOR in selection.guarantor_id:
            return ""
        return enrollment_code(self.enrollment_keys, selection.guarantor_id)


def read_page_notes(settings: Settings, facility: Facility, environ: Mapping[str, str]) -> PageNotes:
    """Read the segments and the keys. `ConfigError` when the file is invalid, or codes are printed and there is no key
    for them."""
    keys = read_portal_keys(environ, setting="facility.enrollment_url") if facility.enrollment_url else KeyRing()
    return PageNotes(
        segments=load_segments(settings),
        enrollment_keys=keys,
        final_notice_insert=final_notice_insert(settings.policy, facility.return_address.state),
    )
