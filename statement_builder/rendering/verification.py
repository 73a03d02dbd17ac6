"""Read a finished PDF back and hold it against what it should say: right person, every page, right amount.

It trusts nothing that rendering knew: only the bytes and the content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple, Protocol

import pypdfium2 as pdfium

from pdf_kit import NotRead
from pdf_kit.geometry import Rect
from pdf_kit.text_reader import PageText, QuickReader, Reading, normalized, read_with_pdfium
from statement_builder.billing.model import Address
from statement_builder.documents.content import Content
from statement_builder.rendering.envelope import Windows
from statement_builder.rendering.errors import DocumentError

_UUID_END = re.compile(r"-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""All but the first eight digits: what begins with a hyphen is found ten times as fast."""
_UUID_START = re.compile(r"[0-9a-f]{8}\Z")
_BETWEEN_IDS = re.compile(r"[^A-Za-z0-9-]+")
_BETWEEN_TOKENS = ",;:()·"
_SCANLINE_ZONE = Rect(left=4.65, top=9.92, width=3.5, height=0.61)
"""The longest scan line with what has to be clear around it (theme.css; domain rules 7.5)."""
_LETTER_WIDTH = 8.5
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
        if known <= own:
            return False
        own |= _tokens(" ".join((content.recipient.name, *content.recipient.lines)))
        own |= _facility_tokens(content)
        return not known <= own


PageLabel = Callable[[int, int], str]
"""What a page says of its number, by that and how many there are."""


class Made(NamedTuple):
    """A finished file, and what it is to say."""

    pdf: bytes
    content: Content
    page_label: PageLabel


def english_page_label(page: int, pages: int) -> str:
    """The label that `verify` looks for on each page of an English document."""
    return f"Page {page} of {pages}"


def verify(
    pdf: bytes,
    content: Content,
    *,
    windows: Windows,
    foreign: ForeignIds,
    page_label: PageLabel = english_page_label,
) -> None:
    """Raise DocumentError unless the PDF is exactly this document for exactly this recipient.

    Codes: PAGES (unreadable or empty), DOCUMENT_ID, PAGE_LABEL, FOREIGN_ID, WINDOW (name and address not within the
    window), WINDOW_CLEAR (something else could show), SENDER, AMOUNT, SCANLINE, PAYMENT_CODE (another's, or none).
    """
    with _open_with_pdfium(pdf) as pages:
        _verify_pages(pages, content, windows, foreign, page_label)


@contextmanager
def _open_with_pdfium(pdf: bytes) -> Iterator[list[PageText]]:
    try:
        document = pdfium.PdfDocument(pdf)
    except pdfium.PdfiumError as exc:
        raise _fault("PAGES", "The finished PDF cannot be read back.") from exc
    try:
        try:
            pages = read_with_pdfium(document)
        except pdfium.PdfiumError as exc:
            raise _fault("PAGES", "The finished PDF cannot be read back.") from exc
        yield pages
    finally:
        document.close()


_PDFIUM_EVERY = 64
"""At least so often PDFium reads a document too of which it has seen all but the words."""
_PICTURE_EVERY = 1024
"""And so often its codes are read from pictures, which takes ten milliseconds a page: by operators they all are."""


class Proofs(Protocol):
    """What PDFium agreed on once, by the hash of all that a file or a page has beside the words: reading the same gives
    the same, in another process and another month too."""

    def is_proved(self, key: bytes) -> bool: ...

    def keep_proof(self, key: bytes) -> None: ...


class _OwnProofs:
    """Those of one verifier."""

    def __init__(self) -> None:
        self._keys: set[bytes] = set()

    def is_proved(self, key: bytes) -> bool:
        return key in self._keys

    def keep_proof(self, key: bytes) -> None:
        self._keys.add(key)


