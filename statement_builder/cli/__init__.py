"""The command line: `statements`."""

from statement_builder.cli.app import app, main

__all__ = ["app", "main"]
