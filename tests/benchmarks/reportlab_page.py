"""The patient statement in ReportLab, hand-written for speed: a canvas with positions in points, without Platypus.

It prints the same as `templates/statement` for a statement in English and standard print: the same text, fonts and
sizes, tables, strips, boxes, the coupon with scan line, payment code and link, page numbers, repeated heads.
zint encodes the code for both. It omits tags and alternative text (PDF/UA), XMP metadata, kerning and ligatures (which
ReportLab lacks), WeasyPrint's exact line breaks, and the second form of the table, for amounts of seven digits. A
screen reader cannot find the tables in its files.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from reportlab.lib.colors import HexColor
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from pdf_kit.qr_code import QUIET_MODULES, modules_of, svg_path
from statement_builder.documents import Content
from statement_builder.documents.facts import StatementFacts
from statement_builder.rendering.templating import address_lines, shown_url
from statement_builder.rendering.text_fit import window_fit
from tests.benchmarks.reportlab_body import body_blocks
from tests.benchmarks.reportlab_sheet import (
    BLUE,
    BODY_WIDTH,
    BOLD,
    BOX,
    GREEN,
    HAIRLINE,
    INK,
    LEFT,
    PAPER_HEIGHT,
    PAPER_WIDTH,
    PLAIN,
    QUIET,
    RIGHT,
    SCANNER,
    Block,
    Sheet,
    ascent,
    long_date,
    medium_date,
    split_words,
)

_TOP_LATER, _BOTTOM_LATER = 68.4, 738.0
_COUPON_TOP = 540.0
_WINDOW_TYPE = {"": (10.5, 10.8), "tight": (9.0, 9.6), "tightest": (8.0, 8.1)}


def render(content: Content) -> bytes:
    """Render a statement in standard print. Returns the file."""
    assert isinstance(content.facts, StatementFacts)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(PAPER_WIDTH, PAPER_HEIGHT), invariant=1, lang="en")
    canvas.setTitle(content.title)
    sheet = Sheet(canvas)
    body_top, draw_top = _top(content)
    foot_top, draw_foot = _foot(content)
    pages = list(_paginate(list(body_blocks(content, content.facts)), body_top, foot_top))
    for number, page in enumerate(pages, start=1):
        if number == 1:
            draw_top(sheet)
            draw_foot(sheet)
        else:
            head = f"{content.facility.name} · {content.title} · {long_date(content.issued_on)}"
            sheet.text(LEFT, 50, head, BOLD, 9, QUIET)
            sheet.rule(LEFT, RIGHT, 56, 0.75, HAIRLINE)
        for top, draw in page:
            draw(sheet, top)
        foot = f"Document {content.document_id} · Page {number} of {len(pages)}"
        sheet.text(RIGHT, 774, foot, PLAIN, 8, QUIET, right=True)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _top(content: Content) -> tuple[float, Callable[[Sheet], None]]:
    """The top of the body, and the function that draws everything above it."""
    facility = content.facility
    facts = content.facts
    assert isinstance(facts, StatementFacts)
    size, leading = _WINDOW_TYPE[window_fit(content.recipient)]
    recipient = [
        part
        for line in (content.recipient.name, *content.recipient.lines)
        for part in simpleSplit(line, PLAIN, size, 266.4)
    ]
    key_facts = [
        ("Pay online", shown_url(facility.portal_url), PLAIN),
        ("Pay or ask", facility.phone, BOLD),
        ("Billing number", content.guarantor_id, PLAIN),
        (
            f"Bill {facts.bill_number} of {facts.bill_count}" if facts.bill_number else "Bill date",
            long_date(content.issued_on),
            PLAIN,
        ),
    ]
    rows = [(label, simpleSplit(value, font, 10, 126), font) for label, value, font in key_facts]
    hours = simpleSplit(f"Phone hours: {facility.phone_hours}", PLAIN, 9, 212.4)
    rows_top = 134.5
    hours_top = rows_top + 12.5 * sum(len(lines) for _, lines, _ in rows)
    bottom = hours_top + 11 * (len(hours) + 1) + 5

    def draw(sheet: Sheet) -> None:
        left = 55.4
        sheet.text(left, 56, facility.name, BOLD, 10, BLUE)
        sheet.lines(left, 58.8, list(address_lines(facility.return_address)), PLAIN, 8.5, 10.5, INK)
        sheet.lines(left, 131.4, recipient, PLAIN, size, leading, INK)
        side = LEFT + 313.2
        heading = "Your hospital bill" if content.level == 0 else "Bill reminder"
        sheet.text(side, 47, heading, BOLD, 20, BLUE)
        sheet.box(side, 57.8, 212.4, 70, BOX, None)
        sheet.box(side, 57.8, 4, 70, BLUE, None)
        sheet.text(side + 14, 75, "Please pay", BOLD, 10, INK)
        sheet.text(side + 14, 101, content.amount_text, BOLD, 25, BLUE)
        sheet.text(side + 14, 117, f"by {long_date(facts.due_on)}", BOLD, 10, INK)
        y = rows_top
        for label, lines, font in rows:
            sheet.lines(side, y, [label], PLAIN, 10, 12.5, QUIET)
            sheet.lines(side + 86.4, y, lines, font, 10, 12.5, INK)
            y += 12.5 * len(lines)
        sheet.lines(side, hours_top, [*hours, "Hearing or speech help: dial 711"], PLAIN, 9, 11, QUIET)

    return max(224.6, bottom), draw


def _foot(content: Content) -> tuple[float, Callable[[Sheet], None]]:
    """The top of page 1's foot, and the function that draws it: help, rights, coupon."""
    facility = content.facility
    help_lines = split_words(
        [
            (PLAIN, "You can apply with or without insurance, and asking costs nothing. Call "),
            (BOLD, f"{facility.assistance_phone} "),
            (PLAIN, "or go to "),
            (BOLD, f"{shown_url(facility.assistance_url)} "),
            (PLAIN, "for the policy, a summary in plain words and the application form."),
        ],
        10,
        BODY_WIDTH - 18,
    )
    rights = split_words(
        [
            (BOLD, "Your rights. "),
            (PLAIN, "You may ask for an itemized bill at any time, free of charge. If something looks wrong or your "),
            (PLAIN, f"insurance has changed, call {facility.phone}. While we look into a charge that you dispute, "),
            (PLAIN, "you do not have to pay it."),
        ],
        9,
        BODY_WIDTH,
    )
    rights_top = _COUPON_TOP - 3.6 - 11 * len(rights)
    help_height = 9.5 + 14 + 13 * len(help_lines)
    top = rights_top - 6 - help_height

    def draw(sheet: Sheet) -> None:
        sheet.box(LEFT, top, BODY_WIDTH, help_height, HexColor("#eef7f2"), HexColor("#1d6b4f"))
        question = "Need help paying? You may qualify for free or discounted care."
        sheet.lines(LEFT + 9, top + 4, [question], BOLD, 11, 14, GREEN)
        sheet.words(LEFT + 9, top + 18, help_lines, 10, 13)
        sheet.words(LEFT, rights_top, rights, 9, 11)
        _draw_coupon(sheet, content)

    return top, draw


