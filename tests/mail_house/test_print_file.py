"""A print file has every page of every piece in mailing order, and its manifest and control file match it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any

import msgspec
import pikepdf
import pypdfium2
import pytest

from mail_house.models import Piece, PieceCodes, PrintFile
from mail_house.print_files import build_print_file, envelope_class, print_file_name, sheets_of
from mail_house.print_files.manifest import read_manifest, write_manifest
from mail_house.profiles import Profile, load_profile
from tests.mail_house.pieces import (
    CREATED_ON,
    POSTAL_COLUMNS,
    SEGMENT_COLUMNS,
    SERVICE_COLUMNS,
    draw_pdf,
    make_piece,
    make_print_file,
    without_columns,
)

LETTER = load_profile()
SIMPLEX = msgspec.structs.replace(LETTER, duplex=False)


def build(*pieces: Piece, profile: Profile = LETTER) -> PrintFile:
    return build_print_file(name="STMT_X", pieces=pieces, profile=profile, created_on=CREATED_ON)


def page_texts(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def rows(file: PrintFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.manifest.decode("utf-8"), newline="")))


def test_build_print_file__pieces_are_in_mailing_order_and_start_on_a_front() -> None:
    file = build(make_piece(7, pages=2), make_piece(9, pages=1), make_piece(2, pages=3))
    assert page_texts(file.pdf) == [
        "Document 2 page 1 of 3",
        "Document 2 page 2 of 3",
        "Document 2 page 3 of 3",
        "",
        "Document 7 page 1 of 2",
        "Document 7 page 2 of 2",
        "Document 9 page 1 of 1",
        "",
    ]
    positions = [(r["sequence"], r["first_page"], r["pages"], r["blank_pages"], r["sheets"]) for r in rows(file)]
    assert positions == [("2", "1", "3", "1", "2"), ("7", "5", "2", "0", "1"), ("9", "7", "1", "1", "1")]
    assert (file.pages, file.sheets, file.records) == (8, 4, 3)


def test_build_print_file__simplex_vendor_gets_no_blank_pages() -> None:
    file = build(make_piece(1, pages=1), make_piece(2, pages=2), profile=SIMPLEX)
    assert [(r["first_page"], r["blank_pages"], r["sheets"], r["duplex"]) for r in rows(file)] == [
        ("1", "0", "1", "N"),
        ("2", "0", "2", "N"),
    ]
    assert (file.pages, file.sheets) == (3, 3)


def test_build_print_file__same_bytes_for_any_input_order() -> None:
    pieces = [make_piece(n, pages=n) for n in (1, 2, 3)]
    assert build(*pieces) == build(*reversed(pieces))


def test_build_print_file__pdf_hash_depends_on_the_manifest() -> None:
    one, other = build(make_piece(1, amount_cents=100)), build(make_piece(1, amount_cents=200))
    assert one.sha256 != other.sha256


def test_build_print_file__control_file_has_counts_and_hashes() -> None:
    file = build(make_piece(1, amount_cents=1_050), make_piece(2, pages=2, amount_cents=295))
    control = json.loads(file.control)
    assert (control["records"], control["pages"], control["blank_pages"], control["sheets"]) == (2, 4, 1, 2)
    assert control["cents"] == file.cents == 1_345
    assert control["created_on"] == "2026-11-20"
    assert control["pdf"] == {
        "file": "STMT_X.pdf",
        "bytes": len(file.pdf),
        "sha256": hashlib.sha256(file.pdf).hexdigest(),
    }
    assert control["manifest"]["sha256"] == hashlib.sha256(file.manifest).hexdigest()
    assert file.sha256 == control["pdf"]["sha256"]


def test_build_print_file__manifest_row_describes_the_piece() -> None:
    piece = make_piece(3, pages=2, amount_cents=4_200, recipient_lines=("JOSÉ ÁLVAREZ", "C/O ANA", "1 MAIN ST", "X MA"))
    (row,) = rows(build(piece))
    assert row["document_id"] == piece.document_id
    assert row["pdf_file"] == "STMT_X.pdf"
    assert [row[f"address_{n}"] for n in range(1, 7)] == ["JOSÉ ÁLVAREZ", "C/O ANA", "1 MAIN ST", "X MA", "", ""]
    assert (row["amount_cents"], row["sha256"], row["envelope_class"]) == ("4200", piece.sha256, "letter")


PLAIN = msgspec.structs.replace(LETTER, return_envelope=False, perforates_coupon=False)


@pytest.mark.parametrize(
    ("profile", "changes", "expected"),
    [
        pytest.param(LETTER, {}, ("first-class", "", "Y", "1", "01103", ""), id="reply-envelope-and-perforation"),
        pytest.param(PLAIN, {}, ("first-class", "", "N", "", "01103", ""), id="nothing-but-the-letter"),
        pytest.param(
            msgspec.structs.replace(PLAIN, insert_code="FAP-2", mail_class="FCM"),
            {},
            ("FCM", "FAP-2", "N", "", "01103", ""),
            id="the-vendors-own-words",
        ),
        pytest.param(
            PLAIN,
            {"recipient_lines": ("A", "1 MAIN ST", "X MA 01103-0042")},
            ("first-class", "", "N", "", "01103", "0042"),
            id="zip-plus-4-with-leading-zeros",
        ),
        pytest.param(
            PLAIN,
            {"recipient_lines": ("A", "CALLE MAYOR 1", "28014 MADRID", "SPAIN")},
            ("first-class-international", "", "N", "", "", ""),
            id="mail-abroad-has-another-class-and-no-zip",
        ),
        pytest.param(
            LETTER,
            {"pages": 4, "cover_sheet_pages": 2},
            ("first-class", "", "Y", "3", "01103", ""),
            id="coupon-behind-a-cover-sheet",
        ),
        pytest.param(
            LETTER,
            {"codes": PieceCodes(has_coupon=False)},
            ("first-class", "", "N", "", "01103", ""),
            id="no-coupon-is-not-perforated-and-needs-no-envelope-to-the-lockbox",
        ),
        pytest.param(
            LETTER,
            {"codes": PieceCodes(has_coupon=False, segment="FORMS", return_envelope="E7")},
            ("first-class", "", "Y", "", "01103", ""),
            id="no-coupon-but-an-envelope-of-its-own",
        ),
    ],
)
def test_build_print_file__manifest_says_how_the_piece_is_mailed(
    profile: Profile, changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    given = dict(changes)
    of_piece = {name: given.pop(name) for name in ("cover_sheet_pages", "codes") if name in given}
    piece = msgspec.structs.replace(make_piece(1, **given), **of_piece)
    (row,) = rows(build(piece, profile=profile))
    assert tuple(row[name] for name in POSTAL_COLUMNS) == expected


def test_read_manifest__returns_what_was_written() -> None:
    file = build(make_piece(1), make_piece(2, recipient_lines=("A", "CALLE MAYOR 1", "28014 MADRID", "SPAIN")))
    found = read_manifest(file.manifest)
    assert write_manifest("STMT_X.pdf", found, duplex=True) == file.manifest


def test_read_manifest__of_an_older_print_file() -> None:
    file = build(make_piece(1, pages=2, amount_cents=4_200))
    (row,) = read_manifest(without_columns(file.manifest, (*POSTAL_COLUMNS, *SEGMENT_COLUMNS, *SERVICE_COLUMNS)))
    assert (row.pages, row.amount_cents, row.postal_options) == (2, 4_200, None)
    (row,) = read_manifest(without_columns(file.manifest, (*SEGMENT_COLUMNS, *SERVICE_COLUMNS)))
    assert row.postal_options is not None
    assert (row.postal_options.zip5, row.postal_options.segment) == ("01103", "")
    (row,) = read_manifest(without_columns(file.manifest, SERVICE_COLUMNS))
    assert row.postal_options is not None
    assert row.postal_options.extra_service == ""


@pytest.mark.parametrize(("certified", "expected"), [(True, "CERT-RRR"), (False, "")])
def test_manifest__orders_certified_mail_for_the_pieces_that_need_it(certified: bool, expected: str) -> None:
    profile = msgspec.structs.replace(load_profile(), certified_service="CERT-RRR")
    (row,) = rows(build(msgspec.structs.replace(make_piece(1), codes=PieceCodes(certified=certified)), profile=profile))
    assert row["extra_service"] == expected


def test_build__refuses_certified_mail_that_the_vendor_does_not_have() -> None:
    with pytest.raises(ValueError, match="no certified mail"):
        build(msgspec.structs.replace(make_piece(1), codes=PieceCodes(certified=True)))


def test_manifest__has_the_codes_of_the_pieces_segment() -> None:
    codes = PieceCodes(segment="FIRST", insert="FAP-11", return_envelope="NO9-GREEN", message="SATURDAYS")
    plain, coded = make_piece(1), msgspec.structs.replace(make_piece(2), codes=codes)
    rows = list(csv.DictReader(io.StringIO(build(plain, coded).manifest.decode(), newline="")))
    names = ("segment", "insert_code", "return_envelope_code", "message_code")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("", "", "", ""),
        ("FIRST", "FAP-11", "NO9-GREEN", "SATURDAYS"),
    ]


@pytest.mark.parametrize("name", POSTAL_COLUMNS)
def test_read_manifest__refuses_one_with_a_column_missing(name: str) -> None:
    text = build(make_piece(1)).manifest.decode()
    with pytest.raises(ValueError, match="not a manifest"):
        read_manifest(text.replace(name, "other", 1).encode())


@pytest.mark.parametrize(
    ("line", "written"),
    [
        pytest.param('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")', id="equals"),
        pytest.param("+1 MAIN ST", "'+1 MAIN ST", id="plus"),
        pytest.param("-2+3", "'-2+3", id="minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("  =1", "'  =1", id="leading-spaces"),
        pytest.param("＝1", "'＝1", id="full-width"),
        pytest.param("12 MAIN ST -REAR", "12 MAIN ST -REAR", id="hyphen-inside"),
        pytest.param('THE "OLD" MILL, REAR', 'THE "OLD" MILL, REAR', id="quotes-and-comma"),
    ],
)
def test_build_print_file__escapes_formulas(line: str, written: str) -> None:
    (row,) = rows(build(make_piece(1, recipient_lines=("A", line))))
    assert row["address_2"] == written
    assert row["sha256"], "the following columns must not shift"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        pytest.param(("", "1 MAIN ST", "X MA 01103"), "no name", id="empty-name"),
        pytest.param((" ", "1 MAIN ST", "X MA 01103"), "no name", id="name-of-one-space"),
        pytest.param(("\u00a0", "1 MAIN ST", "X MA 01103"), "no name", id="name-of-one-no-break-space"),
        pytest.param(("\u200b\ufeff", "1 MAIN ST", "X MA 01103"), "no name", id="name-of-zero-width-characters"),
        pytest.param(("\u3164", "1 MAIN ST", "X MA 01103"), "no name", id="name-of-a-filler"),
        pytest.param(("A", "\u3000", "X MA 01103"), "a blank line", id="blank-street"),
        pytest.param(("A", "1 MAIN ST\rAPT 4", "X MA 01103"), "control character", id="lone-carriage-return"),
        pytest.param(("A", "\t=1", "X MA 01103"), "control character", id="tab"),
        pytest.param(("A", "1 MAIN ST\u2028", "X MA 01103"), "control character", id="line-separator"),
        pytest.param(("A\x85B", "1 MAIN ST", "X MA 01103"), "control character", id="next-line"),
    ],
)
def test_build_print_file__refuses_a_blank_name_and_control_characters(lines: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build(make_piece(1, recipient_lines=lines))


def test_read_manifest__keeps_a_blank_name_in_its_place() -> None:
    rows_written = [read_manifest(build(make_piece(1)).manifest)[0]]
    blank = msgspec.structs.replace(rows_written[0], recipient_lines=("", "1 MAIN ST", "X MA 01103"))

    (row,) = read_manifest(write_manifest("X.pdf", [blank], duplex=True))

    assert row.recipient_lines == ("", "1 MAIN ST", "X MA 01103")


def test_build_print_file__stores_identical_fonts_once() -> None:
    program = bytes(range(256)) * 80
    pieces = [make_piece(n, pdf=draw_pdf([f"Number {n}"], font_program=program)) for n in range(1, 6)]
    other = make_piece(6, pdf=draw_pdf(["Number 6"], font_program=program[::-1]))
    file = build(*pieces, other)
    with pikepdf.open(io.BytesIO(file.pdf)) as pdf:
        programs = {page.resources.Font.F1.FontDescriptor.FontFile2.objgen for page in pdf.pages[::2]}
        streams = [o for o in pdf.objects if isinstance(o, pikepdf.Stream) and len(o.read_bytes()) == len(program)]
    assert len(programs) == 2
    assert len(streams) == 2
    assert page_texts(file.pdf)[::2] == [f"Number {n}" for n in range(1, 7)]


def test_build_print_file__copies_inherited_page_size_and_fonts() -> None:
    with pikepdf.open(io.BytesIO(draw_pdf(["Inherited"]))) as pdf:
        page = pdf.pages[0].obj
        pdf.Root.Pages.Resources, pdf.Root.Pages.MediaBox = page.Resources, page.MediaBox
        del page["/Resources"], page["/MediaBox"]
        out = io.BytesIO()
        pdf.save(out)
    file = build(make_piece(1, pdf=out.getvalue()))
    assert page_texts(file.pdf) == ["Inherited", ""]
    with pikepdf.open(io.BytesIO(file.pdf)) as pdf:
        assert [[float(x) for x in page.mediabox] for page in pdf.pages] == [[0, 0, 612, 792]] * 2


def test_build_print_file__drops_links() -> None:
    with pikepdf.open(io.BytesIO(draw_pdf(["Pay here"]))) as pdf:
        link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9])
        pdf.pages[0].obj.Annots = pikepdf.Array([link])
        out = io.BytesIO()
        pdf.save(out)
    with pikepdf.open(io.BytesIO(build(make_piece(1, pdf=out.getvalue())).pdf)) as pdf:
        assert "/Annots" not in pdf.pages[0].obj


@dataclass(frozen=True)
class Refused:
    pieces: tuple[Piece, ...]
    complaint: str


def _encrypted() -> bytes:
    with pikepdf.open(io.BytesIO(draw_pdf(["Secret"]))) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    return out.getvalue()


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Refused((msgspec.structs.replace(make_piece(1), sha256="0" * 64),), "000000000001: its bytes do not match"),
            id="damaged-bytes",
        ),
        pytest.param(
            Refused((msgspec.structs.replace(make_piece(1, pages=2), pages=3),), "has 2 pages, but 3 are on record"),
            id="page-missing",
        ),
        pytest.param(Refused((make_piece(1, pdf=b"not a pdf"),), "not a PDF that can be printed"), id="not-a-pdf"),
        pytest.param(Refused((make_piece(1, pdf=_encrypted()),), "encrypted PDF cannot be printed"), id="encrypted"),
        pytest.param(Refused((make_piece(1), make_piece(1, document_id="b")), "twice"), id="repeated-sequence"),
        pytest.param(
            Refused((make_piece(1, document_id="a"), make_piece(2, document_id="a")), "twice"), id="repeated-document"
        ),
        pytest.param(Refused((make_piece(1, recipient_lines=()),), "1 to 6 lines, not 0"), id="no-address"),
        pytest.param(Refused((make_piece(1, recipient_lines=("A",) * 7),), "lines, not 7"), id="address-too-long"),
        pytest.param(Refused((make_piece(1, amount_cents=-1),), "below zero"), id="negative-amount"),
        pytest.param(Refused((make_piece(1, pages=121),), "its 121 pages fit no envelope"), id="no-envelope"),
        pytest.param(Refused((make_piece(1), make_piece(2, pages=11)), "letters and flats"), id="mixed-envelopes"),
        pytest.param(Refused((), "at least one piece"), id="no-pieces"),
    ],
)
def test_build_print_file__refuses(case: Refused) -> None:
    with pytest.raises(ValueError, match=case.complaint) as caught:
        build(*case.pieces)
    assert "HARBOR" not in str(caught.value)


@pytest.mark.parametrize(
    ("pages", "profile", "sheets", "envelope"),
    [
        pytest.param(1, LETTER, 1, "letter", id="one-page"),
        pytest.param(10, LETTER, 5, "letter", id="full-letter"),
        pytest.param(11, LETTER, 6, "flat", id="one-page-more-than-a-letter"),
        pytest.param(120, LETTER, 60, "flat", id="full-flat"),
        pytest.param(5, SIMPLEX, 5, "letter", id="full-simplex-letter"),
        pytest.param(6, SIMPLEX, 6, "flat", id="one-page-more-than-a-simplex-letter"),
    ],
)
def test_envelope_class(pages: int, profile: Profile, sheets: int, envelope: str) -> None:
    assert sheets_of(pages, profile) == sheets
    assert envelope_class(pages, profile) == envelope


@pytest.mark.parametrize("pages", [pytest.param(0, id="no-pages"), pytest.param(121, id="too-many")])
def test_envelope_class__refuses(pages: int) -> None:
    with pytest.raises(ValueError, match=r"cannot be mailed|more than a flat envelope holds \(60\)"):
        envelope_class(pages, LETTER)


def test_print_file_name__has_facility_cycle_date_batch_and_number() -> None:
    assert make_print_file(number=7).name == "STMT_MAIN_2026-11_20261120_2026-11-statement_007"


@pytest.mark.parametrize(
    "part",
    [
        pytest.param({"facility_id": "a_b"}, id="underscore"),
        pytest.param({"cycle": "../etc"}, id="path"),
        pytest.param({"batch_id": ""}, id="empty"),
        pytest.param({"number": 0}, id="number-zero"),
    ],
)
def test_print_file_name__refuses_invalid_parts(part: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "facility_id": "main",
        "cycle": "2026-11",
        "created_on": CREATED_ON,
        "batch_id": "b",
        "number": 1,
    }
    with pytest.raises(ValueError, match=r"file name|numbered from 1"):
        print_file_name(**(good | part))
