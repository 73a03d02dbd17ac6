"""The task that asks a person to release a batch. A rejection is a decision: it has a reason, and the run fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

from common.connections import approvers, open_task_context

if TYPE_CHECKING:
    from airflow.sdk import Context


def approval_settings() -> dict[str, Any]:
    """What every approval has in common: who may respond, and that Reject fails the task.

    Arguments and not defaults of a class: Airflow adds arguments of its own to a subclass.
    """
    return {
        "fail_on_reject": True,
        "assigned_users": [{"id": user.user_id, "name": user.name} for user in approvers()] or None,
        "execution_timeout": None,  # an approval may take days
    }


def reason_form() -> dict[str, Param]:
    """The form of a release: why the batch is rejected, or accepted although something is unusual."""
    description = "Why you reject the batch, or accept what is unusual. It is kept in the event log."
    # Nullable: Airflow's page would otherwise not let anybody approve without a reason.
    return {"reason": Param(None, type=["null", "string"], title="Reason", description=description)}


class RecordedApproval(ApprovalOperator):
    """Asks for approval. On Reject, the run fails, so that nobody takes it for one that was mailed."""

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        try:
            return super().execute_complete(context, event)
        except HITLRejectException as exc:
            # Not retried: a retry would ask again.
            raise AirflowFailException(self.reject(context, event)) from exc

    def reject(self, context: Context, event: dict[str, Any]) -> str:
        """What the failed task says. A re-run that is declined changes nothing."""
        return f"{describe_user(event) or 'A person'} chose Reject. Nothing was changed, and nothing was sent."


class BatchApproval(RecordedApproval):
    """Asks a person to release the batch that the task `open_batch` opened, and for the reason of a rejection."""

    def reject(self, context: Context, event: dict[str, Any]) -> str:
        """Record the rejection in the ledger. If the batch was changed or released meanwhile, it stays as it is."""
        from statement_builder.errors import StatementsError  # noqa: PLC0415
        from statement_builder.operations.approval.reject import reject_batch  # noqa: PLC0415

        batch_id = context["ti"].xcom_pull(task_ids="open_batch")
        seen = context["ti"].xcom_pull(task_ids="check_gates", key="fingerprint") or ""
        reason = read_reason(event) or "No reason was given."
        try:
            with open_task_context(describe_user(event)) as opened:
                return reject_batch(opened, opened.require_batch(batch_id), reason, seen=seen)
        except StatementsError as exc:
            return str(exc)


def describe_user(response: Any) -> str | None:
    """The user who responded, for the event log. None when no response was needed."""
    user = (response or {}).get("responded_by_user") or {}
    name = user.get("name") if isinstance(user, dict) else getattr(user, "name", None)
    return f"{name}@airflow" if name else None


def read_reason(response: Any) -> str:
    """The reason in the form of a response; empty if there is none."""
    return str(((response or {}).get("params_input") or {}).get("reason") or "").strip()
