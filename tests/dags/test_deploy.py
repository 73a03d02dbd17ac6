"""What containers are made and started with, as far as it can be proved where no container engine runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compose
import pytest
import yaml

from tests.dags.airflow_home import DAGS
from tests.dags.airflow_stack import AIRFLOW_PROGRAMS
from tests.hospital import ROOT
from tests.services.s3 import S3Server

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DOCKERFILES = ("Dockerfile", "deploy/sftp/Dockerfile")
VALUES: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "values.yaml").read_text(encoding="utf-8"))
KUBERNETES_PAGE = (ROOT / "docs" / "operate" / "kubernetes.md").read_text(encoding="utf-8")


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
    copied = set(re.findall(r"^COPY (?:--chmod=\S+ )?(\S+)", DOCKERFILE, re.MULTILINE))
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    built_from = {*wheel["packages"], *wheel["force-include"], pyproject["project"]["readme"]}
    assert {"dags", *built_from, *pyproject["project"]["license-files"]} <= copied
    assert copied - {"--from=build", "requirements-airflow.lock"} <= kept
    debian = {
        line.split()[1]
        for line in (ROOT / "scripts" / "debian-packages.txt").read_text(encoding="utf-8").splitlines()
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


@pytest.mark.parametrize(
    ("given", "executed"),
    [
        (["scheduler"], ["airflow", "scheduler"]),
        (["celery", "worker", "--concurrency", "2"], ["airflow", "celery", "worker", "--concurrency", "2"]),
        (["airflow", "db", "check-migrations"], ["airflow", "db", "check-migrations"]),
        (["bash", "-c", "exec airflow scheduler"], ["airflow", "scheduler"]),
        (
            ["bash", "-c", 'exec airflow users create "$@"', "--", "-l", "An Office"],
            ["airflow", "users", "create", "-l", "An Office"],
        ),
        (["sh", "-c", "exec airflow version"], ["airflow", "version"]),
        (["python", "-m", "celery", "inspect", "ping"], ["python", "-m", "celery", "inspect", "ping"]),
        ([], ["airflow"]),
    ],
)
def test_entrypoint__runs_what_compose_and_the_chart_give_it(
    tmp_path: Path, given: list[str], executed: list[str]
) -> None:
    """Installed as the Dockerfile does it. The program is in the shell's own process: signals reach it."""
    entrypoint = tmp_path / "entrypoint"
    shutil.copy(ROOT / "deploy" / "entrypoint.sh", entrypoint)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("airflow", "python"):
        (programs / name).write_text('#!/bin/sh\nprintf \'%s\\n\' $$ "${0##*/}" "$@"\n')
    for path in (entrypoint, *programs.iterdir()):
        path.chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    with subprocess.Popen([entrypoint, *given], env=environment, stdout=subprocess.PIPE, text=True) as process:
        printed, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert printed.splitlines() == [str(process.pid), *executed]


def test_image__starts_with_the_entrypoint_and_not_as_root() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    installed = last.index("COPY --chmod=755 deploy/entrypoint.sh /entrypoint\n")
    assert installed < last.index("\nUSER 50000\n") < last.index('\nENTRYPOINT ["dumb-init", "--", "/entrypoint"]\n')
    assert last.count("\nUSER ") == 1


def test_pools__are_those_that_the_tasks_name() -> None:
    pools: dict[str, Any] = json.loads((ROOT / "deploy" / "pools.json").read_text(encoding="utf-8"))
    text = "".join(path.read_text(encoding="utf-8") for path in DAGS.rglob("*.py"))
    assert all(pool.removeprefix("statements_") in text and values["slots"] > 0 for pool, values in pools.items())


