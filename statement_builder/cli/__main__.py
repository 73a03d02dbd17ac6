"""`python -m statement_builder.cli` runs the same command as `statements`."""

from statement_builder.cli.app import main

main()
