"""Blocks are placed as WeasyPrint places them, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.rendering.compiled.blocks import UNITS_PER_PIXEL, Block, Node
from statement_builder.rendering.compiled.flow import Place, error_key, limit_key, place_blocks, resumed_key, start_key
from statement_builder.rendering.compiled.segments import Segment, Segments

HEAD, FRAME = b"head", b"frame"
BLOCK = Block(
    paragraphs=(),
    breaks=(),
    runs=(),
    node=Node(head=b"", page=0, kids=()),
    above=0,
    below=0,
    height=100 * UNITS_PER_PIXEL,
    is_divisible=False,
    keeps_with_previous=False,
    keeps_with_next=False,
    fonts=(),
)


def _segment(name: bytes, **facts: Any) -> Segment:
    return Segment(structure=name, start=0, end=0, top=b"top", bottom=b"bottom", is_fixed=False, group=-1)._replace(
        **facts
    )


def _document(*blocks: Segment) -> Segments:
    return Segments(head=HEAD, frame=FRAME, frame_nodes=(), blocks=blocks, skipped=0, children=(), flow_end=0)


DOCUMENT = _document(*map(_segment, (b"a", b"b", b"c")))
MEASURES = {
    limit_key(FRAME, 0): 350 * UNITS_PER_PIXEL,
    limit_key(FRAME, 1): 900 * UNITS_PER_PIXEL,
    start_key(DOCUMENT, 0, 0, BLOCK): 100 * UNITS_PER_PIXEL,
    start_key(DOCUMENT, 1, 0, BLOCK): 40 * UNITS_PER_PIXEL,
    error_key(FRAME, DOCUMENT.blocks[0]): 0,
}


def _places(*blocks: Block, **measures: int) -> list[tuple[int, float]] | None:
    found = place_blocks(DOCUMENT, blocks, MEASURES.get)
    return None if found is None else [(place.page, place.top / UNITS_PER_PIXEL) for place in found]


@pytest.mark.parametrize(
    ("blocks", "places"),
    [
        pytest.param((BLOCK, BLOCK, BLOCK), [(0, 100), (0, 200), (1, 40)], id="third-begins-the-next-page"),
        pytest.param(
            (BLOCK, replace(BLOCK, keeps_with_next=True), BLOCK),
            [(0, 100), (1, 40), (1, 140)],
            id="heading-moves-with-its-block",
        ),
        pytest.param(
            (BLOCK, BLOCK, replace(BLOCK, keeps_with_previous=True)),
            [(0, 100), (1, 40), (1, 140)],
            id="last-takes-the-one-before-along",
        ),
        pytest.param(
            (replace(BLOCK, below=30_000), replace(BLOCK, above=50_000), replace(BLOCK, height=1)),
            [(0, 100), (0, 205), (0, 305)],
            id="margins-collapse",
        ),
        pytest.param((BLOCK, BLOCK, replace(BLOCK, is_divisible=True)), None, id="weasyprint-divides"),
        pytest.param((BLOCK, BLOCK, replace(BLOCK, height=50 * UNITS_PER_PIXEL)), None, id="exactly-full-is-uncertain"),
        pytest.param((BLOCK, BLOCK, replace(BLOCK, height=900 * UNITS_PER_PIXEL)), None, id="higher-than-a-page"),
    ],
)
def test_place_blocks__page_and_distance_from_its_top(
    blocks: tuple[Block, ...], places: list[tuple[int, float]] | None
) -> None:
    assert _places(*blocks) == places


@pytest.mark.parametrize("missing", [pytest.param(key, id=key.split()[0].decode()) for key in MEASURES])
def test_place_blocks__unknown_distance_is_left_to_weasyprint(missing: bytes) -> None:
    measures = {key: value for key, value in MEASURES.items() if key != missing}
    assert place_blocks(DOCUMENT, (BLOCK, BLOCK, BLOCK), measures.get) is None


def test_place_blocks__fixed_block_is_not_in_the_flow() -> None:
    fixed = _segment(b"fixed", is_fixed=True, top=b"fixed")
    document = _document(fixed, DOCUMENT.blocks[0])
    measures = MEASURES | {start_key(document, 0, 0, BLOCK): 7}
    places = place_blocks(document, (BLOCK, BLOCK), measures.get)
    assert places == [Place(0, 0, 7), Place(1, 0, 100 * UNITS_PER_PIXEL)]


HEADING = _segment(b"heading", group=1, top=b"heading", bottom=b"heading")
ROWS = (HEADING, *(_segment(b"row", group=1) for _ in range(4)))
TABLE_MEASURES = MEASURES | {
    start_key(_document(HEADING), 0, 0, BLOCK): 100 * UNITS_PER_PIXEL,
    resumed_key(HEAD): 50 * UNITS_PER_PIXEL,
    error_key(FRAME, HEADING): 0,
}
TALL = replace(BLOCK, height=60 * UNITS_PER_PIXEL, around=(b"/S /Table",))


def _table(**last: Any) -> list[Block]:
    """A heading and four rows: page 1 has room for the heading and three of them."""
    return [replace(TALL, is_repeated=True), TALL, TALL, TALL, replace(TALL, **last)]


def _table_places(blocks: list[Block], **measures: int) -> list[tuple[int, int, float]] | None:
    found = place_blocks(_document(*ROWS), blocks, TABLE_MEASURES.get)
    return None if found is None else [(block, page, top / UNITS_PER_PIXEL) for block, page, top in found]


@pytest.mark.parametrize(
    ("blocks", "places"),
    [
        pytest.param(
            _table(),
            [(0, 0, 100), (1, 0, 160), (2, 0, 220), (3, 0, 280), (0, 1, 50), (4, 1, 110)],
            id="continues-below-its-heading",
        ),
        pytest.param(
            _table(keeps_with_previous=True),
            [(0, 0, 100), (1, 0, 160), (2, 0, 220), (0, 1, 50), (3, 1, 110), (4, 1, 170)],
            id="total-takes-the-row-before-along",
        ),
        pytest.param(
            [replace(each, keeps_with_group=True) for each in _table()],
            None,
            id="table-that-must-stay-whole-needs-a-start-on-page-2",
        ),
        pytest.param(
            [replace(each, is_repeated=False) for each in _table()],
            None,
            id="weasyprint-divides-a-table-without-a-heading",
        ),
        pytest.param(
            _table(height=9 * UNITS_PER_PIXEL, overhang=10_000), None, id="border-below-the-last-row-must-fit"
        ),
        pytest.param(_table(height=900 * UNITS_PER_PIXEL), None, id="row-higher-than-a-page"),
    ],
)
def test_place_blocks__table(blocks: list[Block], places: list[tuple[int, int, float]] | None) -> None:
    assert _table_places(blocks) == places


def test_place_blocks__block_that_may_be_divided_is_not_moved_with_the_next() -> None:
    blocks = (BLOCK, replace(BLOCK, is_divisible=True), replace(BLOCK, keeps_with_previous=True))
    assert _places(*blocks) is None
