# Commands for a fresh machine:  make demo  ·  make test  ·  make install  ·  make airflow
SHELL := /bin/sh
export PYTHONDONTWRITEBYTECODE :=
PYTEST_ARGS ?=

.PHONY: demo test check lint install airflow

demo: .venv/.demo
	@.venv/bin/statements demo

# Everything that the service needs, Airflow too.
install: .venv/.airflow

# Airflow with a sample hospital on this machine, without Docker: prints the address and the password.
airflow: .venv/.airflow
	@.venv/bin/python scripts/airflow_standalone.py

test: .venv/.test check
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: .venv/.test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

# A test environment holds everything that the demo needs.
.venv/.demo: requirements.lock pyproject.toml scripts/bootstrap.sh scripts/debian-packages.txt
	@[ -e .venv/.test ] && [ .venv/.test -nt requirements-test.lock ] || scripts/bootstrap.sh demo
	@touch $@

.venv/.airflow: requirements-airflow.lock pyproject.toml scripts/bootstrap.sh scripts/debian-packages.txt
	@[ -e .venv/.test ] && [ .venv/.test -nt requirements-test.lock ] || scripts/bootstrap.sh airflow
	@touch $@

.venv/.test: requirements-test.lock pyproject.toml scripts/bootstrap.sh scripts/debian-packages.txt \
		tests/services/prism/package-lock.json
	@scripts/bootstrap.sh test
	@touch $@
