"""Verify many documents with the fast reader, and with PDFium whenever a document has something new.

Where both read a document, they must agree on every character; otherwise the document is not mailed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pdf_kit import UnsupportedPdf
from pdf_kit.fast_reader import FastReader, Reading
from pdf_kit.page_text import PageText
from pdf_kit.text import remove_whitespace
from statement_builder.documents.content import Content
from statement_builder.rendering.envelope import EnvelopeWindows, find_checked_zones
from statement_builder.rendering.errors import DocumentError, contain_document
from statement_builder.rendering.verification import (
    ForeignIds,
    PageLabel,
    payment_code_error,
    read_pages,
    verification_error,
    verify,
    verify_pages,
)

_PDFIUM_EVERY = 64
"""PDFium reads at least one in this many documents, even if only the words are new."""
_SCAN_EVERY = 1024
"""PDFium scans the codes of at least one in this many documents from page images, which takes ten milliseconds a page.
The fast reader checks every code by its operators."""
_PAGE_WIDTH = 8.5


class VerifyRequest(NamedTuple):
    """A finished file, and the content that it must show."""

    pdf: bytes
    content: Content
    page_label: PageLabel


class ProofStore(Protocol):
    """Remembers which forms and drawings PDFium confirmed, by their hashes.

    The same form reads the same in every process and every month, so a proof stays valid.
    """

    def has_proof(self, key: bytes) -> bool: ...

    def add_proof(self, key: bytes) -> None: ...


class _MemoryProofStore:
    """The proofs of one verifier."""

    def __init__(self) -> None:
        self._keys: set[bytes] = set()

    def has_proof(self, key: bytes) -> bool:
        return key in self._keys

    def add_proof(self, key: bytes) -> None:
        self._keys.add(key)


class Verifier:
    """Verifies many documents for one envelope. `proofs` can be shared by processes."""

    def __init__(self, windows: EnvelopeWindows, proofs: ProofStore | None = None) -> None:
        self._windows = windows
        self._envelope_key = repr(windows).encode()
        self._proofs = proofs or _MemoryProofStore()
        self._reader = self._new_reader()
        self._since_pdfium = self._since_scan = 0

    def _new_reader(self) -> FastReader:
        return FastReader(find_checked_zones(self._windows, _PAGE_WIDTH).all)

    def verify(self, pdf: bytes, content: Content, *, foreign: ForeignIds, page_label: PageLabel) -> None:
        """Raise DocumentError unless the PDF is exactly this document for exactly this recipient: see
        `verification.verify`."""
        (error,) = self.verify_all([VerifyRequest(pdf, content, page_label)], foreign)
        if error is not None:
            raise error

    def verify_all(self, requests: Sequence[VerifyRequest], foreign: ForeignIds) -> list[DocumentError | None]:
        """For each document the error that `verify` would raise, or None."""
        errors: list[DocumentError | None] = []
        while rest := requests[len(errors) :]:
            reader = self._reader
            readings = reader.read_all([(each.pdf, each.content.payment_url) for each in rest])
            for request, reading in zip(rest, readings, strict=True):
                errors.append(self._check(request, reading, foreign))
                if self._reader is not reader:
                    break  # read the rest again with the new reader
        return errors

    def _check(
        self, request: VerifyRequest, reading: Reading | UnsupportedPdf, foreign: ForeignIds
    ) -> DocumentError | None:
        pdf, content, page_label = request
        try:
            if isinstance(reading, UnsupportedPdf):
                verify(pdf, content, windows=self._windows, foreign=foreign, page_label=page_label)
            else:
                self._compare_with_pdfium_if_due(request, reading, foreign)
                verify_pages(reading.pages, content, self._windows, foreign, page_label)
        except DocumentError as exc:
            return exc
        except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
            self._reader = self._new_reader()  # it may have cached what made the check fail
            return contain_document(exc, "checking its pages", content.document_id)
        return None

    def _compare_with_pdfium_if_due(self, request: VerifyRequest, reading: Reading, foreign: ForeignIds) -> None:
        self._since_pdfium += 1
        self._since_scan += 1
        is_new = reading.is_new and not self._proofs.has_proof(self._form_key(reading))
        if not is_new and self._since_pdfium < _PDFIUM_EVERY:
            return
        scanned = self._pages_to_scan(reading, is_new)
        try:
            self._compare_with_pdfium(request, reading, foreign, scanned, is_new=is_new)
        except DocumentError:
            self._reader = self._new_reader()  # this reader may have cached what only PDFium finds to be wrong
            raise
        if is_new:
            for index in scanned:
                self._proofs.add_proof(_drawing_key(reading, index))
            self._proofs.add_proof(self._form_key(reading))

    def _form_key(self, reading: Reading) -> bytes:
        """Key of the proof that both readers read a file of this form alike, for this envelope."""
        return b"form" + reading.form_hash + self._envelope_key

    def _pages_to_scan(self, reading: Reading, is_new: bool) -> list[int]:
        """The pages with a drawing that was never scanned; at times all pages."""
        indexes = range(len(reading.pages))
        if self._since_scan >= _SCAN_EVERY:
            return list(indexes)
        return [index for index in indexes if is_new and not self._proofs.has_proof(_drawing_key(reading, index))]

    def _compare_with_pdfium(
        self, request: VerifyRequest, reading: Reading, foreign: ForeignIds, scanned: Sequence[int], *, is_new: bool
    ) -> None:
        self._since_pdfium = 0
        with read_pages(request.pdf) as pages:
            verify_pages(
                pages, request.content, self._windows, foreign, request.page_label, check_codes=False, check_gaps=is_new
            )
            if [_comparable(page) for page in reading.pages] != [_comparable(page) for page in pages]:
                raise verification_error("PAGES", "Two readers read the finished PDF differently.")
            if any(pages[index].codes != reading.pages[index].codes for index in scanned):
                raise payment_code_error()
        if len(scanned) == len(reading.pages):
            self._since_scan = 0


def _comparable(page: PageText) -> str:
    """The page's text without bullets: where a list continues on a new page, PDFium reads its first bullet earlier."""
    return remove_whitespace(page.whole).replace("•", "")


def _drawing_key(reading: Reading, index: int) -> bytes:
    """Key of the proof that a scan of the page finds the codes that its operators draw."""
    return b"look" + reading.drawing_hashes[index]
