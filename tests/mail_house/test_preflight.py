"""Our preflight finds what a vendor's preflight would find: no faults in good files, and each fault in damaged ones."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pikepdf
import pytest

from mail_house.errors import PreflightFailed
from mail_house.models import Piece, PieceCodes, PrintFile
from mail_house.preflight import require_no_faults
from mail_house.preflight.preflight import choose_sample, find_faults
from mail_house.print_files import build_print_file
from mail_house.print_files.control import file_facts, read_control, write_control
from mail_house.print_files.manifest import read_manifest, write_manifest
from mail_house.profiles import Profile, load_profile, with_mailer
from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine
from tests.builders import make_address, make_encounter
from tests.contents import TEMPLATES, make_letter, make_ob_notice, make_statement
from tests.mail_house.pieces import CREATED_ON, POSTAL_COLUMNS, SEGMENT_COLUMNS, SERVICE_COLUMNS, without_columns

LETTER = with_mailer(load_profile(), mailer_id="123456", service_type="040")
SIMPLEX = msgspec.structs.replace(LETTER, duplex=False)
ENGINE = CompiledEngine(TEMPLATES)

DOCUMENTS = (
    make_statement(guarantor_id="G1"),
    make_statement(*[make_encounter(f"B{n:05}") for n in range(40)], guarantor_id="G2"),
    make_letter(4, guarantor_id="G3", large_print=True),
    make_ob_notice(guarantor_id="G4", first_name="Þórunn", last_name="O’Brien-Đặng"),
    make_statement(guarantor_id="G6", last_name="Παπαδόπουλος"),  # laid out by WeasyPrint, with its own fonts
    make_statement(guarantor_id="G-5", address=make_address("c/o Riverside", "Building 14", "1 A St.")),
)


def as_piece(content: Content, sequence: int) -> Piece:
    rendered = ENGINE.render(content)
    return Piece(
        document_id=content.document_id,
        sequence=sequence,
        pdf=rendered.pdf,
        pages=rendered.pages,
        recipient_lines=(content.recipient.name, *content.recipient.lines),
        amount_cents=content.amount_cents,
        sha256=rendered.sha256,
        serial=sequence,
        scanline=content.scanline,
    )


@pytest.fixture(scope="module")
def pieces() -> tuple[Piece, ...]:
    return tuple(as_piece(content, sequence) for sequence, content in enumerate(DOCUMENTS, start=11))


def build(pieces: tuple[Piece, ...], profile: Profile = LETTER) -> PrintFile:
    return build_print_file(name="STMT_X", pieces=pieces, profile=profile, created_on=CREATED_ON)


def faults(file: PrintFile, profile: Profile = LETTER, sample_every: int = 1) -> list[str]:
    return [str(fault) for fault in find_faults(file, profile, sample_every=sample_every)]


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(LETTER, id="duplex"),
        pytest.param(SIMPLEX, id="simplex"),
        pytest.param(load_profile(), id="no-mailer-id"),
        pytest.param(load_profile("lob"), id="lob"),
        pytest.param(load_profile("postgrid"), id="postgrid"),
    ],
)
def test_find_faults__none_in_our_print_files_with_every_piece_rendered(
    pieces: tuple[Piece, ...], profile: Profile
) -> None:
    assert len({piece.pages for piece in pieces}) > 1
    assert faults(build(pieces, profile), profile) == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(("", "12 Maple Street", "Springfield, MA 01103"), "no name", id="empty-name"),
        pytest.param(
            ("\u00a0", "12 Maple Street", "Springfield, MA 01103"), "no name", id="name-of-one-no-break-space"
        ),
        pytest.param(("Maria Lopez", "12 Maple\rStreet", "Springfield, MA 01103"), "line end", id="carriage-return"),
    ],
)
def test_find_faults__name_and_address_lines_of_the_manifest(
    lines: tuple[str, ...], message: str, pieces: tuple[Piece, ...]
) -> None:
    file = build(pieces[:1])
    (row,) = read_manifest(file.manifest)
    faulty = write_manifest(f"{file.name}.pdf", [msgspec.structs.replace(row, recipient_lines=lines)], duplex=True)

    found = faults(with_matching_control(file, manifest=faulty))

    assert len(found) == 1
    assert message in found[0]


def with_matching_control(file: PrintFile, *, pdf: bytes | None = None, manifest: bytes | None = None) -> PrintFile:
    """Replace PDF or manifest and update the control file, as a faulty writer would."""
    pdf, manifest = pdf or file.pdf, manifest or file.manifest
    control = msgspec.structs.replace(
        read_control(file.control),
        pdf=file_facts(f"{file.name}.pdf", pdf),
        manifest=file_facts(f"{file.name}.csv", manifest),
    )
    sha256 = hashlib.sha256(pdf).hexdigest()
    return msgspec.structs.replace(file, pdf=pdf, manifest=manifest, control=write_control(control), sha256=sha256)


def edited(file: PrintFile, edit: Callable[[pikepdf.Pdf], None]) -> PrintFile:
    with pikepdf.open(io.BytesIO(file.pdf)) as pdf:
        edit(pdf)
        out = io.BytesIO()
        pdf.save(out)
    return with_matching_control(file, pdf=out.getvalue())


def swap(pdf: pikepdf.Pdf, one: int, other: int) -> None:
    first, second = pdf.pages[one].obj, pdf.pages[other].obj
    for key in ("/Contents", "/Resources"):
        first[key], second[key] = second[key], first[key]


def swap_own(pdf: pikepdf.Pdf, one: int, other: int) -> None:
    """Swap the content of two pages but not their marks."""
    contents = [list(pdf.pages[index].obj.Contents) for index in (one, other)]
    first, second = ([*theirs[:-1], own[-1]] for theirs, own in (contents[::-1], contents))
    pdf.pages[one].obj.Contents, pdf.pages[other].obj.Contents = pikepdf.Array(first), pikepdf.Array(second)


def unmark(pdf: pikepdf.Pdf, index: int) -> None:
    pdf.pages[index].obj.Contents = pikepdf.Array(
        [*list(pdf.pages[index].obj.Contents)[:-1], pikepdf.Stream(pdf, b"Q")]
    )


def mark_as(pdf: pikepdf.Pdf, index: int, other: int) -> None:
    own, theirs = list(pdf.pages[index].obj.Contents), list(pdf.pages[other].obj.Contents)
    pdf.pages[index].obj.Contents = pikepdf.Array([*own[:-1], theirs[-1]])


def paint(pdf: pikepdf.Pdf, index: int, operators: bytes) -> None:
    """Draw over everything, including the marks."""
    page = pdf.pages[index]
    page.contents_add(operators, prepend=False)


def disembed(pdf: pikepdf.Pdf, index: int) -> None:
    font = next(iter(pdf.pages[index].resources.Font.as_dict().values()))
    descriptor = font.DescendantFonts[0].FontDescriptor
    descriptor = pikepdf.Dictionary({key: value for key, value in descriptor.items() if key != "/FontFile2"})
    font.DescendantFonts[0].FontDescriptor = descriptor


@dataclass(frozen=True)
class Damage:
    edit: Callable[[pikepdf.Pdf], None]
    complaint: str


MARK = "page 1: its barcode or sheet mark"


# Piece 1 is page 1 and its blank back; piece 2 starts on page 3. Page indexes start at 0.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Damage(lambda pdf: pdf.pages.__delitem__(3), "pages, and its manifest lists"), id="page-missing"),
        pytest.param(Damage(lambda pdf: swap(pdf, 0, 2), MARK), id="pieces-swapped"),
        pytest.param(Damage(lambda pdf: swap_own(pdf, 0, 2), "another document"), id="contents-of-two-pieces-swapped"),
        pytest.param(Damage(lambda pdf: swap(pdf, 3, 5), "another page of the document"), id="backs-swapped"),
        pytest.param(Damage(lambda pdf: swap_own(pdf, 2, 4), "another page of the document"), id="fronts-swapped"),
        pytest.param(Damage(lambda pdf: unmark(pdf, 0), MARK), id="mark-missing"),
        pytest.param(Damage(lambda pdf: mark_as(pdf, 2, 0), MARK), id="mark-of-another"),
        pytest.param(Damage(lambda pdf: disembed(pdf, 2), "page 1: a font is not embedded"), id="font-not-embedded"),
        pytest.param(
            Damage(lambda pdf: setattr(pdf.pages[0], "mediabox", [0, 0, 595, 842]), "not letter size"), id="a4"
        ),
        pytest.param(Damage(lambda pdf: paint(pdf, 1, b"0 0 9 9 re f"), "blank back"), id="back-not-blank"),
    ],
)
def test_find_faults__structural_faults_on_every_piece(pieces: tuple[Piece, ...], case: Damage) -> None:
    damaged = edited(build(pieces), case.edit)
    found = faults(damaged, sample_every=10**9)
    assert [fault for fault in found if case.complaint in fault], found
    with pytest.raises(PreflightFailed, match="STMT_X was not handed over") as caught:
        require_no_faults(damaged, LETTER)
    assert "Lopez" not in str(caught.value)


def inches(left: float, top: float, width: float, height: float) -> bytes:
    return b"%f %f %f %f re f\n" % (left * 72, (11 - top - height) * 72, width * 72, height * 72)


WHITE, GRAY = b"q 1 g ", b"q .3 g "


def words(x: float, y: float) -> bytes:
    """Operators that draw two letters in a font of text, at points from the lower left corner."""
    return b"BT 1 0 0 1 %f %f Tm /%s 12 Tf <001c0020> Tj ET\n" % (x, y, b"FONT")


def _program_bytes(font: pikepdf.Object) -> int:
    """The size of the font program: the one of the body text has the most letters."""
    return len(font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes())


@pytest.mark.parametrize(
    ("x", "y", "complaint"),
    [
        pytest.param(300, 520, "", id="free-place"),
        pytest.param(602, 520, "nearer to the edge", id="right-edge"),
        pytest.param(300, 4, "nearer to the edge", id="lower-edge"),
        pytest.param(2, 100, "nearer to the edge", id="left-edge"),
        pytest.param(300, 785, "nearer to the edge", id="upper-edge"),
    ],
)
def test_find_faults__text_where_printers_cannot_print(
    pieces: tuple[Piece, ...], x: float, y: float, complaint: str
) -> None:
    def write(pdf: pikepdf.Pdf) -> None:
        fonts = pdf.pages[0].resources.Font
        font = max(sorted(fonts.keys()), key=lambda name: _program_bytes(fonts[name]))
        paint(pdf, 0, words(x, y).replace(b"/FONT", font.encode()))

    found = faults(edited(build(pieces), write))
    assert [fault for fault in found if "nearer to the edge" in fault] == [
        f"document {pieces[0].document_id}, page 1: text is nearer to the edge than printers can print"
    ] * bool(complaint)


def test_find_faults__a_page_printed_twice_with_an_offset(pieces: tuple[Piece, ...]) -> None:
    def repeat(pdf: pikepdf.Pdf) -> None:
        drawn = max((stream.read_bytes() for stream in pdf.pages[0].Contents), key=len)
        paint(pdf, 0, b"q 1 0 0 1 0 6 cm " + drawn + b" Q")

    found = faults(edited(build(pieces), repeat))
    assert [fault for fault in found if "touch or overlap" in fault]


@pytest.mark.parametrize(
    ("operators", "complaint"),
    [
        pytest.param(WHITE + inches(0.7, 2.5, 1, 0.2) + b"Q", "barcode cannot be read", id="barcode-covered"),
        pytest.param(WHITE + inches(0.1, 4.0, 0.2, 0.2) + b"Q", "sheet mark cannot be read", id="mark-covered"),
        pytest.param(GRAY + inches(0.1, 6.0, 0.2, 0.02) + b"Q", "vendor's zone", id="ink-in-the-vendors-zone"),
        pytest.param(GRAY + inches(0.2, 2.0, 0.1, 0.02) + b"Q", "in a window", id="ink-visible-when-the-sheet-shifts"),
        pytest.param(GRAY + inches(1.0, 3.1, 0.1, 0.02) + b"Q", "in a window", id="ink-below-the-window"),
        pytest.param(GRAY + inches(1.0, 1.72, 0.1, 0.02) + b"Q", "in a window", id="ink-at-the-windows-edge"),
        pytest.param(GRAY + inches(2.0, 2.53, 0.3, 0.13) + b"Q", "barcode cannot be read", id="barcode-smeared"),
    ],
)
def test_find_faults__visual_faults(pieces: tuple[Piece, ...], operators: bytes, complaint: str) -> None:
    found = faults(edited(build(pieces), lambda pdf: paint(pdf, 0, operators)))
    assert [fault for fault in found if complaint in fault], found
    assert all(fault.startswith(f"document {pieces[0].document_id}, page 1: ") for fault in found)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("12 Maple Street", "21 Maple Street", "window does not show", id="address"),
        pytest.param(",0000000", ",0000009", "scan line differs from the manifest's", id="scan-line"),
        pytest.param("-01103,", "-01104,", "barcode does not match its address", id="barcode-of-another-address"),
        pytest.param(",11,STMT_X.pdf,1,", ",10,STMT_X.pdf,1,", "sheet mark is missing", id="sequence"),
        pytest.param(
            "00040123456000000011-01103,", "0004012345600000001X-01103,", "digits 0 to 9 only", id="letter-in-barcode"
        ),
        pytest.param("00040123456000000011-01103,", ",", "barcode is missing", id="no-barcode"),
        pytest.param(",letter,", ",flat,", "do not match its page count", id="envelope"),
        pytest.param(",11,STMT_X.pdf,1,1,1,1,", ",11,STMT_X.pdf,1,0,1,1,", "cannot be mailed", id="no-pages"),
        pytest.param(",12,STMT_X.pdf,3,", ",12,STMT_X.pdf,5,", "does not start where", id="gap"),
        pytest.param(",144500,", ",144501,", "cents of its control file", id="cents"),
        pytest.param(",01103,,,,,\r\n", ",01104,,,,,\r\n", "ZIP Code does not match its address", id="other-zip"),
        pytest.param(",first-class,", ",marketing,", "not what the profile orders", id="mail-class"),
        pytest.param(",first-class,,Y,", ",first-class,X,Y,", "not what the profile orders", id="insert"),
        pytest.param(",first-class,,Y,", ",first-class,,N,", "not what the profile orders", id="reply-envelope"),
        pytest.param(",Y,1,01103", ",Y,2,01103", "not what the profile orders", id="perforated-page"),
    ],
)
def test_find_faults__manifest_does_not_match_the_pages(
    pieces: tuple[Piece, ...], old: str, new: str, complaint: str
) -> None:
    file = build(pieces)
    assert old in file.manifest.decode()
    found = faults(with_matching_control(file, manifest=file.manifest.decode().replace(old, new, 1).encode()))
    assert [fault for fault in found if complaint in fault], found


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        pytest.param(
            lambda file: msgspec.structs.replace(file, pdf=file.pdf[:-1]), "PDF does not match", id="pdf-truncated"
        ),
        pytest.param(
            lambda file: msgspec.structs.replace(file, manifest=file.manifest + b"x"), "not a manifest", id="manifest"
        ),
        pytest.param(
            lambda file: with_matching_control(file, pdf=b"%PDF-1.7 nothing"), "not a readable PDF", id="not-a-pdf"
        ),
        pytest.param(
            lambda file: with_matching_control(file, manifest=b"a,b\r\n1,2\r\n"), "not a manifest", id="not-a-manifest"
        ),
        pytest.param(
            lambda file: msgspec.structs.replace(file, control=b"{}"), "not a control file", id="not-a-control-file"
        ),
    ],
)
def test_find_faults__files_that_do_not_belong_together(
    pieces: tuple[Piece, ...], damage: Callable[[PrintFile], PrintFile], complaint: str
) -> None:
    found = faults(damage(build(pieces)))
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(SERVICE_COLUMNS, id="before-services"),
        pytest.param((*SEGMENT_COLUMNS, *SERVICE_COLUMNS), id="before-segments"),
        pytest.param((*POSTAL_COLUMNS, *SEGMENT_COLUMNS, *SERVICE_COLUMNS), id="before-postal-options"),
    ],
)
def test_find_faults__an_older_print_file_has_no_fault(pieces: tuple[Piece, ...], columns: tuple[str, ...]) -> None:
    file = build(pieces)
    assert faults(with_matching_control(file, manifest=without_columns(file.manifest, columns))) == []


@pytest.mark.parametrize(
    ("codes", "is_fault"),
    [
        pytest.param(PieceCodes(segment="FIRST", insert="FAP-11"), False, id="of-its-segment"),
        pytest.param(PieceCodes(insert="FAP-11"), True, id="without-a-segment"),
    ],
)
def test_find_faults__an_insert_that_the_profile_does_not_order(
    pieces: tuple[Piece, ...], codes: PieceCodes, is_fault: bool
) -> None:
    file = build(tuple(msgspec.structs.replace(piece, codes=codes) for piece in pieces))
    assert any("insert" in fault for fault in faults(file)) is is_fault


def test_choose_sample__first_last_longest_and_a_fixed_share_of_the_rest(pieces: tuple[Piece, ...]) -> None:
    [first, *_] = read_manifest(build(pieces).manifest)
    rows = [
        msgspec.structs.replace(first, document_id=f"{n:032x}", sequence=n, pages=9 if n == 700 else 1)
        for n in range(1, 2001)
    ]
    chosen = [piece.sequence for piece in choose_sample(rows, 50)]
    assert {1, 700, 2000} <= set(chosen)
    assert 20 <= len(chosen) <= 70
    assert chosen == sorted(chosen) == [piece.sequence for piece in choose_sample(rows, 50)]
    assert len(choose_sample(rows, 1)) == 2000
