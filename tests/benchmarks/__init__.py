"""Benchmarks that need test dependencies, such as ReportLab and a mail server."""
