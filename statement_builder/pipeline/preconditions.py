"""Checks that run before a batch starts, so that an invalid setting cannot stop it halfway.

Nothing is connected here. `statements doctor` and the stage that needs a server check whether the server answers.
"""

from __future__ import annotations

from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState
from statement_builder.pipeline.context import AppContext
from statement_builder.rendering import check_templates, languages


def require_settings(context: AppContext, source: str) -> None:
    """Raise `ConfigError` when an address, the print profile, a language or the source cannot be used."""
    context.profile()
    context.open_vendor().close()
    context.open_mailer().close()
    context.payment_keys()
    context.open_source(source)
    known = languages(context.templates)
    unknown = [language for language in context.settings.render.languages if language not in known]
    if unknown:
        raise ConfigError(
            f"render.languages: there is no translation into {', '.join(unknown)} in {context.templates / 'locale'}. "
            f"Add its catalogue, or list only: {', '.join(known)}."
        )


def require_templates(context: AppContext) -> None:
    """Raise `ConfigError` when a template, message catalogue or font is missing or invalid."""
    if problems := check_templates(context.templates):
        raise ConfigError("; ".join(problems))


def require_remaining_preconditions(context: AppContext, batch: Batch) -> None:
    """Check everything that the batch's remaining stages need. A closed batch needs nothing."""
    if batch.state is not BatchState.CLOSED:
        require_settings(context, batch.source)
    if batch.state in {BatchState.OPEN, BatchState.PULLED}:
        require_templates(context)
