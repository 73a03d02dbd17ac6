"""E-mails to the billing office: failed tasks, batches that wait for approval, and alerts of the delivery tracking.

They go to the address in `STATEMENTS_ALERT_EMAIL`, over Airflow's connection `smtp_default`, or to nobody if it says
`none`. A message names the run,
the task or the print file, and the runbook to open. It contains no error text of a task and no patient data.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from common.task_log import RUNBOOK, end_with_message

if TYPE_CHECKING:
    from statement_builder.operations.tracking.tracking_alerts import Alert

_VARIABLE, _NOBODY = "STATEMENTS_ALERT_EMAIL", "none"

_FAILURE_HTML = """\
<p>Task <b>{{ ti.task_id }}</b>{% if ti.map_index >= 0 %} ({{ ti.map_index }}){% endif %} of <b>{{ ti.dag_id }}</b>, run
<b>{{ run_id }}</b>, failed after try {{ ti.try_number }}. Nothing was sent twice, and clearing the task is safe.</p>
<p>Read the end of the task's log: it says what is wrong and what to do. Runbook:
{{ runbook }}#{{ ti.task_id.split(".")[-1] }}.</p>
"""
_APPROVAL_HTML = """\
<p>A batch of <b>{{ ti.dag_id }}</b>, run <b>{{ run_id }}</b>, waits for your approval. Nothing is sent before you
approve it. Open Required Actions in Airflow: it says why you are asked, and what differs from the last
batch. Runbook: {{ runbook }}#approve.</p>
"""


def failure_callbacks() -> list[Any]:
    """Callbacks for a task that failed and is not retried. The last one writes the end of its log."""
    return [*_email_notifiers("{{ ti.dag_id }}: {{ ti.task_id }} failed", _FAILURE_HTML), end_with_message]


def approval_notifiers() -> list[Any]:
    """Notifiers for a batch that waits for approval."""
    return _email_notifiers("{{ ti.dag_id }}: a batch waits for approval", _APPROVAL_HTML)


def send_alerts(alerts: Sequence[Alert]) -> str:
    """E-mail these alerts and return the recipients. Raises when the message cannot be sent.

    Raises `GateStop` when `STATEMENTS_ALERT_EMAIL` names nobody, so that the failed task shows the alerts.
    """
    from statement_builder.errors import GateStop  # noqa: PLC0415

    to = _recipients()
    if not to:
        raise GateStop(
            f"{len(alerts)} alerts need an operator and could not be e-mailed, because {_VARIABLE} names nobody. The "
            "lines above list them."
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


def require_recipient() -> None:
    """`ConfigError` if nobody would hear that a print file is late: before a batch is opened, not when one is."""
    from statement_builder.errors import ConfigError  # noqa: PLC0415

    if not os.environ.get(_VARIABLE):
        raise ConfigError(
            f"{_VARIABLE} is not set, so nobody would hear of a failure, a batch that waits, or a late print file. Set "
            f"it to the billing office's address in the environment of every Airflow program, or to `{_NOBODY}` if "
            "somebody watches Airflow's pages. Nothing was opened."
        )


def _recipients() -> str:
    to = os.environ.get(_VARIABLE, "")
    return "" if to == _NOBODY else to


def _email_notifiers(subject: str, html: str) -> list[Any]:
    to = _recipients()
    if not to:
        return []
    from common.notifier import BestEffortEmailNotifier  # noqa: PLC0415 - a slow import, needed only with a recipient

    return [BestEffortEmailNotifier(to=to, subject=subject, html_content=html.replace("{{ runbook }}", RUNBOOK))]
