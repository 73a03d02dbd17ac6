"""Divide a document's markup into blocks and the frame around them.

The blocks of `<div class="body">`, and the rows of its tables, follow one another down the pages, and none changes
another: a layout can be composed of blocks that WeasyPrint drew in other documents. So can the recipient's address,
which has a position of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence, Set
from typing import Any, NamedTuple

from statement_builder.rendering.compiled.markup_parser import (
    ParsedMarkup,
    head_structure,
    kinds_of,
    split_body,
    without_targets,
)

_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_NAME = re.compile(r"[^\s/>]+")
_CLASS = re.compile(r'\sclass="([^"]*)"')
_FLOW = "body"
_FIXED = "recipient"
_TABLES = frozenset({"visits", "stacked"})
"""Tables whose rows are blocks."""
_SECTIONS = frozenset({"visit", "lead", "choices", "enclosure", "sign"})
"""Sections whose children are blocks. So are the items of a list in a section."""


class Segment(NamedTuple):
    """A block of the markup. Its texts are `texts[start:end]` of the document's."""

    structure: bytes
    """Hash of the document's head, and of the block's tags and attributes."""
    start: int
    end: int
    top: bytes
    """Hash of the tags that the margin above depends on: the block's, its first child's, and so on."""
    bottom: bytes
    """The same for the margin below."""
    is_fixed: bool
    """Not in the flow."""
    group: int
    """The number of the table or section that it is a part of; -1 if it is not."""


class Segments(NamedTuple):
    """A document's blocks in the order of the markup, and what is around them."""

    head: bytes
    """Hash of the head: language and size of print. All documents with one head have the same pages from page 2 on."""
    frame: bytes
    """Hash of the head, and of all tags and attributes outside the blocks, without links and codes."""
    frame_nodes: tuple[int, ...]
    """Indexes of the texts outside the blocks."""
    blocks: tuple[Segment, ...]
    skipped: int
    """Children of the flow that belong to the frame: all up to the last one with a link or a drawing."""
    children: tuple[tuple[int, int], ...]
    """The first and last tag of each of the others."""
    flow_end: int
    """The closing tag of the flow."""


class _Markup(NamedTuple):
    """A document's head, tags and texts: each text precedes the tag of the same index."""

    head: str
    tags: Sequence[str]
    texts: Sequence[str]


class _Element(NamedTuple):
    """Indexes of an element's opening and closing tags, which are the same for a void element."""

    first: int
    last: int
    children: list[_Element]


def find_segments(markup: str, parsed: ParsedMarkup) -> Segments | None:
    """The segments of a document. None without a flow of blocks, or with text between them."""
    head, _, body = markup.partition("</head>")
    tags = split_body(body)[1::2]
    read = _Markup(head_structure(head), tags, parsed.texts)
    elements = _read_elements(tags)
    flows = [element for element in elements if _has_class(tags[element.first], {_FLOW})]
    if len(flows) != 1:
        return None
    (flow,) = flows
    linked = [number for number, child in enumerate(flow.children, 1) if _has_target(tags, child)]
    skipped = max(linked, default=0)
    flowing = flow.children[skipped:]
    fixed = [
        element
        for element in elements
        if _has_class(tags[element.first], {_FIXED}) and element.last < flow.first and not _has_target(tags, element)
    ]
    blocks = [_segment(read, element, read.head)._replace(is_fixed=True) for element in fixed]
    for number, element in enumerate(flowing):
        blocks += _divide(read, element, read.head, number)
    inside = {node for block in blocks for node in range(block.start, block.end)}
    flow_nodes = {node for element in flowing for node in range(element.first, element.last + 2)}
    if not flowing or any(parsed.texts[node].strip(" ") for node in flow_nodes - inside):
        return None
    in_flow = {number for element in [*fixed, *flowing] for number in range(element.first, element.last + 1)}
    frame_tags = [tag for number, tag in enumerate(tags) if number not in in_flow]
    frame_nodes = tuple(node for node in range(len(parsed.texts)) if node not in inside and node not in flow_nodes)
    kinds = kinds_of(parsed.texts[node] for node in frame_nodes)
    return Segments(
        head=_hash(read.head),
        frame=_hash(read.head, without_targets("<".join(frame_tags)), kinds),
        frame_nodes=frame_nodes,
        blocks=tuple(blocks),
        skipped=skipped,
        children=tuple((element.first, element.last) for element in flowing),
        flow_end=flow.last,
    )


class BlockElements(NamedTuple):
    """The elements of the blocks, and those around blocks that are part of a table or section."""

    blocks: list[Any]
    around: list[Any]


def find_block_elements(root: Any, segments: Segments) -> BlockElements:
    """The elements of the blocks in the parsed markup; none if it has others."""
    flow = [element for element in root.iter("div") if _FLOW in element.get("class", "").split()]
    fixed = [element for element in root.iter("div") if _FIXED in element.get("class", "").split()]
    found = BlockElements(list(fixed), [])
    for child in _children(flow[0])[segments.skipped :]:
        _divide_element(child, found, in_section=False)
    return found if len(found.blocks) == len(segments.blocks) else BlockElements([], [])


