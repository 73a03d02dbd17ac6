"""Is the set-up one that a batch can go through with: asked before the batch is begun, so that nothing stays half done.

Nothing is connected here; whether the back ends answer is for the doctor, and for the step that needs them.
"""

from __future__ import annotations

from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState
from statement_builder.pipeline.context import AppContext
from statement_builder.rendering import check_setup, languages


def require_set_up(context: AppContext, source: str) -> None:
    """Raise `ConfigError` for an address, profile, language or source in the settings that no batch could use."""
    context.profile()
    context.open_vendor().close()
    context.open_mailer().close()
    context.open_source(source)
    known = languages(context.templates)
    unknown = [language for language in context.settings.render.languages if language not in known]
    if unknown:
        raise ConfigError(
            f"render.languages: there is no translation into {', '.join(unknown)} in {context.templates / 'locale'}. "
            f"Add its catalogue, or name only: {', '.join(known)}."
        )


def require_templates(context: AppContext) -> None:
    """Raise `ConfigError` for templates, catalogues and fonts that no document could be made with."""
    if problems := check_setup(context.templates):
        raise ConfigError("; ".join(problems))


def require_rest_of_set_up(context: AppContext, batch: Batch) -> None:
    """What the steps that this batch has left will need. A finished batch needs nothing."""
    if batch.state is not BatchState.CLOSED:
        require_set_up(context, batch.source)
    if batch.state in {BatchState.OPEN, BatchState.PULLED}:
        require_templates(context)
