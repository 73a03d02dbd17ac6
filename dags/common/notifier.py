"""An e-mail to the office beside a task's own work."""

from __future__ import annotations

from typing import Any

from airflow.exceptions import AirflowException
from airflow.providers.smtp.notifications.smtp import SmtpNotifier


class EmailWhereItCan(SmtpNotifier):
    """A mail server that is away must not fail the task that only wanted to tell somebody: an approval that is red can
    be given by nobody. The log then says who was not told."""

    def notify(self, context: Any) -> None:
        try:
            super().notify(context)
        except (OSError, ValueError, AirflowException) as exc:
            self.log.error("%s was not told by e-mail (connection %s): %s", self.to, self.smtp_conn_id, exc)
