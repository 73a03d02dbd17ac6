"""How much is worked on at once, as far as several steps have to agree on it."""

from __future__ import annotations

SHARD_CANDIDATES_MAX = 1_000
"""Candidates in a shard: the unit of parallel work, of packing and of retry."""
