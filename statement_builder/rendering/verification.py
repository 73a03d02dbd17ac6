"""Read a finished PDF back and check it against its content: right recipient, every page, right amount.

Verification uses only the bytes and the content, and nothing that rendering calculated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
import pypdfium2 as pdfium

from pdf_kit.page_text import PageText
from pdf_kit.pdfium_reader import read_with_pdfium
from pdf_kit.text import remove_whitespace
from statement_builder.billing.model import Address
from statement_builder.billing.text import clean_text
from statement_builder.documents.content import Content
from statement_builder.rendering.envelope import COUPON_ZONE, SCANLINE_ZONE, EnvelopeWindows, find_checked_zones
from statement_builder.rendering.errors import DocumentError

_UUID_END = re.compile(r"-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""A UUID without its first eight digits: searching for a leading hyphen is ten times as fast."""
_UUID_START = re.compile(r"[0-9a-f]{8}\Z")
_BETWEEN_IDS = re.compile(r"[^A-Za-z0-9-]+")
_SEPARATORS = ",;:()·"
_NOTICE_HEADING = "Helpinyourlanguage"
"""The heading of those pages (`theme/parts.html`), without white space. They are in English documents only."""
_ID_CHARACTERS_MIN = 5
"""Shorter account numbers also match house numbers and days, so they prove nothing."""


class ForeignIds:
    """The ids of all guarantors in a shard, to find ids on a page that belong to another guarantor."""

    def __init__(self, accounts_by_guarantor: Mapping[str, frozenset[str]]) -> None:
        self._accounts_by_guarantor = accounts_by_guarantor
        self._ids = frozenset(accounts_by_guarantor).union(*accounts_by_guarantor.values())

    def found_in(self, tokens: set[str], content: Content) -> bool:
        """Whether any token is another guarantor's id that this document has no reason to print."""
        ids = {token for token in tokens & self._ids if len(token) >= _ID_CHARACTERS_MIN}
        if not ids:
            return False
        own = {content.guarantor_id, *content.account_numbers}
        own |= self._accounts_by_guarantor.get(content.guarantor_id, frozenset())
        if ids <= own:
            return False
        own |= _tokens(" ".join((content.recipient.name, *content.recipient.lines)))
        own |= _facility_tokens(content)
        return not ids <= own


PageLabel = Callable[[int, int], str]
"""The page label for a page number and a page count."""


def english_page_label(page: int, pages: int) -> str:
    """The page label of an English document."""
    return f"Page {page} of {pages}"


def verify(
    pdf: bytes,
    content: Content,
    *,
    windows: EnvelopeWindows,
    foreign: ForeignIds,
    page_label: PageLabel = english_page_label,
) -> None:
    """Raise DocumentError unless the PDF is exactly this document for exactly this recipient.

    Codes: PAGES (unreadable or empty), DOCUMENT_ID, PAGE_LABEL, FOREIGN_ID, MARGIN (text where printers cannot print),
    TOUCHING (two texts touch or overlap), WINDOW (the window does not show exactly the name and address), WINDOW_CLEAR
    (something else could show), SENDER, AMOUNT, COUPON (not on page 1), SCANLINE, PAYMENT_CODE (missing, or another
    document's).
    """
    with read_pages(pdf) as pages:
        verify_pages(pages, content, windows, foreign, page_label)


@contextmanager
def read_pages(pdf: bytes) -> Iterator[list[PageText]]:
    """Every page of the PDF, read by PDFium. Raises DocumentError with code PAGES for an unreadable PDF."""
    try:
        document = pdfium.PdfDocument(pdf)
    except pdfium.PdfiumError as exc:
        raise verification_error("PAGES", "The finished PDF cannot be read back.") from exc
    try:
        try:
            pages = read_with_pdfium(document)
        except pdfium.PdfiumError as exc:
            raise verification_error("PAGES", "The finished PDF cannot be read back.") from exc
        yield pages
    finally:
        document.close()


