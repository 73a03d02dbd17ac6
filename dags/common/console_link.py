"""Where a batch is in the console, for links and pictures on Airflow's pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from common.connections import read_settings

PREFIX = "/console"
"""Where Airflow's API server serves the console."""


def is_in_airflow() -> bool:
    """Whether Airflow serves the console: the setting `roles.console` names one of its users."""
    return bool(read_settings().roles.airflow_users("console"))


def airflow_path() -> str:
    """The path of Airflow's own address, where it has one behind a proxy."""
    from airflow.configuration import conf  # noqa: PLC0415

    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")


def batch_link(batch_id: str) -> str:
    """The address of the batch's page; empty if the console has none that others can reach."""
    if is_in_airflow():
        return f"{airflow_path()}{PREFIX}/batches/{batch_id}"
    public_url = read_settings().console.public_url
    return f"{public_url}/batches/{batch_id}" if public_url else ""


def proof_picture(batch_id: str) -> str:
    """The address of a picture of a page. Only Airflow's own server can show one: the browser sends its cookie."""
    return f"{airflow_path()}{PREFIX}/batches/{batch_id}/proof.png" if is_in_airflow() else ""
