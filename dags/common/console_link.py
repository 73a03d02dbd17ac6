"""Where a batch is in the console, for a link on Airflow's pages."""

from __future__ import annotations

from common.connections import read_settings


def batch_link(batch_id: str) -> str:
    """The address of the batch's page; empty if the console has none that others can reach."""
    public_url = read_settings().console.public_url
    return f"{public_url}/batches/{batch_id}" if public_url else ""
