"""The control sheet, built from a test ledger and rendered as a PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from msgspec.structs import replace

from statement_builder.billing.selection import Channel, Hold, Kind
from statement_builder.ledger import (
    Batch,
    BatchState,
    DeliveryState,
    EmailMark,
    FinalVendorStatus,
    Ledger,
    NewCandidate,
    NewDocument,
)
from statement_builder.policy import HOLD_CODES
from statement_builder.reports import ControlSheet, build_control_sheet
from statement_builder.reports.control_sheet_pdf import render_control_sheet
from tests.builders import make_facility
from tests.contents import TEMPLATES
from tests.ledger.world import AS_OF, AT, FACILITY, build, faulty, held, print_file, pull, rendered, selected
from tests.pdf_text import page_texts

NOW = AT + timedelta(hours=2)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        opened.upgrade()
        yield opened


def letter_or_flat(pages: int) -> str:
    return "letter" if pages <= 10 else "flat"


def run(
    ledger: Ledger,
    month: int,
    candidates: Sequence[NewCandidate],
    documents: Sequence[NewDocument] = (),
    *,
    state: BatchState = BatchState.HANDING_OFF,
    limit: int | None = None,
) -> Batch:
    """One month's statement batch, advanced to `state`."""
    cycle = f"2026-{month:02}"
    batch_id = f"{cycle}-statement"
    ledger.batches.open(
        batch_id=batch_id,
        facility_id=FACILITY,
        kind=Kind.STATEMENT,
        cycle=cycle,
        as_of=date(2026, month, 2),
        source="reference",
        limit=limit,
        actor="ana",
        at=AT,
    )
    pull(ledger, batch_id, candidates)
    build(ledger, batch_id, candidates, documents)
    for step in (BatchState.BUILT, BatchState.WAITING, BatchState.RELEASED, BatchState.HANDING_OFF):
        ledger.batches.set_state(
            batch_id, step, actor="ben", at=AT, why="looked at it" if step is BatchState.RELEASED else ""
        )
        if step is state:
            break
    found = ledger.batches.get(batch_id)
    assert found is not None
    return found


def sheet_of(ledger: Ledger, batch: Batch, *, questions: Sequence[str] = (), at: datetime = NOW) -> ControlSheet:
    return build_control_sheet(ledger, batch, envelope_class=letter_or_flat, questions=questions, at=at)


def people(count: int, month: int, *, amount: int = 100_00) -> tuple[list[NewCandidate], list[NewDocument]]:
    names = [f"G{n}" for n in range(count)]
    return (
        [selected(name, amount=amount) for name in names],
        [rendered(name, cycle=f"2026-{month:02}", amount=amount) for name in names],
    )


def test_cycles__this_batch_then_previous_ones_without_trials(ledger: Ledger) -> None:
    for month, count in ((6, 9), (7, 4), (8, 3), (9, 2)):
        run(ledger, month, *people(count, month, amount=100_00 * count))
    candidates, documents = people(1, 10)
    run(ledger, 10, candidates, documents, limit=1)
    batch = run(ledger, 11, *people(5, 11, amount=99_99))
    cycles = sheet_of(ledger, batch).cycles
    assert [(each.batch, each.rendered, each.average_cents) for each in cycles] == [
        ("2026-11-statement", 5, 99_99),
        ("2026-09-statement", 2, 200_00),
        ("2026-08-statement", 3, 300_00),
        ("2026-07-statement", 4, 400_00),
    ]


def test_holds__compare_with_the_previous_cycle_including_its_own_codes(ledger: Ledger) -> None:
    bankruptcy = Hold(code="BANKR_STAY")
    run(ledger, 10, [held("G1"), held("G2", holds=[bankruptcy])])
    batch = run(ledger, 11, [held("G1"), held("G3")])
    lines = sheet_of(ledger, batch).holds
    assert [(each.code, each.count, each.last_count) for each in lines] == [("MINBAL", 2, 1), ("BANKR_STAY", 0, 1)]
    assert all(each.title for each in lines)


def test_holds__first_cycle_has_no_previous_count(ledger: Ledger) -> None:
    (line,) = sheet_of(ledger, run(ledger, 11, [held("G1")])).holds
    assert line.last_count is None