def walk(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no mapping or list, with where it stands."""
    if isinstance(values, dict | list):
        for name, value in values.items() if isinstance(values, dict) else enumerate(values):
            yield from walk(value, f"{path}.{name}")
    else:
        yield path, values


def with_values(code: str, home: Path, **environment: str) -> Any:
    """What Python prints as JSON, in an Airflow that has the options of values.yaml and nothing else."""
    options = {
        f"AIRFLOW__{section}__{option}".upper(): str(value)
        for section, options in VALUES["config"].items()
        for option, value in options.items()
    }
    own = {"AIRFLOW_HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}{os.pathsep}{DAGS}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=options | own | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_kubernetes_values__name_this_airflow_this_image_and_one_chart() -> None:
    pinned = re.search(r"apache-airflow==([\d.]+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pinned
    assert VALUES["airflowVersion"] == pinned[1]
    assert f"AIRFLOW_HOME={VALUES['airflowHome']} " in DOCKERFILE
    assert f"\nUSER {VALUES['uid']}\n" in DOCKERFILE
    text = (ROOT / "deploy" / "kubernetes" / "values.yaml").read_text(encoding="utf-8")
    charts = re.findall(
        r"Helm chart, version ([\d.]+);|chart (\d[\d.]+\d)|--version ([\d.]+\d)", text + KUBERNETES_PAGE
    )
    assert len({"".join(found) for found in charts}) == 1
    assert len(charts) > 2


def test_kubernetes_values__hold_no_secret() -> None:
    assert VALUES["data"].keys() <= {"metadataSecretName", "brokerUrlSecretName"}
    for path, value in walk(VALUES):
        secret = re.search(r"pass|secret|token|key|credential|connection$", path.rpartition(".")[2], re.IGNORECASE)
        assert not secret or path.endswith("SecretName"), path
        assert not re.search(r"://[^/]*@", str(value)), path
    assert VALUES["createUserJob"] == {"enabled": False}, "a login whose password everybody knows"


def test_kubernetes_values__ask_of_the_image_only_what_is_in_it() -> None:
    """And of `workers` what stands below `celery`: keys right below it are the older charts'."""
    assert VALUES["workers"].keys() == {"celery"}
    programs = (VALUES["scheduler"], VALUES["dagProcessor"], VALUES["triggerer"], VALUES["workers"]["celery"])
    assert all(program["logGroomerSidecar"] == {"enabled": False} for program in programs), "/clean-logs"
    lock = (ROOT / "requirements-airflow.lock").read_text(encoding="utf-8")
    assert VALUES["statsd"]["enabled"] == ("\nstatsd==" in lock)


def test_kubernetes_values__set_only_options_that_this_airflow_has(tmp_path: Path) -> None:
    code = (
        "import json; from airflow.configuration import conf; "
        "assert callable(conf.getimport('core', 'hostname_callable')); "
        "assert conf.getimport('celery', 'celery_config_options'); "
        "print(json.dumps({name: list(each['options']) for name, each in conf.configuration_description.items()}))"
    )
    known = with_values(code, tmp_path)
    for section, options in VALUES["config"].items():
        assert options.keys() <= set(known[section]), section


def test_kubernetes_values__keep_logs_of_tasks_in_s3(tmp_path: Path, s3_server: S3Server) -> None:
    """With a connection as the documentation shows it, through what a worker keeps a finished task's log with."""
    bucket, _, folder = VALUES["config"]["logging"]["remote_base_log_folder"].removeprefix("s3://").partition("/")
    (s3_server.root / bucket).mkdir()
    (shown,) = re.findall(r"```json\n(.+?)```", KUBERNETES_PAGE, re.DOTALL)
    shown = shown.replace("ACCESS_KEY", s3_server.access_key, 1).replace("SECRET_KEY", s3_server.secret_key, 1)
    connection = json.loads(shown)
    assert connection["extra"].pop("endpoint_url").startswith("https://")
    connection["extra"]["endpoint_url"] = s3_server.endpoint
    code = (
        "import json, pathlib; from airflow.sdk.log import load_remote_log_handler; "
        "kept = load_remote_log_handler(); name = 'dag_id=a/run_id=b/task_id=c/attempt=1.log'; "
        "path = pathlib.Path(kept.base_log_folder, name); path.parent.mkdir(parents=True); path.write_text('A line.'); "
        "kept.upload(path, None); print(json.dumps([path.read_text(), kept.read(name, None)[1]]))"
    )
    answer = with_values(code, tmp_path, AIRFLOW_CONN_STATEMENTS_LOGS=json.dumps(connection))
    assert answer == ["", ["A line."]]
    (log,) = (s3_server.root / bucket / folder).rglob("*.log")
    assert log.read_text() == "A line."
