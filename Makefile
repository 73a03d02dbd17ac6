SHELL := /bin/sh
export PYTHONDONTWRITEBYTECODE :=
PYTEST_ARGS ?=
SIMULATE_ARGS ?=
BOOTSTRAP := scripts/bootstrap.sh scripts/debian-packages.txt pyproject.toml
NPM_LOCKS := tests/services/prism/package-lock.json tests/web/npm/package-lock.json

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs wheel bench simulate airflow install clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: .venv/.demo ## Run one billing cycle of a sample hospital on this machine
	@.venv/bin/statements demo

test: .venv/.test check ## Run the checks and every test
	@.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10 $(PYTEST_ARGS)

check: .venv/.test ## Run the linters, the type checker and the import rules
	@.venv/bin/ruff check --quiet . && .venv/bin/ruff format --quiet --check . && echo "ruff: clean"
	@.venv/bin/mypy
	@report=$$(.venv/bin/lint-imports --no-logo) || { echo "$$report"; exit 1; }; echo "$$report" | grep '^Contracts:'

format: .venv/.test ## Format the code and sort its imports
	@.venv/bin/ruff check --quiet --fix . && .venv/bin/ruff format .

docs: .venv/.test ## Build the documentation site into build/site
	@.venv/bin/python -m scripts.write_reference
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet && echo "Open build/site/index.html"

wheel: .venv/.demo ## Build the wheel and the source distribution into build/dist
	@.venv/bin/hatchling build --directory build/dist

bench: .venv/.demo ## Measure rendering and a whole batch on this machine
	@.venv/bin/statements bench --documents 3700 --stages

simulate: .venv/.test ## Simulate a year of mail, and judge every piece of it
	@.venv/bin/python -m tests.simulation $(SIMULATE_ARGS)

airflow: .venv/.airflow ## Start Airflow with a sample hospital, without Docker
	@.venv/bin/python scripts/airflow_standalone.py

install: .venv/.airflow ## Install the service and Airflow into .venv

clean: ## Remove what the other targets made, the demo's mail included
	@rm -rf .venv .statements .airflow build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# A test environment holds everything that the demo and Airflow need.
.venv/.demo: requirements.lock $(BOOTSTRAP)
	@[ -e .venv/.test ] && [ .venv/.test -nt requirements-test.lock ] || scripts/bootstrap.sh demo
	@touch $@

.venv/.airflow: requirements-airflow.lock $(BOOTSTRAP)
	@[ -e .venv/.test ] && [ .venv/.test -nt requirements-test.lock ] || scripts/bootstrap.sh airflow
	@touch $@

.venv/.test: requirements-test.lock $(BOOTSTRAP) $(NPM_LOCKS)
	@scripts/bootstrap.sh test
	@touch $@