def verify_pages(
    pages: Sequence[PageText],
    content: Content,
    windows: EnvelopeWindows,
    foreign: ForeignIds,
    page_label: PageLabel,
    *,
    check_codes: bool = True,
    check_gaps: bool = True,
) -> None:
    """As `verify`, for pages that are read already. `check_codes` includes the QR codes, `check_gaps` the gaps between
    texts."""
    if not pages:
        raise verification_error("PAGES", "The finished PDF has no pages.")
    _verify_every_page(pages, content, foreign, page_label)
    _verify_coupon_page(pages, content)
    _verify_first_page(pages[0], content, windows)
    _verify_edges(pages, windows)
    if check_gaps:
        _verify_gaps(pages, content)
    _verify_links(pages, content)
    if check_codes:
        _verify_codes(pages, content)


def _verify_every_page(pages: Sequence[PageText], content: Content, foreign: ForeignIds, page_label: PageLabel) -> None:
    # Some hospitals also use UUIDs as their own ids: this guarantor's are not another document's id.
    own = {content.document_id, content.guarantor_id, *content.account_numbers, *content.facts.printed_ids()}
    if content.replaces is not None:
        own.add(content.replaces.document_id)
    for number, page in enumerate(pages, start=1):
        uuids = _uuids(page.whole)
        if content.document_id not in uuids:
            raise verification_error("DOCUMENT_ID", f"Page {number} does not show the document id.")
        label = page_label(number, len(pages))
        if label not in page.whole and remove_whitespace(label) not in remove_whitespace(page.whole):
            raise verification_error("PAGE_LABEL", f'Page {number} does not show "page {number} of {len(pages)}".')
        has_foreign_id = foreign.found_in(_tokens(page.whole), content)
        for link in page.links:
            uuids |= _uuids(link)
            has_foreign_id = has_foreign_id or foreign.found_in(set(_BETWEEN_IDS.split(link)), content)
        if not uuids <= own or has_foreign_id:
            raise verification_error("FOREIGN_ID", f"Page {number} shows an id of another recipient.")


def _uuids(text: str) -> set[str]:
    """All UUIDs anywhere in a text."""
    ends = ((text[max(0, end.start() - 8) : end.start()], end[0]) for end in _UUID_END.finditer(text))
    return {start + end for start, end in ends if _UUID_START.match(start)}


def _verify_first_page(page: PageText, content: Content, windows: EnvelopeWindows) -> None:
    recipient = remove_whitespace(" ".join((content.recipient.name, *content.recipient.lines)))
    sender = remove_whitespace(" ".join((content.facility.name, *_address_lines(content.facility.return_address))))
    zones = find_checked_zones(windows, page.width)
    if not clean_text(content.recipient.name):
        raise verification_error("WINDOW", "The recipient has no name.")
    if remove_whitespace(page.within(zones.recipient)) != recipient:
        raise verification_error("WINDOW", "The envelope's window does not show exactly the name and address.")
    if remove_whitespace(page.within(zones.sender)) != sender:
        raise verification_error("SENDER", "The envelope's upper window does not show exactly the return address.")
    if remove_whitespace(page.within(zones.visible)) != remove_whitespace(sender + recipient):
        raise verification_error("WINDOW_CLEAR", "Something besides the addresses could show in an envelope window.")
    if not page.are_blank(zones.margins):
        raise verification_error("WINDOW_CLEAR", "An address is too close to the edge of its window.")
    if not page.are_blank(zones.clear):
        raise verification_error("WINDOW_CLEAR", "Text is in a zone reserved for the postal barcode or vendor marks.")
    summary = page.within(zones.summary)
    if content.amount_text and remove_whitespace(content.amount_text) not in {
        remove_whitespace(token) for token in summary.split()
    }:
        raise verification_error("AMOUNT", "The amount at the top of page 1 is not the amount on record.")
    if content.has_coupon and remove_whitespace(page.within(SCANLINE_ZONE)) != content.scanline:
        raise verification_error("SCANLINE", "The coupon does not show exactly the scan line on record.")


def _verify_coupon_page(pages: Sequence[PageText], content: Content) -> None:
    """The coupon is not on a later page, where the perforation is not. Its payee and amount tell where it is."""
    first, *others = pages
    if (
        not others
        or not content.has_coupon
        or (content.scanline and remove_whitespace(first.within(SCANLINE_ZONE)) == content.scanline)
    ):
        return
    coupon = [remove_whitespace(text) for text in (content.facility.remit_name, content.amount_text)]

    def has_coupon(page: PageText) -> bool:
        shown = remove_whitespace(page.within(COUPON_ZONE))
        return all(text in shown for text in coupon)

    if not has_coupon(first) and any(has_coupon(page) for page in others):
        raise verification_error("COUPON", "The payment coupon is on a later page instead of the bottom of page 1.")


