"""What containers are made and started with, as far as it can be proved where no container engine runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import compose
import pytest
import yaml

from tests.dags.place import DAGS
from tests.dags.stack import AIRFLOW_PROGRAMS
from tests.hospital import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DOCKERFILES = ("Dockerfile", "deploy/sftp/Dockerfile")


def read_compose_file(path: Path, secrets: Path) -> subprocess.CompletedProcess[str]:
    """What Docker Compose itself makes of the file; no engine is needed for that."""
    program = Path(compose.__file__).parent / "docker-compose"
    command = [
        program,
        "--env-file",
        secrets,
        "--project-directory",
        ROOT,
        "--file",
        path,
        "config",
        "--format",
        "json",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def filled_in(tmp_path: Path) -> Path:
    """.env.example with everything in it."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    path = tmp_path / "env"
    path.write_text(re.sub(r"^([A-Z0-9_]+=)$", r"\1secret", example, flags=re.MULTILINE), encoding="utf-8")
    return path


def test_compose_file__is_read_by_docker_compose(filled_in: Path) -> None:
    done = read_compose_file(ROOT / "docker-compose.yml", filled_in)
    assert (done.returncode, done.stderr) == (0, "")
    read = json.loads(done.stdout)
    assert read["services"].keys() == COMPOSE["services"].keys()
    assert set(read["services"]) > {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "init"}
    assert read["services"]["worker"]["environment"]["AIRFLOW__CORE__FERNET_KEY"] == "secret"


def test_compose_file__wants_every_secret() -> None:
    done = read_compose_file(ROOT / "docker-compose.yml", ROOT / ".env.example")
    assert done.returncode != 0
    assert "copy .env.example to .env and fill it in" in done.stderr


def test_compose_file__with_a_slip_is_refused(tmp_path: Path, filled_in: Path) -> None:
    slip = tmp_path / "docker-compose.yml"
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    slip.write_text(text.replace("    command: [triggerer]", "    comand: [triggerer]"), encoding="utf-8")
    assert "comand" in read_compose_file(slip, filled_in).stderr


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_compose_service__is_pinned_healthy_and_published_on_loopback_only(name: str) -> None:
    service = COMPOSE["services"][name]
    assert re.search(r":v?\d+\.\d+(\.\d+)?", service["image"]), "an image without a version"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert bool(service.get("ports")) == (name in {"api-server", "mail"}), "only the web pages are published"
    if name not in {"init", "s3", "mail"}:
        assert service["healthcheck"]["test"]


def test_secrets__come_from_the_environment_file_and_nowhere_else() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    offered = dict(line.split("=", 1) for line in example.splitlines() if re.match(r"[A-Z]", line))
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    wanted = set(re.findall(r"\$\{([A-Z0-9_]+)", text))
    assert wanted == set(offered)
    assert set(offered.values()) == {""}, "a value that somebody would leave as it is"


@pytest.mark.parametrize("name", sorted(AIRFLOW_PROGRAMS))
def test_airflow_programs__are_those_that_the_end_to_end_test_starts(name: str) -> None:
    command = COMPOSE["services"][name]["command"]
    assert list(AIRFLOW_PROGRAMS[name]) == command[: len(AIRFLOW_PROGRAMS[name])]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_dockerfile__passes_its_linter(name: str) -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, str(ROOT / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)


def test_image__gets_every_folder_that_it_needs() -> None:
    copied = set(re.findall(r"^COPY (\S+)", DOCKERFILE, re.MULTILINE))
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {pattern.rstrip("*") for pattern in pyproject["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert {"dags", "sql", "templates"} | packages <= copied
    assert copied - {"--from=build", "requirements-airflow.lock"} <= kept
    debian = {
        line.split()[1]
        for line in (ROOT / "setup" / "debian-packages.txt").read_text(encoding="utf-8").splitlines()
        if line.startswith("demo ")
    }
    assert debian
    assert all(package in DOCKERFILE for package in debian)


def test_image__owns_every_folder_that_a_volume_goes_over() -> None:
    """A new volume takes the owner of what is below it in the image; where nothing is, root's."""
    home, folders = re.findall(
        r"^WORKDIR (\S+)\n#.*\nRUN install -d -o statements -g statements -m 700 (.+)$", DOCKERFILE, re.MULTILINE
    )[-1]
    ours = {f"{home}/{folder}" for folder in folders.split()}
    mounted = {volume.split(":")[1] for name in AIRFLOW_PROGRAMS for volume in COMPOSE["services"][name]["volumes"]}
    assert {path for path in mounted if path.startswith(home)} <= ours
    assert all(str(parent) in ours for path in ours for parent in Path(path).parents if str(parent) > home)


def test_pools__are_those_that_the_tasks_name() -> None:
    pools: dict[str, Any] = json.loads((ROOT / "deploy" / "pools.json").read_text(encoding="utf-8"))
    text = "".join(path.read_text(encoding="utf-8") for path in DAGS.rglob("*.py"))
    assert all(pool.removeprefix("statements_") in text and values["slots"] > 0 for pool, values in pools.items())


def test_kubernetes_values__name_this_airflow_and_no_secret() -> None:
    values = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "values.yaml").read_text(encoding="utf-8"))
    pinned = re.search(r"apache-airflow==([\d.]+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pinned
    assert values["airflowVersion"] == pinned[1]
    assert values["data"].keys() <= {"metadataSecretName", "brokerUrlSecretName"}
