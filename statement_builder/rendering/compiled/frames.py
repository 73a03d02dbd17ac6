"""Frames for any number of pages.

The second page of a frame and all after it, up to the last, have the same running heads and feet: they differ in their
numbers only. So a frame of three pages has what a frame of forty needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from statement_builder.rendering.compiled.blocks import HOLE, Frame, FramePage, Node, NotDivisible, hole
from statement_builder.rendering.compiled.layouts import FontUse, LinkUse, Paragraph
from statement_builder.rendering.compiled.weasyprint_blocks import FIXED, MARKER

KEPT_MAX = 3
"""Pages of the largest frame that is kept."""
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_PAGES = re.compile(rb"<</Type /Pages/Kids \[[^\]]*\]/Count \d+>>")
_PAGE_ENTRY = re.compile(rb"/StructParents \d+")
_LINK_ENTRY = re.compile(rb"/StructParent (\d+)\b")


def complete_holes(chunks: Sequence[bytes], page: int) -> tuple[bytes, ...]:
    """A page's operators with a place for each phase of the flow, also for those in which this document's blocks draw
    nothing: WeasyPrint paints backgrounds before lines, and markers after them and after what is fixed on page 1."""
    completed = list(chunks)
    _insert(completed, "background", before=hole("line"), after=b"")
    fixed = [match[0] for chunk in completed for match in HOLE.finditer(chunk) if match[2] == FIXED.encode()]
    if page or fixed:
        _insert(completed, MARKER, before=b"", after=fixed[-1] if fixed else hole("line"))
    return tuple(completed)


def _insert(chunks: list[bytes], phase: str, *, before: bytes, after: bytes) -> None:
    """Insert the flow's hole of a phase, if it is not there, before or after another hole."""
    if any(hole(phase) in chunk for chunk in chunks):
        return
    for number, chunk in enumerate(chunks):
        chunks[number] = chunk.replace(before or after, after + hole(phase) + before)


def shorten(frame: Frame) -> Frame:
    """The frame as it is kept: with three pages if it has more. Raises `NotDivisible` if its pages differ."""
    pages = len(frame.pages)
    if pages < KEPT_MAX:
        return frame
    short = _with_pages(frame, KEPT_MAX)
    longer = _with_pages(short, pages)
    same = [map(without_marks, nodes) for nodes in (longer.document, frame.document, longer.loose, frame.loose)]
    if list(same[0]) != list(same[1]) or list(same[2]) != list(same[3]):
        raise NotDivisible("pages with different running heads")
    return short


def lengthen(frame: Frame, pages: int) -> Frame:
    """A kept frame with this many pages."""
    return frame if pages == len(frame.pages) else _with_pages(frame, pages)


def without_marks(node: Node) -> Node:
    """An element without the numbers of its marked content, which are a page's own."""
    kids = [
        without_marks(kid) if isinstance(kid, Node) else 0 if isinstance(kid, int) and kid >= 0 else kid
        for kid in node.kids
    ]
    return replace(node, kids=tuple(kids))


def renumber_references(numbers: Mapping[int, int]) -> Callable[[bytes], bytes]:
    """A function that gives objects their new numbers. It raises `NotDivisible` for an object that has none."""

    def new_reference(reference: re.Match[bytes]) -> bytes:
        number = numbers.get(int(reference[1]))
        if number is None:
            raise NotDivisible("a reference to a structure element")
        return b"%d 0 R" % number

    return lambda data: _REFERENCE.sub(new_reference, data)


def renumber_node(node: Node, renumber: Callable[[bytes], bytes]) -> Node:
    """An element with new numbers in its object references."""
    kids = [
        renumber_node(kid, renumber) if isinstance(kid, Node) else renumber(kid) if isinstance(kid, bytes) else kid
        for kid in node.kids
    ]
    return replace(node, kids=tuple(kids))


def renumber_font(font: FontUse, numbers: Mapping[int, int]) -> FontUse:
    """A font with new numbers of its objects."""
    outer, descendant, descriptor, character_map, file = (numbers[number] for number in font.numbers)
    return replace(font, numbers=(outer, descendant, descriptor, character_map, file))


def renumber_link(link: LinkUse, numbers: Mapping[int, int], renumber: Callable[[bytes], bytes]) -> LinkUse:
    """A link with a new number, and new numbers in its object."""
    first, second, third = map(renumber, link.parts)
    return replace(link, number=numbers[link.number], parts=(first, second, third))


