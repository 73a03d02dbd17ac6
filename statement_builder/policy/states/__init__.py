"""What states require beyond federal law: a module per subject, and a folder with a file per state that has a rule."""
