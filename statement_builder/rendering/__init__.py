"""Content → PDF, read back and verified."""

from statement_builder.rendering.catalogues import languages
from statement_builder.rendering.compiled import CompiledEngine
from statement_builder.rendering.copies import make_copy
from statement_builder.rendering.engine import Engine, Outcome, PlainEngine, Rendered
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.lockstep import GROUP
from statement_builder.rendering.press import Press
from statement_builder.rendering.verify import ForeignIds, verify
from statement_builder.rendering.version import check_setup, template_version
from statement_builder.rendering.windows import DOUBLE_WINDOW_10, Rect, Windows

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