def _with_pages(frame: Frame, count: int) -> Frame:
    """A frame of three pages or more with another number of pages: the second page is left out or repeated."""
    old_count = len(frame.pages)
    sources = [0, *[1] * (count - 2), old_count - 1]
    if any(page.content.codes for page in frame.pages[1:]):
        raise NotDivisible("a code after page 1")
    numbers, page_numbers = _renumber(frame, sources)
    renumber = renumber_references(numbers)
    kids = [own[frame.pages[source].number] for source, own in zip(sources, page_numbers, strict=True)]

    def rewrite(data: bytes) -> bytes:
        """An object that is not a page's. Links are numbered after the pages."""
        if _PAGES.fullmatch(data):
            references = b" ".join([b"%d 0 R" % number for number in kids])
            return b"<</Type /Pages/Kids [%b]/Count %d>>" % (references, count)
        data = _LINK_ENTRY.sub(lambda entry: b"/StructParent %d" % (int(entry[1]) - old_count + count), data)
        return renumber(data)

    objects = dict(frame.objects)
    page_objects = [objects.pop(page.number) for page in frame.pages]
    rewritten = [(numbers[number], rewrite(data)) for number, data in objects.items()]
    for page, (source, own) in enumerate(zip(sources, page_numbers, strict=True)):
        data = renumber_references(numbers | own)(page_objects[source])
        if page and b"/Annots" in data:
            raise NotDivisible("a link after page 1")
        rewritten.append((kids[page], _PAGE_ENTRY.sub(b"/StructParents %d" % page, data)))
    paragraphs, breaks, indexes = _paragraphs(frame, sources)
    return Frame(
        paragraphs=paragraphs,
        breaks=breaks,
        pages=tuple(
            _page(frame.pages[source], own, indexes[page])
            for page, (source, own) in enumerate(zip(sources, page_numbers, strict=True))
        ),
        document=_nodes(frame.document, sources, renumber),
        loose=_nodes(frame.loose, sources, renumber),
        objects=tuple(sorted(rewritten)),
        fonts=tuple(renumber_font(font, numbers) for font in frame.fonts),
        links=tuple(renumber_link(link, numbers, rewrite) for link in frame.links),
        catalog=numbers[frame.catalog],
        metadata=numbers[frame.metadata],
        objects_count=numbers[frame.objects_count],
    )


def _renumber(frame: Frame, sources: Sequence[int]) -> tuple[dict[int, int], list[dict[int, int]]]:
    """New numbers of the objects, and for each page those of its own objects, which follow one another in order."""
    pages = {source: sorted((frame.pages[source].content.number, frame.pages[source].number)) for source in sources}
    own = {number for page in frame.pages for number in (page.content.number, page.number)}
    numbers: dict[int, int] = {}
    page_numbers: list[dict[int, int]] = [{} for _ in sources]
    next_number = 1
    for old in range(1, frame.objects_count + 2):  # the last is the structure tree's root
        if old not in own:
            numbers[old] = next_number
            next_number += 1
            continue
        for page, source in enumerate(sources):
            if old == pages[source][0]:
                for each in pages[source]:
                    page_numbers[page][each] = next_number
                    next_number += 1
    return numbers | page_numbers[0], page_numbers


def _paragraphs(
    frame: Frame, sources: Sequence[int]
) -> tuple[tuple[Paragraph, ...], tuple[bytes, ...], list[dict[int, int]]]:
    """The paragraphs and their line breaks, and for each page the new index of each of its paragraphs."""
    used = [sorted({each.paragraph for each in page.content.placeholders}) for page in frame.pages]
    later = {index for page in used[1:] for index in page}
    if sum(map(len, used[1:])) != len(later) or later.intersection(used[0]):
        raise NotDivisible("a paragraph on several pages")
    kept = [(0, index) for index in range(len(frame.paragraphs)) if index not in later]
    for page, source in enumerate(sources[1:], 1):
        kept += [(page, index) for index in used[source]]
    indexes: list[dict[int, int]] = [{} for _ in sources]
    for new, (page, index) in enumerate(kept):
        indexes[page][index] = new
    paragraphs = [
        _with_counters(frame.paragraphs[index], (sources[page], len(frame.pages)), (page, len(sources)))
        for page, index in kept
    ]
    return tuple(paragraphs), tuple(frame.breaks[index] for _, index in kept), indexes


def _with_counters(paragraph: Paragraph, old: tuple[int, int], new: tuple[int, int]) -> Paragraph:
    """A paragraph with another page's printed numbers. `old` and `new` are the page, and the number of pages."""
    counters = {str(old[0] + 1): str(new[0] + 1), str(old[1]): str(new[1])}
    slots = [
        replace(slot, text=counters.get(slot.text, slot.text)) if slot.node < 0 else slot for slot in paragraph.slots
    ]
    return replace(paragraph, slots=tuple(slots))


def _page(page: FramePage, numbers: Mapping[int, int], indexes: Mapping[int, int]) -> FramePage:
    placeholders = [replace(each, paragraph=indexes[each.paragraph]) for each in page.content.placeholders]
    content = replace(page.content, number=numbers[page.content.number], placeholders=tuple(placeholders))
    return FramePage(content=content, number=numbers[page.number])


def _nodes(nodes: Sequence[Node], sources: Sequence[int], renumber: Callable[[bytes], bytes]) -> tuple[Node, ...]:
    """The elements of each page."""
    return tuple(
        _moved_node(renumber_node(node, renumber), page)
        for page, source in enumerate(sources)
        for node in nodes
        if node.page == source
    )


def _moved_node(node: Node, page: int) -> Node:
    """An element and all in it on another page."""
    kids = [kid if not isinstance(kid, Node) else _same_page(kid, node.page, page) for kid in node.kids]
    return replace(node, page=page, kids=tuple(kids))


def _same_page(kid: Node, old: int, page: int) -> Node:
    if kid.page != old:
        raise NotDivisible("an element on several pages")
    return _moved_node(kid, page)
