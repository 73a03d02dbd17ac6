"""E-mails to the billing office: failed tasks, batches that wait for approval, and alerts of the delivery tracking.

They go to the address in `STATEMENTS_ALERT_EMAIL`, over Airflow's connection `smtp_default`. A message names the run,
the task or the print file, and the runbook to open. It contains no error text of a task and no patient data.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statement_builder.operations.tracking.tracking_alerts import Alert

RUNBOOK = "docs/runbooks/airflow.md"

_FAILURE_HTML = """\
<p>Task <b>{{ ti.task_id }}</b>{% if ti.map_index >= 0 %} ({{ ti.map_index }}){% endif %} of <b>{{ ti.dag_id }}</b>, run
<b>{{ run_id }}</b>, failed after try {{ ti.try_number }}. Nothing was sent twice, and clearing the task is safe.</p>
<p>Read the end of the task's log: it says what is wrong and what to do. Runbook:
{{ runbook }}#{{ ti.task_id.split(".")[-1] }}.</p>
"""
_APPROVAL_HTML = """\
<p>A batch of <b>{{ ti.dag_id }}</b>, run <b>{{ run_id }}</b>, waits for your approval. Nothing is sent before you
approve it. Open Required Actions in Airflow. Runbook: {{ runbook }}#approve.</p>
"""


def failure_callbacks() -> list[Any]:
    """Callbacks for a task that failed and is not retried."""
    return _email_notifiers("{{ ti.dag_id }}: {{ ti.task_id }} failed", _FAILURE_HTML)


def approval_notifiers() -> list[Any]:
    """Notifiers for a batch that waits for approval."""
    return _email_notifiers("{{ ti.dag_id }}: a batch waits for approval", _APPROVAL_HTML)


def send_alerts(alerts: Sequence[Alert]) -> str:
    """E-mail these alerts and return the recipients. Raises when the message cannot be sent.

    Raises `GateStop` when `STATEMENTS_ALERT_EMAIL` is not set, so that the failed task shows the alerts.
    """
    from statement_builder.errors import GateStop  # noqa: PLC0415

    to = _recipients()
    if not to:
        raise GateStop(
            f"{len(alerts)} alerts need an operator and could not be e-mailed, because STATEMENTS_ALERT_EMAIL is not "
            "set. The lines above list them."
        )
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415

    items = "".join(
        f"<li><b>{escape(each.code)}</b> {escape(each.subject)}<br>{escape(each.message)}<br>"
        f"Runbook: {escape(each.runbook)}</li>"
        for each in alerts
    )
    subject = f"delivery_tracking: {len(alerts)} {'alert needs' if len(alerts) == 1 else 'alerts need'} an operator"
    # Not rendered as a template: file names come from the vendor and may contain template syntax.
    SmtpNotifier(to=to, subject=subject, html_content=f"<ul>{items}</ul>").notify({})
    return to


def _recipients() -> str:
    return os.environ.get("STATEMENTS_ALERT_EMAIL", "")


def _email_notifiers(subject: str, html: str) -> list[Any]:
    to = _recipients()
    if not to:
        return []
    from common.notifier import BestEffortEmailNotifier  # noqa: PLC0415 - a slow import, needed only with a recipient

    return [BestEffortEmailNotifier(to=to, subject=subject, html_content=html.replace("{{ runbook }}", RUNBOOK))]
