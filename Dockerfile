# One image for every program of docker-compose.yml and of deploy/kubernetes: Airflow, the service and its DAGs.
# hadolint global ignore=DL3008
FROM python:3.11.14-slim-bookworm AS build
# DL3008 is ignored: Debian keeps no old version of a package to pin; the base image's tag says which Debian it is.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/statements
COPY requirements-airflow.lock pyproject.toml ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --no-deps -r requirements-airflow.lock
COPY mail_house ./mail_house
COPY pdf_kit ./pdf_kit
COPY statement_builder ./statement_builder
COPY templates ./templates
COPY sql ./sql
COPY dags ./dags
COPY deploy/pools.json ./deploy/pools.json
COPY statements.sample.toml ./
# Without bytecode every task takes ten seconds to import Airflow instead of three.
RUN /opt/venv/bin/pip install --no-deps --no-build-isolation --editable . \
    && /opt/venv/bin/python -m compileall -q -j 2 /opt/venv/lib /opt/statements

FROM python:3.11.14-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0 libfontconfig1 fonts-ocr-a dumb-init \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --create-home --home-dir /var/lib/statements statements
WORKDIR /var/lib/statements
# What volumes go over: a new one takes the owner that it finds here.
RUN install -d -o statements -g statements -m 700 airflow airflow/logs inbox layouts outbox
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/statements /opt/statements
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/statements:/opt/statements/dags \
    AIRFLOW_HOME=/var/lib/statements/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/statements/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    STATEMENTS_HOME=/var/lib/statements \
    STATEMENTS_CONFIG=/opt/statements/statements.sample.toml
# Root's, so that no program of the container changes it; the mode does not depend on how the files were checked out.
COPY --chmod=755 deploy/entrypoint.sh /entrypoint
USER 50000
ENTRYPOINT ["dumb-init", "--", "/entrypoint"]
CMD ["version"]
