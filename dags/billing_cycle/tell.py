"""Whom to tell when a task has failed for good or a batch waits: by e-mail, to whom `STATEMENTS_ALERT_EMAIL` says.

Over Airflow's own connection `smtp_default`. A message names the batch's run and the task, and which page of the
runbook to open; never what was in the error, let alone who was on the page.
"""

from __future__ import annotations

import os
from typing import Any

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


def _by_email(subject: str, text: str) -> list[Any]:
    to = os.environ.get("STATEMENTS_ALERT_EMAIL")
    if not to:
        return []
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415 - only who is to be told waits

    return [SmtpNotifier(to=to, subject=subject, html_content=text.replace("{{ runbook }}", RUNBOOK))]
