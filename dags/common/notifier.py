"""An e-mail notifier that never fails the task it reports on."""

from __future__ import annotations

from typing import Any

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk.exceptions import AirflowException


class BestEffortEmailNotifier(SmtpNotifier):
    """Logs an error when the message cannot be sent.

    A mail server that is down must not fail an approval task, because a failed task cannot be approved.
    """

    def notify(self, context: Any) -> None:
        try:
            super().notify(context)
        except (OSError, ValueError, AirflowException) as exc:
            self.log.error("The e-mail to %s was not sent (connection %s): %s", self.to, self.smtp_conn_id, exc)