def test_exceptions__age_since_the_first_cycle_without_a_gap(ledger: Ledger) -> None:
    run(ledger, 8, [faulty("old"), faulty("came-back")])
    run(ledger, 9, [faulty("old"), held("came-back")])
    run(ledger, 10, [faulty("old"), faulty("came-back")])
    batch = run(ledger, 11, [faulty("old"), faulty("came-back"), faulty("new")])
    (group,) = sheet_of(ledger, batch).exceptions
    assert (group.code, group.count) == ("DATE", 3)
    assert group.since == date(2026, 8, 2)
    assert group.age_days == (AS_OF - date(2026, 8, 2)).days
    assert group.fix


def test_exceptions__fixed_and_returned_counts_as_new(ledger: Ledger) -> None:
    run(ledger, 9, [faulty("G1")])
    run(ledger, 10, [held("G1")])
    (group,) = sheet_of(ledger, run(ledger, 11, [faulty("G1")])).exceptions
    assert (group.since, group.age_days) == (AS_OF, 0)


@pytest.fixture
def in_progress(ledger: Ledger) -> Batch:
    """One letter is sent, one withheld, one waiting, one e-mail is uncertain, and a long document is unclaimed."""
    names = ["sent", "held-late", "waiting"]
    documents = [rendered(name, amount=10_00) for name in names]
    documents.append(replace(rendered("long", amount=500_00), pages=30))
    documents.append(rendered("mail", amount=7_00, channel=Channel.EMAIL))
    candidates = [selected(each.guarantor_id, amount=each.amount_cents) for each in documents]
    batch = run(ledger, 11, [*candidates, faulty("X1")], documents)
    ledger.documents.withhold(documents[1].document_id, [Hold(code="DECEASED")], actor="ben", at=AT)
    ledger.print_files.claim(print_file(batch.batch_id, documents[:1]), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, at=AT)
    (delivery,) = ledger.emails.claim([documents[-1].document_id], vendor="smtp", at=AT)
    ledger.emails.mark([EmailMark(delivery_id=delivery.delivery_id, state=DeliveryState.UNCERTAIN)], at=AT)
    return batch


def test_classes__count_documents_and_cents(ledger: Ledger, in_progress: Batch) -> None:
    classes = {each.name: each for each in sheet_of(ledger, in_progress).classes}
    assert list(classes) == ["letter", "flat", "e-mail"]
    letter, flat, email = classes.values()
    figures = ("rendered", "handed_off", "withheld", "uncertain")
    assert [letter.counts[name] for name in figures] == [3, 1, 1, 0]
    assert [letter.cents[name] for name in figures] == [30_00, 10_00, 10_00, 0]
    assert [flat.counts[name] for name in figures] == [1, 0, 0, 0]
    assert flat.pages == 30
    assert [email.cents[name] for name in figures] == [7_00, 0, 0, 7_00]


def test_gates__of_a_batch_in_progress_are_open(ledger: Ledger, in_progress: Batch) -> None:
    sheet = sheet_of(ledger, in_progress)
    verdicts = {gate.name: gate.verdict for gate in sheet.gates}
    assert verdicts["pulled = selected + held + exceptions"] == "foots"
    assert verdicts["letter: claimed = in print files"] == "foots"
    assert verdicts["rendered = handed off + withheld"] == "open"
    assert sheet.foots


def test_gates__of_an_unbalanced_closed_batch_are_broken(ledger: Ledger, in_progress: Batch) -> None:
    sheet = sheet_of(ledger, replace(in_progress, state=BatchState.CLOSED))
    assert {gate.name for gate in sheet.gates if gate.verdict == "broken"} == {
        "rendered = handed off + withheld",
        "letter: rendered = handed off + withheld",
        "flat: rendered = handed off + withheld",
        "e-mail: rendered = handed off + withheld",
    }
    assert not sheet.foots


def test_open_items__name_the_next_step(ledger: Ledger, in_progress: Batch) -> None:
    items = {each.what: each.to_do for each in sheet_of(ledger, in_progress).still_open}
    assert items["2 documents not handed off yet."] == "statements rerun 2026-11-statement"
    assert "resolve" in items["1 document with an unknown hand-off outcome."]
    assert any(what.startswith("1 guarantor ") and "exceptions" in to_do for what, to_do in items.items())


