"""Read a finished PDF back and hold it against what it should say: right person, every page, right amount.

Reads with PDFium (about a millisecond a page). It trusts nothing that rendering knew: only the bytes and the content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

import pypdfium2 as pdfium

from statement_builder.billing.model import Address
from statement_builder.documents.content import Content
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.windows import Rect, Windows

_POINTS = 72.0
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TOKEN = re.compile(r"[^\s,;:()·]+")
_LINE_END_HYPHENS = {0x02: "-", 0xFFFE: "-"}
_SCANLINE_ZONE = Rect(left=4.65, top=9.92, width=3.5, height=0.61)
"""The longest scan line with what has to be clear around it (theme.css; domain rules 7.5)."""
_ID_CHARACTERS_MIN = 5
"""A shorter account number would also match house numbers and days: it proves nothing either way."""


class ForeignIds:
    """Whose account numbers are whose in a shard, so that a page can be searched for somebody else's."""

    def __init__(self, accounts_by_guarantor: Mapping[str, frozenset[str]]) -> None:
        self._accounts_by_guarantor = accounts_by_guarantor
        self._ids = frozenset(accounts_by_guarantor).union(*accounts_by_guarantor.values())

    def strangers(self, tokens: set[str], content: Content) -> bool:
        """Whether any token is an id of another guarantor that this document has no reason to carry."""
        known = {token for token in tokens & self._ids if len(token) >= _ID_CHARACTERS_MIN}
        if not known:
            return False
        own = {content.guarantor_id, *content.account_numbers}
        own |= self._accounts_by_guarantor.get(content.guarantor_id, frozenset())
        own |= _tokens(" ".join((content.recipient.name, *content.recipient.lines)))
        own |= _facility_tokens(content)
        return not known <= own


def english_page_label(page: int, pages: int) -> str:
    """The label that `verify` looks for on each page of an English document."""
    return f"Page {page} of {pages}"


def verify(
    pdf: bytes,
    content: Content,
    *,
    windows: Windows,
    foreign: ForeignIds,
    page_label: Callable[[int, int], str] = english_page_label,
) -> None:
    """Raise DocumentError unless the PDF is exactly this document for exactly this recipient.

    Codes: PAGES (unreadable or empty), DOCUMENT_ID, PAGE_LABEL, FOREIGN_ID, WINDOW (name and address not within the
    window), WINDOW_CLEAR (something else could show), SENDER, AMOUNT, SCANLINE.
    """
    try:
        document = pdfium.PdfDocument(pdf)
    except pdfium.PdfiumError as exc:
        raise _fault("PAGES", "The finished PDF cannot be read back.") from exc
    try:
        pages = [document[index] for index in range(len(document))]
        if not pages:
            raise _fault("PAGES", "The finished PDF has no pages.")
        texts = [_PageText(page) for page in pages]
        _verify_every_page(texts, content, foreign, page_label)
        _verify_first_page(texts[0], content, windows)
    finally:
        document.close()


