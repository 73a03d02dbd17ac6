"""Checks and builds the estates of guarantors who have died."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from statement_builder.billing.languages import document_language, is_served
from statement_builder.billing.model import Estate, Fault, RecordedHold
from statement_builder.source.contract import RESULT_SETS
from statement_builder.source.recipients import RecipientRow, build_address
from statement_builder.source.row_validation import Row

_NAMES = RESULT_SETS["estates"].names
_ID, _DIED, _ADDRESS, _LANGUAGE, _COURT, _OPENED = (
    _NAMES.index(name) for name in ("estate_id", "died_on", "address_lines", "language", "court_state", "opened_on")
)
_AFTER_DEATH = ("opened_on", "published_on", "notice_on", "claim_filed_on")


def find_estate_faults(rows: Sequence[Row]) -> Iterator[Fault]:
    """Faults of the estates of one guarantor that no single column shows."""
    for row in rows:
        checked = RecipientRow("estates", row[_ID])
        yield from checked.find_address_faults(row[_ADDRESS:_LANGUAGE], lines_column="address_lines", prefix="")
        for name in _AFTER_DEATH:
            day = row[_NAMES.index(name)]
            if day is not None and day < row[_DIED]:
                yield checked.fault(
                    name, "DATEORDER", "is before died_on", "Correct one of the two dates in the billing system."
                )


def hold_for_death(row: Row) -> RecordedHold:
    """An estate on file says that the guarantor has died, also if nobody recorded the hold DECEASED."""
    died_on: date = row[_DIED]
    return RecordedHold(hold_id=f"estate-{row[_ID]}", code="DECEASED", placed_on=died_on)


def build_estate(row: Row, languages: frozenset[str]) -> Estate:
    """The estate of a valid row. `languages`: codes that documents exist in."""
    _, _, estate_id, patient_id, died_on, status, representative_name, attorney_name = row[:_ADDRESS]
    language, large_print = row[_LANGUAGE:_COURT]
    court_state, county, court, case_number = row[_COURT:_OPENED]
    opened_on, published_on, notice_on, last_illness_on, claim_filed_on = row[_OPENED:]
    address = build_address(row[_ADDRESS:_LANGUAGE])
    return Estate(
        estate_id=estate_id,
        patient_id=patient_id or "",
        died_on=died_on,
        status=status,
        representative_name=representative_name or "",
        attorney_name=attorney_name or "",
        address=address if any((*address.lines, address.city, address.postal_code)) else None,
        language=document_language(language, languages) if language else "",
        other_language=language if language and not is_served(language, languages) else "",
        large_print=bool(large_print),
        state=(court_state or "").upper(),
        county=county or "",
        court=court or "",
        case_number=case_number or "",
        opened_on=opened_on,
        published_on=published_on,
        notice_on=notice_on,
        last_illness_on=last_illness_on,
        claim_filed_on=claim_filed_on,
    )