def _draw_coupon(sheet: Sheet, content: Content) -> None:
    facility, facts = content.facility, content.facts
    assert isinstance(facts, StatementFacts)
    sheet.canvas.setDash(3, 3)
    sheet.rule(0, PAPER_WIDTH, _COUPON_TOP, 1, HexColor("#5b6975"))
    sheet.canvas.setDash()
    cut = "Please detach here and return this part with your payment in the envelope provided."
    sheet.canvas.setFont(PLAIN, 8.5)
    sheet.canvas.setFillColor(QUIET)
    sheet.canvas.drawCentredString(PAPER_WIDTH / 2, PAPER_HEIGHT - _COUPON_TOP - 12, cut)
    sheet.text(LEFT, _COUPON_TOP + 36, "Paying by mail", BOLD, 13, BLUE)
    coded = bool(content.payment_url)
    y = _COUPON_TOP + 43.2
    number = "" if coded else f", {content.guarantor_id},"
    for sentence in (
        *(() if coded else ("You can also pay online or by phone: see the top of this page.",)),
        f"Make checks payable to {facility.remit_name}.",
        f"Please write your billing number{number} on the check.",
    ):
        lines = simpleSplit(sentence, PLAIN, 10, 205.2 if coded else 280.8)
        sheet.lines(LEFT, y, lines, PLAIN, 10, 13, INK)
        y += 13 * len(lines) + 3
    for x, width, bottom, label in (
        (LEFT, 205.2, 99, "New address? Write it here:"),
        (LEFT, 205.2, 129.6, ""),
        (LEFT + 313.2, 212.4, 151.8, "New insurance? Plan name:"),
        (LEFT + 313.2, 212.4, 172.5, "Member number:"),
    ):
        sheet.text(x, _COUPON_TOP + bottom - 3, label, PLAIN, 9, QUIET)
        sheet.rule(x, x + width, _COUPON_TOP + bottom, 0.75, QUIET)
    if coded:
        _draw_code(sheet, content.payment_url)
    remit = [facility.remit_name, *address_lines(facility.remit_address)]
    sheet.lines(LEFT + 36, _COUPON_TOP + 148.3, remit, PLAIN, 10.5, 13, INK)
    _draw_figures(sheet, content, facts)
    if content.scanline:
        sheet.text(RIGHT, 740.2, content.scanline, SCANNER, 10.07, HexColor("#000000"), right=True)


