"""Container images, docker-compose.yml and the Helm values, checked without a container engine."""

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


def parse_compose_file(path: Path, secrets: Path) -> subprocess.CompletedProcess[str]:
    """Parse the file with Docker Compose, which needs no engine for that."""
    program = Path(compose.__file__).parent / "docker-compose"
    command: list[str | Path] = [
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
    """A copy of .env.example with every value filled in."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    path = tmp_path / "env"
    path.write_text(re.sub(r"^([A-Z0-9_]+=)$", r"\1secret", example, flags=re.MULTILINE), encoding="utf-8")
    return path


def test_compose_file__is_valid(filled_in: Path) -> None:
    done = parse_compose_file(ROOT / "docker-compose.yml", filled_in)
    assert (done.returncode, done.stderr) == (0, "")
    parsed = json.loads(done.stdout)
    assert parsed["services"].keys() == COMPOSE["services"].keys()
    assert set(parsed["services"]) > {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "init"}
    assert parsed["services"]["worker"]["environment"]["AIRFLOW__CORE__FERNET_KEY"] == "secret"


def test_compose_file__requires_every_secret() -> None:
    done = parse_compose_file(ROOT / "docker-compose.yml", ROOT / ".env.example")
    assert done.returncode != 0
    assert "copy .env.example to .env and fill it in" in done.stderr


def test_compose_file__with_a_typo_is_refused(tmp_path: Path, filled_in: Path) -> None:
    misspelled = tmp_path / "docker-compose.yml"
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    misspelled.write_text(text.replace("    command: [triggerer]", "    comand: [triggerer]"), encoding="utf-8")
    assert "comand" in parse_compose_file(misspelled, filled_in).stderr


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_compose_service__is_pinned_healthy_and_published_on_loopback_only(name: str) -> None:
    service = COMPOSE["services"][name]
    assert re.search(r":v?\d+\.\d+(\.\d+)?", service["image"]), "an image without a version"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert bool(service.get("ports")) == (name in {"api-server", "mail"}), "only the web pages are published"
    if name not in {"init", "log-cleanup"}:
        assert service["healthcheck"]["test"]


def test_secrets__come_from_the_environment_file_and_nowhere_else() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    offered = dict(line.split("=", 1) for line in example.splitlines() if re.match(r"[A-Z]", line))
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    required = set(re.findall(r"\$\{([A-Z0-9_]+)", text))
    assert required == set(offered)
    assert set(offered.values()) == {""}, "a default value that an operator could forget to change"


@pytest.mark.parametrize("name", sorted(AIRFLOW_PROGRAMS))
def test_airflow_programs__match_the_end_to_end_test(name: str) -> None:
    command = COMPOSE["services"][name]["command"]
    assert list(AIRFLOW_PROGRAMS[name]) == command[: len(AIRFLOW_PROGRAMS[name])]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_dockerfile__passes_its_linter(name: str) -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, str(ROOT / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)


def test_image__copies_every_folder_it_needs() -> None:
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


def test_image__owns_every_mount_point() -> None:
    """A new volume takes the owner of the folder below it in the image, or root if there is none."""
    home, folders = re.findall(
        r"^WORKDIR (\S+)\n#.*\nRUN install -d -o statements -g statements -m 700 (.+)$", DOCKERFILE, re.MULTILINE
    )[-1]
    ours = {f"{home}/{folder}" for folder in folders.split()}
    volumes = [volume for name in AIRFLOW_PROGRAMS for volume in COMPOSE["services"][name]["volumes"]]
    mounted = {volume.split(":")[1] for volume in volumes if isinstance(volume, str)}
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
def test_entrypoint__runs_the_commands_of_compose_and_the_chart(
    tmp_path: Path, given: list[str], executed: list[str]
) -> None:
    """The program replaces the shell, so that it receives signals."""
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


def test_pools__match_the_tasks() -> None:
    pools: dict[str, Any] = json.loads((ROOT / "deploy" / "pools.json").read_text(encoding="utf-8"))
    text = "".join(path.read_text(encoding="utf-8") for path in DAGS.rglob("*.py"))
    assert all(pool.removeprefix("statements_") in text and values["slots"] > 0 for pool, values in pools.items())


def walk(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar value with its path."""
    if isinstance(values, dict | list):
        for name, value in values.items() if isinstance(values, dict) else enumerate(values):
            yield from walk(value, f"{path}.{name}")
    else:
        yield path, values


def run_with_values(code: str, home: Path, **environment: str) -> Any:
    """Run Python code in an Airflow with the options of values.yaml. Returns the JSON in its last line."""
    options = {
        f"AIRFLOW__{section}__{option}".upper(): str(value)
        for section, options in VALUES["config"].items()
        for option, value in options.items()
    }
    own = {"AIRFLOW_HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}{os.pathsep}{DAGS}"}
    own["AIRFLOW__METRICS__OTEL_ON"] = "False"  # there is no collector here
    done = subprocess.run(
        [sys.executable, "-c", code], env=options | own | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_kubernetes_values__match_the_airflow_version_and_the_image() -> None:
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


def test_kubernetes_values__contain_no_secret() -> None:
    assert VALUES["data"].keys() <= {"metadataSecretName", "brokerUrlSecretName"}
    for path, value in walk(VALUES):
        secret = re.search(r"pass|secret|token|key|credential|connection$", path.rpartition(".")[2], re.IGNORECASE)
        names_one = path.endswith(("SecretName", ".secretName", ".secretKey", ".secretKeyRef.key")) or value is False
        assert not secret or names_one, path
        assert not re.search(r"://[^/]*@", str(value)), path
    assert VALUES["createUserJob"] == {"enabled": False}, "a login with a known password"


def test_kubernetes_values__give_no_privilege_and_bound_every_program() -> None:
    assert VALUES["securityContexts"]["pod"]["runAsNonRoot"] is True
    container = VALUES["securityContexts"]["containers"]
    assert container == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert VALUES["allowPodLaunching"] is False
    assert VALUES["networkPolicies"]["enabled"] is True
    (host,) = VALUES["ingress"]["apiServer"]["hosts"]
    assert host["tls"]["enabled"] is True
    assert VALUES["config"]["api"]["base_url"] == f"https://{host['name']}"
    programs = {name: VALUES[name] for name in ("apiServer", "scheduler", "dagProcessor", "triggerer")}
    programs |= {"worker": VALUES["workers"]["celery"]}
    for name, program in programs.items():
        assert program["resources"]["limits"]["memory"], name
        assert program["resources"]["requests"].keys() == {"cpu", "memory"}, name
        assert program["serviceAccount"] == {"automountServiceAccountToken": False}, name
        budget = program.get("podDisruptionBudget", {}).get("enabled", False)
        assert budget == (name in {"apiServer", "scheduler", "worker"}), "what has several pods"
        has_mail = any("secretKeyRef" in str(each) for each in program.get("env", ()))
        assert has_mail == (name in {"apiServer", "worker"}), name


@pytest.mark.parametrize("name", ["setup-job", "network-policy"])
def test_kubernetes_objects__name_what_the_values_name(name: str) -> None:
    found = yaml.safe_load((ROOT / "deploy" / "kubernetes" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert {"tier": "airflow"}.items() <= dict(walk_labels(found)).items()
    if name == "network-policy":
        assert found["spec"]["policyTypes"] == ["Egress"]
        assert all(rule["ports"] and rule["to"] for rule in found["spec"]["egress"])
        return
    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    image = VALUES["images"]["airflow"]
    assert container["image"] == f"{image['repository']}:{image['tag']}"
    assert container["securityContext"] == VALUES["securityContexts"]["containers"]
    assert pod["securityContext"] == VALUES["securityContexts"]["pod"]
    named = {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"] if "valueFrom" in each}
    assert named <= set(re.findall(r"statements-[a-z-]+", KUBERNETES_PAGE))


def walk_labels(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The labels by which the policy finds pods, or those of the job's pod."""
    spec = found["spec"]
    labels = spec["podSelector"]["matchLabels"] if "podSelector" in spec else spec["template"]["metadata"]["labels"]
    yield from labels.items()


def test_kubernetes_values__use_only_what_the_image_has() -> None:
    """Keys directly below `workers` are for older charts, so all of them are below `workers.celery`."""
    assert VALUES["workers"].keys() == {"celery"}
    programs = (VALUES["scheduler"], VALUES["dagProcessor"], VALUES["triggerer"], VALUES["workers"]["celery"])
    assert all(program["logGroomerSidecar"] == {"enabled": False} for program in programs), "/clean-logs"
    lock = (ROOT / "requirements-airflow.lock").read_text(encoding="utf-8")
    assert VALUES["statsd"]["enabled"] == ("\nstatsd==" in lock)


def test_kubernetes_values__set_only_existing_options(tmp_path: Path) -> None:
    code = (
        "import json; from airflow.configuration import conf; "
        "assert callable(conf.getimport('core', 'hostname_callable')); "
        "assert conf.getimport('celery', 'celery_config_options'); "
        "print(json.dumps({name: list(each['options']) for name, each in conf.configuration_description.items()}))"
    )
    known = run_with_values(code, tmp_path)
    for section, options in VALUES["config"].items():
        assert options.keys() <= set(known[section]), section


def test_kubernetes_values__store_task_logs_in_s3(tmp_path: Path, s3_server: S3Server) -> None:
    """With the connection in the documentation, and the handler that stores a finished task's log."""
    bucket, _, folder = VALUES["config"]["logging"]["remote_base_log_folder"].removeprefix("s3://").partition("/")
    (s3_server.root / bucket).mkdir()
    (shown,) = re.findall(r"```json\n(.+?)```", KUBERNETES_PAGE, re.DOTALL)
    shown = shown.replace("ACCESS_KEY", s3_server.access_key, 1).replace("SECRET_KEY", s3_server.secret_key, 1)
    connection = json.loads(shown)
    assert connection["extra"].pop("endpoint_url").startswith("https://")
    connection["extra"]["endpoint_url"] = s3_server.endpoint
    code = (
        "import json, pathlib; from airflow.sdk.log import load_remote_log_handler; "
        "handler = load_remote_log_handler(); name = 'dag_id=a/run_id=b/task_id=c/attempt=1.log'; "
        "path = pathlib.Path(handler.base_log_folder, name); path.parent.mkdir(parents=True); "
        "path.write_text('A line.'); handler.upload(path, None); "
        "print(json.dumps([path.read_text(), handler.read(name, None)[1]]))"
    )
    result = run_with_values(code, tmp_path, AIRFLOW_CONN_STATEMENTS_LOGS=json.dumps(connection))
    assert result == ["", ["A line."]]
    (log,) = (s3_server.root / bucket / folder).rglob("*.log")
    assert log.read_text() == "A line."
