#!/bin/sh
# The image's /entrypoint. docker-compose.yml gives Airflow's commands alone (`scheduler`); the Helm chart gives whole
# command lines (`bash -c "exec airflow scheduler"`), and its probes call this file by its path.
set -eu
case "${1-}" in
    airflow | bash | python | sh) exec "$@" ;;
    *) exec airflow "$@" ;;
esac