class _PageText:
    """One page's text, whole or within a rectangle, without regard to line breaks."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self.width, self.height = page.get_width() / _POINTS, page.get_height() / _POINTS
        self._text = page.get_textpage()
        self.whole = _plain(self._text.get_text_range())

    def within(self, rect: Rect) -> str:
        """All characters that touch the rectangle."""
        return _plain(
            self._text.get_text_bounded(
                left=rect.left * _POINTS,
                bottom=(self.height - rect.bottom) * _POINTS,
                right=rect.right * _POINTS,
                top=(self.height - rect.top) * _POINTS,
            )
        )


def _verify_every_page(
    texts: list[_PageText], content: Content, foreign: ForeignIds, page_label: Callable[[int, int], str]
) -> None:
    # Some hospitals use UUIDs for their own numbers too: those of this guarantor are no stranger's document id.
    own = {content.document_id, content.guarantor_id, *content.account_numbers}
    for number, page in enumerate(texts, start=1):
        found = set(_UUID.findall(page.whole))
        if content.document_id not in found:
            raise _fault("DOCUMENT_ID", f"Page {number} does not carry the document id.")
        if _squeezed(page_label(number, len(texts))) not in _squeezed(page.whole):
            raise _fault("PAGE_LABEL", f'Page {number} does not say "page {number} of {len(texts)}".')
        if not found <= own or foreign.strangers(_tokens(page.whole), content):
            raise _fault("FOREIGN_ID", f"Page {number} carries an identifier of another recipient.")


def _verify_first_page(page: _PageText, content: Content, windows: Windows) -> None:
    recipient = _squeezed(" ".join((content.recipient.name, *content.recipient.lines)))
    sender = _squeezed(" ".join((content.facility.name, *_address_lines(content.facility.return_address))))
    if _squeezed(page.within(_inset(windows.recipient, windows.clear))) != recipient:
        raise _fault("WINDOW", "Name and address are not, or not only, what the envelope's window shows.")
    if _squeezed(page.within(_inset(windows.sender, windows.clear))) != sender:
        raise _fault("SENDER", "The return address is not, or not only, what the envelope's upper window shows.")
    if _squeezed(page.within(_may_show(windows))) != _squeezed(sender + recipient):
        raise _fault("WINDOW_CLEAR", "Something beside the two addresses could show in a window of the envelope.")
    for strip in _margins(windows):
        if page.within(strip):
            raise _fault("WINDOW_CLEAR", "An address comes too close to the edge of its window.")
    for zone in windows.clear_zones:
        if page.within(zone):
            raise _fault("WINDOW_CLEAR", "Something is where the post office's barcode or the vendor's mark goes.")
    summary = page.within(_beside(windows, page.width))
    if _squeezed(content.amount_text) not in {_squeezed(token) for token in summary.split()}:
        raise _fault("AMOUNT", "The amount at the top of page 1 is not the amount on record.")
    if _squeezed(page.within(_SCANLINE_ZONE)) != content.scanline:
        raise _fault("SCANLINE", "The coupon's scan line is not, or not alone, what a lockbox has to read.")


def _may_show(windows: Windows) -> Rect:
    """Everything that could come to lie behind either window, however the sheet slips."""
    return Rect(
        left=0,
        top=0,
        width=max(windows.sender.right, windows.recipient.right),
        height=windows.recipient.bottom + windows.play_down - 0.04,
    )


def _beside(windows: Windows, page_width: float) -> Rect:
    left = max(windows.sender.right, windows.recipient.right)
    return Rect(left=left, top=0, width=page_width - left, height=windows.recipient.bottom + windows.play_down)


def _inset(rect: Rect, clear: float) -> Rect:
    return Rect(
        left=rect.left + clear, top=rect.top + clear, width=rect.width - 2 * clear, height=rect.height - 2 * clear
    )


def _margins(windows: Windows) -> tuple[Rect, ...]:
    """The strips around both addresses that have to be blank."""
    upper, lower, clear = windows.sender, windows.recipient, windows.clear
    right = max(upper.right, lower.right)
    return (
        Rect(left=0, top=0, width=right, height=upper.top + clear),
        Rect(left=0, top=0, width=min(upper.left, lower.left) + clear, height=lower.bottom),
        Rect(left=0, top=upper.bottom - clear, width=right, height=lower.top + clear - (upper.bottom - clear)),
        Rect(left=upper.right - clear, top=0, width=right - upper.right + clear, height=lower.top + clear),
        Rect(left=lower.right - clear, top=lower.top, width=clear, height=lower.height),
        Rect(left=0, top=lower.bottom - clear, width=right, height=clear + windows.play_down - 0.04),
    )


def _address_lines(address: Address) -> tuple[str, ...]:
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
    return {token.strip(".") for token in _TOKEN.findall(text)}


def _plain(text: str) -> str:
    """One kind of blank, composed characters, no line breaks.

    PDFium gives a hyphen at a line's end as U+FFFE in a whole page's text, and as U+0002 within a rectangle.
    """
    return " ".join(unicodedata.normalize("NFKC", text.translate(_LINE_END_HYPHENS)).split())


def _squeezed(text: str) -> str:
    """Without any blanks: a name that wraps in the window is still the same name."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _fault(code: str, message: str) -> DocumentError:
    return DocumentError(code, message, "The document is held back; report it if the account's data are in order.")
