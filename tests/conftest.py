"""The servers that tests may ask for by fixture name; each starts on first use and ends with the session."""

pytest_plugins = ["tests.services.postgres", "tests.services.s3", "tests.services.sftp", "tests.services.smtp"]
