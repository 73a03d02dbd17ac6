"""Who may do what: the setting `roles`, checked before a command changes anything. Each use and refusal is an event."""

from __future__ import annotations

from datetime import datetime

from statement_builder.errors import NotAllowed
from statement_builder.ledger import AccessSubject, Document, Ledger
from statement_builder.pipeline.context import AppContext
from statement_builder.settings.model import RoleSettings

AUTHORIZED, REFUSED = "authorized", "refused"
"""What the events say; `why` names the verb and the role."""


def authorize(context: AppContext, verb: str, *, batch_id: str, subject: str = "") -> None:
    """Record that the actor uses a role for this verb, a name in `RoleSettings`. Does nothing if no role is set.

    `subject` is what it is about, by default the batch. `NotAllowed` if none of the actor's roles allows it.
    """
    require_role(
        context.ledger,
        context.settings.roles,
        context.memberships,
        verb,
        batch_id=batch_id,
        subject=subject or batch_id,
        actor=context.actor,
        at=context.now(),
    )


def require_role(
    ledger: Ledger,
    roles: RoleSettings,
    memberships: frozenset[str],
    verb: str,
    *,
    batch_id: str,
    subject: str,
    actor: str,
    at: datetime,
) -> None:
    """`authorize`, for a command that has no context. `memberships` are the roles that the actor has."""
    if not roles.are_set:
        return
    allowed = roles.allowed(verb)
    mine = [member for member in allowed if member in memberships]
    ledger.events.record(
        batch_id,
        subject,
        what=AUTHORIZED if mine else REFUSED,
        why=f"{verb}, by {mine[0]}" if mine else verb,
        actor=actor,
        at=at,
    )
    require_membership(roles, memberships, verb, actor=actor)


def require_membership(roles: RoleSettings, memberships: frozenset[str], verb: str, *, actor: str) -> None:
    """`require_role` without an event, before there is a ledger."""
    allowed = roles.allowed(verb)
    if roles.are_set and memberships.isdisjoint(allowed):
        raise NotAllowed(
            f"{actor} may not do this: the setting roles.{verb} allows it to {', '.join(allowed) or 'nobody'}."
        )


def may_use(context: AppContext, verb: str) -> bool:
    """Whether a role allows this to the actor, to offer it or not. Records nothing: `authorize` decides."""
    roles = context.settings.roles
    return not roles.are_set or not context.memberships.isdisjoint(roles.allowed(verb))


def require_reader(context: AppContext, verb: str) -> None:
    """`NotAllowed` for somebody who may not read what this role protects. Records nothing: a view is in the access log,
    and somebody who is refused has seen nothing."""
    require_membership(context.settings.roles, context.memberships, verb, actor=context.actor)


def open_document(context: AppContext, verb: str, document_id: str) -> Document:
    """The document that a command acts on. `NotAllowed` if the actor may not; `ConfigError` if there is none.

    What the command says about it, done or refused, is a view of its data.
    """
    document = context.require_document(document_id)
    authorize(context, verb, batch_id=document.batch_id, subject=document_id)
    subject = AccessSubject(guarantor_id=document.guarantor_id, document_id=document_id)
    context.ledger.access.record(verb, [subject], batch_id=document.batch_id, actor=context.actor, at=context.now())
    return document
