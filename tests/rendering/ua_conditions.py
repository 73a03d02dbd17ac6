"""Conditions of the Matterhorn Protocol 1.1 (PDF Association) that a program can test, and that avalpdf does not.

Each finding begins with the number of the failed condition. `docs/explain/accessibility.md` lists which checkpoints are
checked by what.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pikepdf

_STANDARD_TYPES = frozenset(
    f"/{name}"
    for names in (
        "Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6",
        "L LI Lbl LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby",
        "Warichu Figure Formula Form",
    )
    for name in names.split()
)
"""ISO 32000-1, 14.8.4."""
_PARENTS = {
    "/TR": {"/Table", "/THead", "/TBody", "/TFoot"},
    "/THead": {"/Table"},
    "/TBody": {"/Table"},
    "/TH": {"/TR"},
    "/TD": {"/TR"},
    "/LI": {"/L"},
    "/Lbl": {"/LI"},
    "/LBody": {"/LI"},
}
"""Elements of tables and lists, and what may be around them (ISO 32000-1, 14.8.4.3.3 and 14.8.4.3.4)."""
_PAINTING = frozenset(["S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh", "Tj", "TJ", "'", '"', "Do", "EI"])


def failed_conditions(pdf: bytes) -> list[str]:
    """The conditions that a file does not meet; none if it is right."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        elements = list(_elements(file.Root.StructTreeRoot.K, "/StructTreeRoot"))
        found = [
            *_check_catalog(file),
            *_check_elements(elements),
            *_check_headings(elements),
            *_check_tables(elements),
        ]
        for number, page in enumerate(file.pages, start=1):
            found += [f"{each} (page {number})" for each in [*_check_content(page), *_check_annotations(page)]]
            found += [f"{each} (page {number})" for each in _check_fonts(page)]
        return found + _check_parents(file)


def _elements(kids: Any, parent: str) -> Iterator[tuple[Any, str]]:
    """Each structure element and the type of the one around it, in reading order."""
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid, parent
            yield from _elements(kid.get("/K", []), str(kid.S))


def _check_catalog(file: pikepdf.Pdf) -> list[str]:
    root = file.Root
    metadata = root.Metadata.read_bytes() if "/Metadata" in root else b""
    conditions = {
        "06-001 no XMP metadata": bool(metadata),
        "06-002 no PDF/UA identifier": b"pdfuaid:part" in metadata,
        "06-003 no title in the metadata": b"dc:title" in metadata,
        "07-001 the title is not displayed": bool(
            root.get("/ViewerPreferences", pikepdf.Dictionary()).get("/DisplayDocTitle", False)
        ),
        "01-007 suspects": not root.MarkInfo.get("/Suspects", False),
        "11-006 no language": bool(str(root.get("/Lang", ""))),
        "20-001 optional content": "/OCProperties" not in root,
        "21-001 embedded files": "/EmbeddedFiles" not in root.get("/Names", pikepdf.Dictionary()),
        "25-001 XFA": "/AcroForm" not in root,
        "26-001 encryption": not file.is_encrypted,
    }
    return [condition for condition, is_met in conditions.items() if not is_met]


def _check_elements(elements: list[tuple[Any, str]]) -> list[str]:
    found = []
    for element, parent in elements:
        kind = str(element.S)
        if kind not in _STANDARD_TYPES:
            found.append(f"02-001 {kind} is not a standard type")
        if kind in _PARENTS and parent not in _PARENTS[kind]:
            found.append(f"09-004 {kind} in {parent}")
        if kind == "/Figure" and not (str(element.get("/Alt", "")) or str(element.get("/ActualText", ""))):
            found.append("13-004 a figure without a text")
        if kind == "/Formula" or (kind == "/Note" and "/ID" not in element):
            found.append(f"17-002 or 19-003 {kind}")
    return found


