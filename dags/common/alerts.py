"""Whom to tell when a task has failed for good, a batch waits, or the tracking found something: by e-mail, to whom
`STATEMENTS_ALERT_EMAIL` says.

Over Airflow's own connection `smtp_default`. A message names the batch's run and the task, or the file, and which page
of the runbook to open; never what was in an error, let alone who was on the page.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statement_builder.operations.track import Alert

RUNBOOK = "docs/runbooks/airflow.md"

_FAILED = """\
<p>Task <b>{{ ti.task_id }}</b>{% if ti.map_index >= 0 %} ({{ ti.map_index }}){% endif %} of <b>{{ ti.dag_id }}</b>, run
<b>{{ run_id }}</b>, has failed after try {{ ti.try_number }}. Nothing was sent twice, and nothing will be when it is
cleared.</p><p>Its log says what is wrong and what to do; the runbook is
{{ runbook }}#{{ ti.task_id.split(".")[-1] }}.</p>
"""
_WAITS = """\
<p><b>{{ ti.dag_id }}</b>, run <b>{{ run_id }}</b>, has a batch that waits for a person's approval. Nothing leaves
before that. In Airflow: Required Actions; the runbook is {{ runbook }}#approve.</p>
"""


def tell_failure() -> list[Any]:
    """Callbacks for a task that has failed for good."""
    return _by_email("{{ ti.dag_id }}: {{ ti.task_id }} failed", _FAILED)


def tell_waiting() -> list[Any]:
    """Notifiers for a batch that waits at its gate."""
    return _by_email("{{ ti.dag_id }}: a batch waits for approval", _WAITS)


def send_alerts(alerts: Sequence[Alert]) -> str:
    """Mail what waits for a person, and say whom. An error where it could not be mailed: nobody has been told.

    `GateStop` where the settings name nobody: then the red task is what tells.
    """
    from statement_builder.errors import GateStop  # noqa: PLC0415

    to = _whom()
    if not to:
        raise GateStop(
            f"{len(alerts)} things wait for a person, see above, and STATEMENTS_ALERT_EMAIL names nobody to tell."
        )
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415

    items = "".join(
        f"<li><b>{escape(each.code)}</b> {escape(each.subject)}<br>{escape(each.message)}<br>"
        f"What to do: {escape(each.runbook)}</li>"
        for each in alerts
    )
    subject = f"delivery_tracking: {len(alerts)} {'thing waits' if len(alerts) == 1 else 'things wait'} for a person"
    # Not through the templates: a vendor names its files as it likes.
    SmtpNotifier(to=to, subject=subject, html_content=f"<ul>{items}</ul>").notify({})
    return to


def _whom() -> str:
    return os.environ.get("STATEMENTS_ALERT_EMAIL", "")


def _by_email(subject: str, text: str) -> list[Any]:
    to = _whom()
    if not to:
        return []
    from common.notifier import EmailWhereItCan  # noqa: PLC0415 - only who is to be told waits for its import

    return [EmailWhereItCan(to=to, subject=subject, html_content=text.replace("{{ runbook }}", RUNBOOK))]
