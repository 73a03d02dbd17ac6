"""Render a document's content as a PDF, read the PDF back, and verify it."""

from pdf_kit.geometry import Rect
from pdf_kit.interleave import GROUP_SIZE
from statement_builder.rendering.compiled.engine import CompiledEngine
from statement_builder.rendering.copy_watermark import make_copy
from statement_builder.rendering.engine import Engine, LayoutPending, Outcome, PlainEngine, Rendered
from statement_builder.rendering.envelope import EnvelopeWindows
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.template_check import check_templates
from statement_builder.rendering.template_fingerprint import fingerprint_templates
from statement_builder.rendering.verification import ForeignIds, verify
from statement_builder.rendering.verified_renderer import VerifiedRenderer

__all__ = [
    "GROUP_SIZE",
    "CompiledEngine",
    "DocumentError",
    "Engine",
    "EnvelopeWindows",
    "ForeignIds",
    "LayoutPending",
    "Outcome",
    "PlainEngine",
    "Rect",
    "Rendered",
    "VerifiedRenderer",
    "check_templates",
    "fingerprint_templates",
    "make_copy",
    "verify",
]