def _draw_figures(sheet: Sheet, content: Content, facts: StatementFacts) -> None:
    left, y = LEFT + 313.2, _COUPON_TOP + 23.0
    for label, value, size, above in (
        ("Name", content.recipient.name, 10, 2.5),
        ("Billing number", content.guarantor_id, 10, 2.5),
        ("Please pay", content.amount_text, 15, 6),
        ("Pay by", medium_date(facts.due_on), 10, 2.5),
    ):
        lines = simpleSplit(value, BOLD, size, 115.2)
        leading = 18 if size == 15 else 13
        sheet.text(left, y + above + 10, label, PLAIN, 10, INK)
        for place, line in enumerate(lines):
            color = BLUE if size == 15 else INK
            sheet.text(RIGHT, y + 2.5 + ascent(size, leading) + leading * place, line, BOLD, size, color, right=True)
        y += 5 + leading * len(lines)
        sheet.rule(left, RIGHT, y, 0.5, HAIRLINE)
    sheet.text(left, y + 20, "Amount enclosed", PLAIN, 10, INK)
    sheet.box(left + 97.2, y, 115.2, 29, None, INK)
    sheet.text(left + 103.2, y + 19, "$", BOLD, 10, INK)


def _draw_code(sheet: Sheet, address: str) -> None:
    """Draw the code as one path, as the engines do, and the link over it."""
    canvas = sheet.canvas
    left, top, module = LEFT + 223.2, _COUPON_TOP + 55.4, 72 / (modules_of(address) + 2 * QUIET_MODULES)
    canvas.setFont(BOLD, 10)
    canvas.setFillColor(INK)
    canvas.drawCentredString(left + 36, PAPER_HEIGHT - _COUPON_TOP - 52.5, "Pay online: scan")
    canvas.saveState()
    canvas.translate(left + QUIET_MODULES * module, PAPER_HEIGHT - top - (QUIET_MODULES + 0.5) * module)
    canvas.scale(module, -module)
    canvas.setLineWidth(1)
    canvas.setStrokeColor(HexColor("#000000"))
    path = canvas.beginPath()
    for stretch in svg_path(address)[1:].split("M"):
        start, _, end = stretch.partition("L")
        x, _, y = start.partition(" ")
        path.moveTo(int(x), int(y))
        path.lineTo(int(end.partition(" ")[0]), int(y))
    canvas.drawPath(path, stroke=1, fill=0)
    canvas.restoreState()
    canvas.linkURL(address, (left - 7, PAPER_HEIGHT - top - 72, left + 79, PAPER_HEIGHT - top + 13))


def _paginate(
    blocks: list[tuple[Block, bool]], body_top: float, foot_top: float
) -> Iterator[list[tuple[float, Callable[[Sheet, float], None]]]]:
    """Blocks with their positions, page by page. The visits table's head repeats where its rows continue."""
    head = next(block for block, is_row in blocks if is_row)
    page: list[tuple[float, Callable[[Sheet, float], None]]] = []
    y, bottom = body_top, foot_top
    for (height, draw), is_row in blocks:
        if y + height > bottom and page:
            yield page
            page, y, bottom = [], _TOP_LATER, _BOTTOM_LATER
            if is_row and draw is not head[1]:
                page.append((y, head[1]))
                y += head[0]
        page.append((y, draw))
        y += height
    yield page
