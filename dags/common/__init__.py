"""What the DAGs have in common: the steps as tasks, where the service is, when to try again, whom to tell."""
