# One image for every program in docker-compose.yml and deploy/kubernetes: Airflow, the service and its DAGs.
# hadolint global ignore=DL3008
FROM python:3.11.14-slim-bookworm AS build
# DL3008 is ignored: Debian keeps no old package versions to pin; the tag of the base image fixes the Debian release.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/statements
COPY requirements-airflow.lock pyproject.toml ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --no-deps -r requirements-airflow.lock
COPY README.md ./
COPY LICENSE ./
COPY NOTICE ./
COPY statements.sample.toml ./
COPY mail_house ./mail_house
COPY pdf_kit ./pdf_kit
COPY security_kit ./security_kit
COPY statement_builder ./statement_builder
COPY templates ./templates
COPY sql ./sql
COPY dags ./dags
COPY deploy/pools.json ./deploy/pools.json
# The image runs the wheel that a hospital would install. Without bytecode every task takes ten seconds to import
# Airflow instead of three.
RUN /opt/venv/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/dist . \
    && /opt/venv/bin/pip install --no-deps /tmp/dist/*.whl \
    && rm -r mail_house pdf_kit security_kit statement_builder templates sql \
    && /opt/venv/bin/python -m compileall -q -j 2 /opt/venv/lib /opt/statements

FROM python:3.11.14-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0 libfontconfig1 fonts-ocr-a fonts-noto-core fonts-droid-fallback fonts-nanum dumb-init \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --create-home --home-dir /var/lib/statements statements
WORKDIR /var/lib/statements
# Mount points: a new volume takes the owner of the folder that it covers.
RUN install -d -o statements -g statements -m 700 airflow airflow/logs inbox layouts outbox
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/statements /opt/statements
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/statements/dags \
    AIRFLOW_HOME=/var/lib/statements/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/statements/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/statements/dags/common/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    STATEMENTS_HOME=/var/lib/statements \
    STATEMENTS_CONFIG=/opt/statements/statements.sample.toml
# Owned by root, so that no program in the container can change it; the mode does not depend on the checkout.
COPY --chmod=755 deploy/entrypoint.sh /entrypoint
USER 50000
ENTRYPOINT ["dumb-init", "--", "/entrypoint"]
CMD ["version"]
