"""Checks that run before a batch starts, so that an invalid setting cannot stop it halfway.

Nothing is connected here. `statements doctor` and the stage that needs a server check whether the server answers.
"""

from __future__ import annotations

from pathlib import Path

from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.page_notes import read_page_notes
from statement_builder.pipeline.portal import open_portal
from statement_builder.pipeline.portal_keys import read_portal_keys
from statement_builder.rendering import check_templates
from statement_builder.reports.event_seal import read_event_keys


def require_settings(context: AppContext, source: str) -> None:
    """Raise `ConfigError` when a back end cannot be opened: the settings are valid, but a secret may be missing."""
    read_event_keys(context.environ)
    context.profile()
    require_delivery(context)
    context.payment_keys()
    read_page_notes(context.settings, context.facility, context.environ)
    if context.settings.portal:
        open_portal(context.settings, context.environ)
        read_portal_keys(context.environ)
    context.open_source(source)


def require_delivery(context: AppContext) -> None:
    """Raise `ConfigError` when the print vendor or the mailer lacks a secret, before anything is made or recorded."""
    context.open_vendor().close()
    context.open_mailer().close()


def require_templates(context: AppContext) -> None:
    """Raise `ConfigError` when a template, message catalog or font is missing or invalid, or when nobody approved the
    catalog of a language in `render.languages`."""
    render, facility_id = context.settings.render, context.facility.facility_id
    layouts = Path(render.layouts)
    if problems := check_templates(
        context.templates, approved=render.languages, facility_id=facility_id, layouts=layouts
    ):
        raise ConfigError("; ".join(problems))


def require_remaining_preconditions(context: AppContext, batch: Batch) -> None:
    """Check everything that the batch's remaining stages need. A closed batch needs nothing."""
    if batch.state is not BatchState.CLOSED:
        require_settings(context, batch.source)
    if batch.state in {BatchState.OPEN, BatchState.PULLED}:
        require_templates(context)
