"""Content → PDF, read back and verified."""

from pdf_kit.geometry import Rect
from pdf_kit.interleave import GROUP
from statement_builder.rendering.compiled.engine import CompiledEngine
from statement_builder.rendering.copy_watermark import make_copy
from statement_builder.rendering.engine import Engine, Outcome, PlainEngine, Rendered
from statement_builder.rendering.envelope import DOUBLE_WINDOW_10, Windows
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.template_fingerprint import check_setup, template_version
from statement_builder.rendering.translations import languages
from statement_builder.rendering.verification import ForeignIds, verify
from statement_builder.rendering.verified_renderer import Press

__all__ = [
    "DOUBLE_WINDOW_10",
    "GROUP",
    "CompiledEngine",
    "DocumentError",
    "Engine",
    "ForeignIds",
    "Outcome",
    "PlainEngine",
    "Press",
    "Rect",
    "Rendered",
    "Windows",
    "check_setup",
    "languages",
    "make_copy",
    "template_version",
    "verify",
]
