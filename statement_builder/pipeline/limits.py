"""Sizes that several stages must agree on."""

from __future__ import annotations

SHARD_CANDIDATES_MAX = 1_000
"""Candidates in a shard, the unit of parallel work, packing and retry."""