def _verify_edges(pages: Sequence[PageText], windows: EnvelopeWindows) -> None:
    """On every page, no text is where printers cannot print."""
    for number, page in enumerate(pages, start=1):
        if not page.are_blank(find_checked_zones(windows, page.width).edges):
            raise verification_error("MARGIN", f"Text on page {number} is nearer to the edge than printers can print.")


def _verify_gaps(pages: Sequence[PageText], content: Content) -> None:
    """On every page, no text touches another. The pages of the notice of language assistance, which are the same for
    everybody, mix scripts whose letters do touch."""
    for number, page in enumerate(pages, start=1):
        if content.other_language and _NOTICE_HEADING in remove_whitespace(page.whole):
            continue
        touching = page.find_touching_texts()
        if touching is not None:
            fields = " and ".join(dict.fromkeys(find_field_name(text, content) for text in touching))
            raise DocumentError(
                "TOUCHING",
                f"Two texts on page {number} touch or overlap: {fields}.",
                "The document is not mailed. Shorten the text in the billing system or in the settings. If it is not "
                "long, report this error.",
            )


def _verify_links(pages: Sequence[PageText], content: Content) -> None:
    """The document's own payment link, exactly once."""
    expected = [content.payment_url] if content.payment_url else []
    if [link for page in pages for link in page.links if link == content.payment_url] != expected:
        raise verification_error("PAYMENT_CODE", "The payment link is missing or appears more than once.")


def _verify_codes(pages: Sequence[PageText], content: Content) -> None:
    """The document's own payment code, exactly once, and no other code."""
    expected = [content.payment_url] if content.payment_url else []
    if [code for page in pages for code in page.codes] != expected:
        raise payment_code_error()


def payment_code_error() -> DocumentError:
    return verification_error("PAYMENT_CODE", "The payment code is not exactly this document's own.")


def verification_error(code: str, message: str) -> DocumentError:
    return DocumentError(
        code, message, "The document is not mailed. If the account's data is correct, report this error."
    )


def find_field_name(text: str, content: Content) -> str:
    """Where a printed text comes from, for an error message: the field's name, never the text itself."""
    printed = remove_whitespace(text)
    values = (
        ("recipient.name", content.recipient.name),
        ("recipient.lines", " ".join(content.recipient.lines)),
        ("guarantor_id", content.guarantor_id),
        *_texts_of(content.facility, "facility"),
        *_texts_of(content.facts),
    )
    for name, value in values:
        found = remove_whitespace(value)
        if found and printed and (found in printed or printed in found):
            return name
    return "an amount" if any(character.isdigit() for character in printed) else "a sentence of the template"


def _texts_of(record: object, within: str = "") -> Iterator[tuple[str, str]]:
    """The texts of a record and of the records within it, by the names of their fields."""
    if isinstance(record, str):
        yield within, record
    elif isinstance(record, tuple):
        for each in record:
            yield from _texts_of(each, within)
    elif isinstance(record, msgspec.Struct):
        for name in record.__struct_fields__:
            yield from _texts_of(getattr(record, name), f"{within}.{name}" if within else name)


def _address_lines(address: Address) -> tuple[str, ...]:
    """Separate from the templates' filter, so that an error there is found."""
    return (*address.lines, f"{address.city}, {address.state} {address.postal_code}")


def _facility_tokens(content: Content) -> set[str]:
    facility = content.facility
    return _tokens(
        " ".join(
            (
                facility.name,
                facility.remit_name,
                facility.phone,
                facility.assistance_phone,
                *_address_lines(facility.return_address),
                *_address_lines(facility.remit_address),
            )
        )
    )


def _tokens(text: str) -> set[str]:
    """The tokens between spaces and punctuation. A token with a period at an end also appears without it."""
    for separator in _SEPARATORS:
        if separator in text:
            text = text.replace(separator, " ")
    tokens = set(text.split())
    return tokens.union([token.strip(".") for token in tokens if token[0] == "." or token[-1] == "."])