class Verifier:
    """Verifies many documents. All are read quickly; PDFium reads those too that have anything new beside the words.

    Where both have read, they have to agree on every character: otherwise the document is held back. `proofs` remember
    for all processes what is not new.
    """

    def __init__(self, windows: Windows, proofs: Proofs | None = None) -> None:
        self._windows = windows
        self._envelope = repr(windows).encode()
        self._proofs = proofs or _OwnProofs()
        self._reader = self._new_reader()
        self._unseen = self._unpictured = 0

    def _new_reader(self) -> QuickReader:
        return QuickReader(_zones_of(self._windows, _LETTER_WIDTH).all)

    def verify(self, pdf: bytes, content: Content, *, foreign: ForeignIds, page_label: PageLabel) -> None:
        """Raise DocumentError unless the PDF is exactly this document for exactly this recipient: see `verify`."""
        (verdict,) = self.verify_all([Made(pdf, content, page_label)], foreign)
        if verdict is not None:
            raise verdict

    def verify_all(self, made: Sequence[Made], foreign: ForeignIds) -> list[DocumentError | None]:
        """For each what `verify` would raise, or None."""
        verdicts: list[DocumentError | None] = []
        while rest := made[len(verdicts) :]:
            reader = self._reader
            readings = reader.read_all([(each.pdf, each.content.payment_url) for each in rest])
            for each, reading in zip(rest, readings, strict=True):
                verdicts.append(self._judge(each, reading, foreign))
                if self._reader is not reader:
                    break  # the rest was read by what is forgotten
        return verdicts

    def _judge(self, made: Made, reading: Reading | NotRead, foreign: ForeignIds) -> DocumentError | None:
        try:
            if isinstance(reading, NotRead):
                verify(made.pdf, made.content, windows=self._windows, foreign=foreign, page_label=made.page_label)
            else:
                self._read_again_if_due(made, reading, foreign)
                _verify_pages(reading.pages, made.content, self._windows, foreign, made.page_label)
        except DocumentError as exc:
            return exc
        return None

    def _read_again_if_due(self, made: Made, reading: Reading, foreign: ForeignIds) -> None:
        self._unseen += 1
        self._unpictured += 1
        is_new = reading.is_new and not self._proofs.is_proved(self._form(reading))
        if not is_new and self._unseen < _PDFIUM_EVERY:
            return
        pictured = self._to_be_pictured(reading, is_new)
        try:
            self._read_again(made, reading, foreign, pictured)
        except DocumentError:
            self._reader = self._new_reader()  # it may have learnt what only a picture shows to be wrong
            raise
        if is_new:
            for place in pictured:
                self._proofs.keep_proof(_look(reading, place))
            self._proofs.keep_proof(self._form(reading))

    def _form(self, reading: Reading) -> bytes:
        """A proof's key: that a file of this form is read by PDFium as we read it, for this envelope."""
        return b"form" + reading.form + self._envelope

    def _to_be_pictured(self, reading: Reading, is_new: bool) -> list[int]:
        """The pages that draw, beside their words, what no picture was taken of; now and then all."""
        places = range(len(reading.pages))
        if self._unpictured >= _PICTURE_EVERY:
            return list(places)
        return [place for place in places if is_new and not self._proofs.is_proved(_look(reading, place))]

    def _read_again(self, made: Made, reading: Reading, foreign: ForeignIds, pictured: Sequence[int]) -> None:
        self._unseen = 0
        with _open_with_pdfium(made.pdf) as others:
            _verify_pages(others, made.content, self._windows, foreign, made.page_label, scan=False)
            if [_squeezed(page.whole) for page in reading.pages] != [_squeezed(page.whole) for page in others]:
                raise _fault("PAGES", "Two readers read the finished PDF differently.")
            if any(others[place].codes != reading.pages[place].codes for place in pictured):
                raise _other_code()
        if len(pictured) == len(reading.pages):
            self._unpictured = 0


def _look(reading: Reading, place: int) -> bytes:
    """A proof's key: that a picture shows the codes which the page's operators draw."""
    return b"look" + reading.looks[place]


def _verify_pages(
    pages: Sequence[PageText],
    content: Content,
    windows: Windows,
    foreign: ForeignIds,
    page_label: PageLabel,
    *,
    scan: bool = True,
) -> None:
    """`scan` the codes too."""
    if not pages:
        raise _fault("PAGES", "The finished PDF has no pages.")
    _verify_every_page(pages, content, foreign, page_label)
    _verify_first_page(pages[0], content, windows)
    _verify_links(pages, content)
    if scan:
        _verify_codes(pages, content)


def _verify_every_page(texts: Sequence[PageText], content: Content, foreign: ForeignIds, page_label: PageLabel) -> None:
    # Some hospitals use UUIDs for their own numbers too: those of this guarantor are no stranger's document id.
    own = {content.document_id, content.guarantor_id, *content.account_numbers}
    if content.replaces is not None:
        own.add(content.replaces.document_id)
    for number, page in enumerate(texts, start=1):
        found = _uuids(page.whole)
        if content.document_id not in found:
            raise _fault("DOCUMENT_ID", f"Page {number} does not carry the document id.")
        label = page_label(number, len(texts))
        if label not in page.whole and _squeezed(label) not in _squeezed(page.whole):
            raise _fault("PAGE_LABEL", f'Page {number} does not say "page {number} of {len(texts)}".')
        strange = foreign.strangers(_tokens(page.whole), content)
        for link in page.links:
            found |= _uuids(link)
            strange = strange or foreign.strangers(set(_BETWEEN_IDS.split(link)), content)
        if not found <= own or strange:
            raise _fault("FOREIGN_ID", f"Page {number} carries an identifier of another recipient.")


def _uuids(text: str) -> set[str]:
    """Those that stand anywhere in a text, whatever is before and after them."""
    ends = ((text[max(0, end.start() - 8) : end.start()], end[0]) for end in _UUID_END.finditer(text))
    return {start + end for start, end in ends if _UUID_START.match(start)}