def _check_headings(elements: list[tuple[Any, str]]) -> list[str]:
    levels = [int(str(element.S)[2:]) for element, _ in elements if str(element.S)[:2] == "/H" and str(element.S)[2:]]
    found = [] if levels[:1] in ([], [1]) else ["14-002 the first heading is not of level 1"]
    return found + [f"14-003 level {lower} after {upper}" for upper, lower in pairwise(levels) if lower > upper + 1]


def _check_tables(elements: list[tuple[Any, str]]) -> list[str]:
    ids = [str(element.ID) for element, _ in elements if "/ID" in element]
    found = [] if len(ids) == len(set(ids)) else ["15-003 two cells with one ID"]
    for element, _ in elements:
        attributes = element.get("/A", {})
        if str(element.S) == "/TD" and isinstance(attributes, pikepdf.Dictionary):
            headers = [str(each) for each in attributes.get("/Headers", [])]
            found += [f"15-003 header {each} does not exist" for each in headers if each not in ids]
    return found


def _check_content(page: pikepdf.Page) -> list[str]:
    """Everything drawn is an artifact or tagged, and neither is within the other."""
    found: list[str] = []
    marks: list[str] = []
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator in {"BMC", "BDC"}:
            is_artifact = str(instruction.operands[0]) == "/Artifact"
            is_tagged = operator == "BDC" and "/MCID" in instruction.operands[1]
            mark = "artifact" if is_artifact else "tagged" if is_tagged else ""
            if mark == "artifact" and "tagged" in marks:
                found.append("01-003 an artifact in tagged content")
            if mark == "tagged" and "artifact" in marks:
                found.append("01-004 tagged content in an artifact")
            marks.append(mark)
        elif operator == "EMC":
            marks.pop()
        elif operator in _PAINTING and not any(marks):
            found.append(f"01-005 {operator} is neither an artifact nor tagged")
    return found


def _check_annotations(page: pikepdf.Page) -> list[str]:
    annotations = list(page.get("/Annots", []))
    found = [] if not annotations or page.get("/Tabs") == "/S" else ["28-009 the order of tabs is not the structure's"]
    for each in annotations:
        if "/StructParent" not in each:
            found.append("28-002 an annotation that is not in the structure")
        if not str(each.get("/Contents", "")):
            found.append("28-012 a link without a description")
        if each.get("/Subtype") != "/Link":
            found.append(f"28-006 an annotation {each.get('/Subtype')}")
    return found


def _check_fonts(page: pikepdf.Page) -> list[str]:
    found = []
    for name, font in page.Resources.get("/Font", {}).items():
        if "/ToUnicode" not in font:
            found.append(f"10-001 font {name} without Unicode values")
        descendant = font.DescendantFonts[0]
        if "/FontFile2" not in descendant.FontDescriptor and "/FontFile3" not in descendant.FontDescriptor:
            found.append(f"31-009 font {name} is not embedded")
        if str(descendant.get("/CIDToGIDMap", "")) not in {"/Identity"} and descendant.Subtype == "/CIDFontType2":
            found.append(f"31-005 font {name} without a map to glyphs")
    return found


def _check_parents(file: pikepdf.Pdf) -> list[str]:
    """The parent tree leads from each piece of tagged content, and each link, to an element."""
    numbers = file.Root.StructTreeRoot.ParentTree.Nums
    entries = {int(numbers[index]): numbers[index + 1] for index in range(0, len(numbers), 2)}
    found = []
    for number, page in enumerate(file.pages, start=1):
        marks = {
            int(instruction.operands[1].MCID)
            for instruction in pikepdf.parse_content_stream(page)
            if str(instruction.operator) == "BDC" and "/MCID" in instruction.operands[1]
        }
        parents: Any = entries.get(int(page.get("/StructParents", -1)), [])
        if marks != set(range(len(parents))):
            found.append(f"01-006 tagged content without an element (page {number})")
        found += [
            f"28-011 a link that is not in a Link (page {number})"
            for each in page.get("/Annots", [])
            if str(entries[int(each.StructParent)].S) != "/Link"
        ]
    return found
