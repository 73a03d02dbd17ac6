#!/bin/sh
# Writes the lock files from pyproject.toml: every package pinned, with hashes, for Python 3.11 to 3.13.
# Needs uv. Run it when a dependency in pyproject.toml changes; commit what it writes.
set -eu
cd "$(dirname "$0")/.."
lock() { # output file, then the extras
    out=$1; shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate "$@" pyproject.toml -o "$out"
}
lock requirements.lock --extra build
lock requirements-airflow.lock --extra build --extra airflow
lock requirements-test.lock --extra build --extra airflow --extra test --extra docs