def _verify_first_page(page: PageText, content: Content, windows: Windows) -> None:
    recipient = _squeezed(" ".join((content.recipient.name, *content.recipient.lines)))
    sender = _squeezed(" ".join((content.facility.name, *_address_lines(content.facility.return_address))))
    zones = _zones_of(windows, page.width)
    if _squeezed(page.within(zones.recipient)) != recipient:
        raise _fault("WINDOW", "Name and address are not, or not only, what the envelope's window shows.")
    if _squeezed(page.within(zones.sender)) != sender:
        raise _fault("SENDER", "The return address is not, or not only, what the envelope's upper window shows.")
    if _squeezed(page.within(zones.may_show)) != _squeezed(sender + recipient):
        raise _fault("WINDOW_CLEAR", "Something beside the two addresses could show in a window of the envelope.")
    if any(page.within(strip) for strip in zones.margins):
        raise _fault("WINDOW_CLEAR", "An address comes too close to the edge of its window.")
    if any(page.within(zone) for zone in zones.clear):
        raise _fault("WINDOW_CLEAR", "Something is where the post office's barcode or the vendor's mark goes.")
    summary = page.within(zones.beside)
    if _squeezed(content.amount_text) not in {_squeezed(token) for token in summary.split()}:
        raise _fault("AMOUNT", "The amount at the top of page 1 is not the amount on record.")
    if _squeezed(page.within(_SCANLINE_ZONE)) != content.scanline:
        raise _fault("SCANLINE", "The coupon's scan line is not, or not alone, what a lockbox has to read.")


def _verify_links(pages: Sequence[PageText], content: Content) -> None:
    """The document's own link to pay with, once."""
    own = [content.payment_url] if content.payment_url else []
    if [link for page in pages for link in page.links if link == content.payment_url] != own:
        raise _fault("PAYMENT_CODE", "The link to pay with is not there, or more than once.")


def _verify_codes(pages: Sequence[PageText], content: Content) -> None:
    """The document's own code to pay with, once; where it has none, no code at all."""
    own = [content.payment_url] if content.payment_url else []
    if [code for page in pages for code in page.codes] != own:
        raise _other_code()


def _other_code() -> DocumentError:
    return _fault("PAYMENT_CODE", "The code to pay with is not, or not alone, this document's own.")


class _Zones(NamedTuple):
    """What is looked at on page 1."""

    recipient: Rect
    sender: Rect
    may_show: Rect
    """Everything that could come to lie behind either window, however the sheet slips."""
    beside: Rect
    """The summary, on the right of all that may show."""
    margins: tuple[Rect, ...]
    """The strips around both addresses that have to be blank."""
    clear: tuple[Rect, ...]

    @property
    def all(self) -> tuple[Rect, ...]:
        return (self.recipient, self.sender, self.may_show, self.beside, *self.margins, *self.clear, _SCANLINE_ZONE)


@lru_cache(maxsize=16)
def _zones_of(windows: Windows, page_width: float) -> _Zones:
    left = max(windows.sender.right, windows.recipient.right)
    height = windows.recipient.bottom + windows.play_down
    return _Zones(
        recipient=_inset(windows.recipient, windows.clear),
        sender=_inset(windows.sender, windows.clear),
        may_show=Rect(left=0, top=0, width=left, height=height),
        beside=Rect(left=left, top=0, width=page_width - left, height=height),
        margins=_margins(windows),
        clear=windows.clear_zones,
    )


def _inset(rect: Rect, clear: float) -> Rect:
    return Rect(
        left=rect.left + clear, top=rect.top + clear, width=rect.width - 2 * clear, height=rect.height - 2 * clear
    )


def _margins(windows: Windows) -> tuple[Rect, ...]:
    upper, lower, clear = windows.sender, windows.recipient, windows.clear
    right = max(upper.right, lower.right)
    return (
        Rect(left=0, top=0, width=right, height=upper.top + clear),
        Rect(left=0, top=0, width=min(upper.left, lower.left) + clear, height=lower.bottom),
        Rect(left=0, top=upper.bottom - clear, width=right, height=lower.top + clear - (upper.bottom - clear)),
        Rect(left=upper.right - clear, top=0, width=right - upper.right + clear, height=lower.top + clear),
        Rect(left=lower.right - clear, top=lower.top, width=clear, height=lower.height),
        Rect(left=0, top=lower.bottom - clear, width=right, height=clear + windows.play_down),
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
    """What stands between blanks and punctuation; what begins or ends with a full stop also without it."""
    for separator in _BETWEEN_TOKENS:
        if separator in text:
            text = text.replace(separator, " ")
    tokens = set(text.split())
    return tokens.union([token.strip(".") for token in tokens if token[0] == "." or token[-1] == "."])


def _squeezed(text: str) -> str:
    """Without any blanks: a name that wraps in the window is still the same name."""
    return "".join(normalized(text).split())


def _fault(code: str, message: str) -> DocumentError:
    return DocumentError(code, message, "The document is held back; report it if the account's data are in order.")
