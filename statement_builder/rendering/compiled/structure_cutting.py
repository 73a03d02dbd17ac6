"""Cut a document's structure tree into the elements of its blocks and those of the frame around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pydyf
from msgspec.structs import replace

from statement_builder.rendering.compiled import weasyprint_adapter as weasy
from statement_builder.rendering.compiled.blocks import FLOW, Node, NotDivisible
from statement_builder.rendering.compiled.frames import without_marks
from statement_builder.rendering.compiled.segments import Segments


class Structure:
    """The structure tree, cut into the blocks' elements and the frame's."""

    def __init__(self, drawing: weasy.Drawing, segments: Segments) -> None:
        self._objects = drawing.pdf.objects
        self._segments = segments
        self._owners = {id(element): owner for element, owner in drawing.painting.elements if owner >= 0}
        self._around = {id(element) for element, owner in drawing.painting.elements if owner < 0}
        root = self._resolve(drawing.pdf.catalog["StructTreeRoot"])
        (document,) = (self._resolve(kid) for kid in root["K"])
        self._pages = {number: page for page, number in enumerate(drawing.pdf.pages["Kids"][::3])}
        self.numbers = {root.number, document.number, self._resolve(root["ParentTree"]).number}
        self.root = root.number
        self.blocks: dict[int, Node] = {}
        self.around: dict[int, tuple[bytes, ...]] = {}
        self._known: set[tuple[int, int]] = set()
        """Blocks, and the pages on which they have an element."""
        self._rows: dict[int, int] = {}
        """Rows so far of each table."""
        self.document = tuple(self._node(self._resolve(kid), FLOW, 0) for kid in document["K"])
        linked = set(self.numbers)
        loose = [
            each
            for each in self._objects
            if isinstance(each, pydyf.Dictionary)
            and each.get("Type") == "/StructElem"
            and each.number not in linked
            and each["P"] == document.reference
        ]
        self.loose = tuple(self._node(each, FLOW, 0) for each in loose)

    def _resolve(self, reference: bytes) -> Any:
        return self._objects[int(reference.split()[0])]

    def _node(self, element: Any, part: int, table: int, around: tuple[bytes, ...] = ()) -> Node:
        """An element and all in it. `table` is the number of the table around it, and `around` are the heads of the
        elements that contain only blocks, down to this one."""
        self.numbers.add(element.number)
        table = element.number if element["S"] == "/Table" else table
        kids: list[Node | int | bytes] = []
        for kid in element["K"]:
            for made in self._kid(kid, part, table, around):
                if not (isinstance(made, int) and made < 0 and made in kids):
                    kids.append(made)
                elif kids[-1] != made:
                    raise NotDivisible("an element between blocks")
        return Node(head=_head(element, table), page=self._page_of(element), kids=tuple(kids))

    def _page_of(self, element: Any) -> int:
        return self._pages[int(element["Pg"].split()[0])]

    def _kid(self, kid: Any, part: int, table: int, around: tuple[bytes, ...]) -> Iterator[Node | int | bytes]:
        if isinstance(kid, int):
            yield kid
            return
        element = self._resolve(kid)
        if element.get("Type") == "/OBJR":
            self.numbers.add(element.number)
            yield pydyf.Dictionary({name: value for name, value in element.items() if name != "Pg"}).data
            return
        owner = self._owners.get(id(element), part)
        if owner == part:
            is_around = id(element) in self._around
            inner = (*around, _head(element, table)) if is_around else around
            node = self._node(element, part, table, inner)
            if is_around and node.kids != (FLOW,):
                raise NotDivisible("an element between parts of a table or section")
            yield FLOW if is_around else node
            return
        if part != FLOW:
            raise NotDivisible("a block with several elements")
        node, page = self._block_node(element, owner, table), self._page_of(element)
        first = self.blocks.setdefault(owner, node)
        is_same = without_marks(first) == without_marks(node) and self.around.setdefault(owner, around) == around
        if not is_same or (owner, page) in self._known:
            raise NotDivisible("a block with several elements")
        self._known.add((owner, page))
        yield FLOW - 1 - owner if self._segments.blocks[owner].is_fixed else FLOW

    def _block_node(self, element: Any, owner: int, table: int) -> Node:
        row = self._rows.get(table, 0)
        self._rows[table] = row + 1
        return _moved_node(self._node(element, owner, table), b"(\0-%d-" % row if table else b"")


def _head(element: Any, table: int) -> bytes:
    """An element's entries without kids, parent and page, and without the number of its table."""
    entries = {name: value for name, value in element.items() if name not in {"K", "P", "Pg"}}
    head: bytes = pydyf.Dictionary(entries).data.removeprefix(b"<<").removesuffix(b">>")
    return head.replace(b"(%d-" % table, b"(\0-") if table else head


def _moved_node(node: Node, row: bytes) -> Node:
    """A block's element on the first page, without the number of its row."""
    kids = tuple(_moved_node(kid, row) if isinstance(kid, Node) else kid for kid in node.kids)
    return replace(node, head=node.head.replace(row, b"(\0-\0-") if row else node.head, page=0, kids=kids)