def _divide_element(element: Any, found: BlockElements, *, in_section: bool) -> None:
    """As `_divide`."""
    classes = element.get("class", "").split()
    if element.tag == "table" and _TABLES.intersection(classes):
        groups = [child for child in _children(element) if child.tag in {"thead", "tbody"}]
        found.around.extend([element, *groups])
        found.blocks.extend(row for group in groups for row in _children(group))
    elif (element.tag == "ul" and in_section) or (element.tag == "div" and _SECTIONS.intersection(classes)):
        found.around.append(element)
        for child in _children(element):
            _divide_element(child, found, in_section=True)
    else:
        found.blocks.append(element)


def _children(element: Any) -> list[Any]:
    return [child for child in element if isinstance(child.tag, str)]


def _read_elements(tags: Sequence[str]) -> list[_Element]:
    """All elements, in the order of their closing tags. Elements without a closing tag are ignored."""
    elements: list[_Element] = []
    pending: list[_Element] = []
    for number, tag in enumerate(tags):
        if tag.startswith("/"):
            name = tag[1:].strip()
            while pending and _name(tags[pending[-1].first]) != name:
                pending.pop()
            if pending:
                element = pending.pop()._replace(last=number)
                elements.append(element)
                if pending:
                    pending[-1].children.append(element)
        elif tag.endswith("/") or _name(tag) in _VOID:
            if pending:
                pending[-1].children.append(_Element(number, number, []))
        else:
            pending.append(_Element(number, number, []))
    return elements


def _name(tag: str) -> str:
    name = _NAME.match(tag)
    return name[0] if name else ""


def _has_class(tag: str, names: Set[str]) -> bool:
    """Whether it is a `div` or table of one of these classes."""
    found = _CLASS.search(tag)
    return found is not None and _name(tag) in {"div", "table"} and not names.isdisjoint(found[1].split())


def _has_target(tags: Sequence[str], element: _Element) -> bool:
    """Whether it has a link or a drawing."""
    return any(_name(tag) in {"a", "svg", "img"} for tag in tags[element.first : element.last + 1])


def _segment(markup: _Markup, element: _Element, context: str) -> Segment:
    """An element as a block. `context` is everything else that its style depends on."""
    start, end = element.first + 1, element.last + 1
    tags = "<".join(markup.tags[element.first : end])
    return Segment(
        structure=_hash(context, tags, kinds_of(markup.texts[start:end])),
        start=start,
        end=end,
        top=_hash(context, "<".join(_outermost(markup, element, last=False))),
        bottom=_hash(context, "<".join(_outermost(markup, element, last=True))),
        is_fixed=False,
        group=-1,
    )


def _divide(markup: _Markup, element: _Element, context: str, group: int) -> list[Segment]:
    """The blocks of one child of the flow, or of a section: rows, the parts of a section, or itself."""
    opening = markup.tags[element.first]
    rows = _rows(markup.tags, element)
    if rows:
        return [part._replace(group=group) for part in _row_segments(markup, element, rows, context)]
    is_list = _name(opening) == "ul" and context != markup.head  # below the flow itself, it is not in a section
    if (is_list or _has_class(opening, _SECTIONS)) and element.children:
        inside = f"{context}\0{opening}"
        parts = [part for child in element.children for part in _divide(markup, child, inside, group)]
        # The margins of the section are those of its first and last parts.
        parts[0] = _at_end(parts[0], "first")._replace(top=_hash(inside, "first"))
        parts[-1] = _at_end(parts[-1], "last")._replace(bottom=_hash(inside, "last"))
        return [part._replace(group=group) for part in parts]
    return [_segment(markup, element, context)]


def _rows(tags: Sequence[str], element: _Element) -> list[_Element]:
    """The rows of a table whose rows are blocks; none for anything else."""
    if not _has_class(tags[element.first], _TABLES):
        return []
    children = [each for child in element.children for each in (child.children if _is_group(tags, child) else [child])]
    return [child for child in children if _name(tags[child.first]) == "tr"]


def _is_group(tags: Sequence[str], element: _Element) -> bool:
    return _name(tags[element.first]) in {"thead", "tbody"}


def _row_segments(markup: _Markup, element: _Element, rows: Sequence[_Element], context: str) -> Iterator[Segment]:
    """A table's rows. The widths of their cells depend on the table's columns."""
    columns = "<".join(markup.tags[element.first : rows[0].first])
    for number, row in enumerate(rows, 1):
        end = "last" if number == len(rows) else ""
        outside = _hash(context, markup.tags[element.first], markup.tags[row.first], end)
        segment = _segment(markup, row, f"{context}\0{columns}")._replace(top=outside, bottom=outside)
        yield _at_end(segment, end) if end else segment


def _at_end(segment: Segment, end: str) -> Segment:
    """A part at the first or last place, which differs from the same part elsewhere in its margin."""
    return segment._replace(structure=hashlib.blake2b(segment.structure + end.encode(), digest_size=16).digest())


def _outermost(markup: _Markup, element: _Element, *, last: bool) -> Iterator[str]:
    """The opening tags of an element and its first children, or last children, down to a text or a table: margins
    within those do not reach outside."""
    opening = markup.tags[element.first]
    yield opening
    if element.children and _name(opening) != "table":
        child = element.children[-1 if last else 0]
        if not markup.texts[child.last + 1 if last else child.first].strip(" "):
            yield from _outermost(markup, child, last=last)


def _hash(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