def test_gates__stay_open_until_the_vendor_reports(ledger: Ledger) -> None:
    candidates, documents = people(3, 11)
    batch = run(ledger, 11, candidates, documents)
    ledger.print_files.claim(replace(print_file(batch.batch_id, documents), reports=FinalVendorStatus.MAILED), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, at=AT)

    def gates() -> tuple[str, str]:
        verdicts = {gate.name: gate.verdict for gate in sheet_of(ledger, batch).gates}
        return verdicts["handed off = acknowledged"], verdicts["acknowledged = mailed + rejected + bounced"]

    def report(state: DeliveryState) -> None:
        ledger.delivery_reports.record_print_file("STMT_001.pdf", state, on=AS_OF, at=AT, why="the vendor's file")

    assert gates() == ("open", "foots")
    report(DeliveryState.ACKNOWLEDGED)
    assert gates() == ("foots", "open")
    assert any("not reported as mailed" in end.what for end in sheet_of(ledger, batch).still_open)
    report(DeliveryState.MAILED)
    assert gates() == ("foots", "foots")
    assert sheet_of(ledger, batch).still_open == ()
    (letter,) = sheet_of(ledger, batch).classes
    assert (letter.counts["acknowledged"], letter.counts["mailed"]) == (3, 3)


def test_open_items__waiting_batch_must_be_released(ledger: Ledger) -> None:
    batch = run(ledger, 11, *people(2, 11), state=BatchState.WAITING)
    sheet = sheet_of(ledger, batch, questions=["Is the source complete?"])
    assert [each.to_do for each in sheet.still_open] == ["statements release 2026-11-statement"]
    assert sheet.questions == ("Is the source complete?",)


def test_history__has_releaser_and_reason(ledger: Ledger) -> None:
    sheet = sheet_of(ledger, run(ledger, 11, *people(1, 11)))
    (released,) = [each for each in sheet.history if each.what == "released"]
    assert (released.actor, released.why) == ("ben", "looked at it")
    assert (sheet.opened_by, sheet.released_by) == ("ana", "ben")


def printed(sheet: ControlSheet) -> bytes:
    return render_control_sheet(sheet, facility=make_facility(), templates=TEMPLATES)


def test_pdf__has_figures_and_releaser(ledger: Ledger, in_progress: Batch) -> None:
    sheet = sheet_of(ledger, in_progress)
    text = " ".join(page_texts(printed(sheet)))
    for expected in (
        "Control sheet 2026-11-statement",
        "Foots so far; not closed",
        "letter: rendered = handed off + withheld 3 2 $30.00 $20.00 open",
        "flat 30 1 $500.00 0 $0.00 0 1 0 0 0",
        f"{HOLD_CODES['DECEASED'].title} 1",
        sheet.print_files[0].sha256,
        "ben",
        "2026-11-02 09:30 EST",
    ):
        assert expected in text, expected
    assert "sent" in text


def test_pdf__broken_gates_are_prominent(ledger: Ledger, in_progress: Batch) -> None:
    text = page_texts(printed(sheet_of(ledger, replace(in_progress, state=BatchState.CLOSED))))[0]
    assert "Does not foot." in text
    assert "DOES NOT FOOT" in text


def test_pdf__same_sheet_gives_same_bytes(ledger: Ledger, in_progress: Batch) -> None:
    sheet = sheet_of(ledger, in_progress)
    assert printed(sheet) == printed(sheet)


def test_pdf__replaces_characters_that_the_fonts_lack(ledger: Ledger) -> None:
    sheet = replace(sheet_of(ledger, run(ledger, 11, *people(1, 11))), released_by="李@billing-1")
    assert "?@billing-1" in page_texts(printed(sheet))[0]


def test_pdf__large_figures_stay_within_the_margins(ledger: Ledger, in_progress: Batch) -> None:
    sheet = sheet_of(ledger, in_progress)
    large = 123_456_789_012
    gates = tuple(
        replace(gate, documents_in=1_234_567, documents_out=1_234_567, cents_in=large, cents_out=large)
        for gate in sheet.gates
    )
    counts = dict.fromkeys(sheet.counts, 1_234_567)
    cents = dict.fromkeys(sheet.cents, large)
    classes = tuple(replace(each, pages=2_469_134, counts=counts, cents=cents) for each in sheet.classes)
    pdf = pdfium.PdfDocument(
        printed(replace(sheet, gates=gates, counts=counts, cents=cents, classes=classes, limit=1_000_000))
    )
    assert len(pdf) <= 2
    for page in pdf:
        text = page.get_textpage()
        boxes = [text.get_charbox(index) for index in range(text.count_chars())]
        assert boxes
        assert min(left for left, _, right, _ in boxes if right > left) >= 0.59 * 72
        assert max(right for left, _, right, _ in boxes if right > left) <= 7.91 * 72
    pdf.close()
