"""What documents in another language print of the facility."""

from __future__ import annotations

from statement_builder.billing.facility import FacilityTexts
from tests.builders import make_facility
from tests.contents import make_statement

SPANISH = FacilityTexts(language="es", phone_hours="Lunes a viernes", phone="(413) 555-0143")


def test_for_language__its_own_texts_and_english_for_the_others() -> None:
    facility = make_facility(in_language=(SPANISH,))
    found = facility.for_language("es")
    assert (found.phone_hours, found.phone) == ("Lunes a viernes", "(413) 555-0143")
    assert (found.assistance_phone, found.portal_url) == (facility.assistance_phone, facility.portal_url)
    assert facility.for_language("en") == make_facility(in_language=())


def test_compose__prints_the_facility_in_the_readers_language() -> None:
    facility = make_facility(in_language=(SPANISH,))
    assert make_statement(facility=facility, language="es").facility.phone_hours == "Lunes a viernes"
    assert make_statement(facility=facility).facility.phone_hours == facility.phone_hours
