"""From a hospital's balances to archived, verified PDFs that are handed off exactly once."""

__version__ = "0.1.0"
