#!/bin/sh
# The image's /entrypoint. docker-compose.yml passes Airflow's subcommands (`scheduler`). The Helm chart passes whole
# command lines (`bash -c "exec airflow scheduler"`), and its probes call this file by its path.
set -eu
case "${1-}" in
    airflow | bash | python | sh) exec "$@" ;;
    *) exec airflow "$@" ;;
esac
