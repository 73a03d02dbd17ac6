"""Code that the DAGs share: tasks, connections, retry policy, alerts, schedule and form."""
