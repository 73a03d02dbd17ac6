"""Draw a page of one PDF over a page of another, after everything that is on it."""

from __future__ import annotations

import re

import pikepdf


def overlay(
    pdf: pikepdf.Pdf, page: pikepdf.Page, drawn: pikepdf.Pdf, source: pikepdf.Page, *, operators: bytes, prefix: str
) -> None:
    """Add `operators`, which are those of the page `source` of `drawn`, with the resources that they use.

    The page's own graphics state is restored first. The resources' names get a prefix that no other drawing has.
    """
    for kind in ("/Font", "/ExtGState"):
        for name, value in source.resources.get(kind, pikepdf.Dictionary()).items():
            new_name = f"/{prefix}{name[1:]}"
            operators = re.sub(rb"%b(?=\s)" % re.escape(name.encode("ascii")), new_name.encode("ascii"), operators)
            if kind not in page.resources:
                page.resources[kind] = pikepdf.Dictionary()
            page.resources[kind][new_name] = pdf.copy_foreign(
                value if value.is_indirect else drawn.make_indirect(value)
            )
    page.contents_coalesce()
    page.Contents = pdf.make_stream(b"q\n%b\nQ\nq\n%b\nQ\n" % (page.Contents.read_bytes(), operators))


def parents_of_page(pdf: pikepdf.Pdf, page: pikepdf.Page) -> pikepdf.Object:
    """The structure elements of a page's marked content, by its number (ISO 32000-1, 14.7.4.4)."""
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    index = next(n for n in range(0, len(numbers), 2) if numbers[n] == page.obj.StructParents)
    return numbers[index + 1]


def body_element(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """The structure element of the whole document."""
    root = pdf.Root.StructTreeRoot
    return root.K[0] if isinstance(root.K, pikepdf.Array) else root.K
