#!/bin/sh
# What has to be there before the first run, made once: Airflow's tables, the pools, the operator, the print vendor's
# host key in a connection, a certificate for the mail catcher, and a sample hospital. Does nothing where they are.
set -eu
airflow db migrate
airflow pools import "${POOLS:-/opt/statements/deploy/pools.json}"
airflow users create --username admin --password "$AIRFLOW_ADMIN_PASSWORD" --role Admin \
    --firstname Billing --lastname Office --email admin@hospital.example

pin=$(python - <<'PY'
import base64, hashlib, pathlib
key = pathlib.Path("/run/sftp-keys/host_key.pub").read_text().split()[1]
print("SHA256:" + base64.b64encode(hashlib.sha256(base64.b64decode(key)).digest()).decode().rstrip("="))
PY
)
if airflow connections get statements_print >/dev/null 2>&1; then
    airflow connections delete statements_print >/dev/null
fi
airflow connections add statements_print --conn-type generic \
    --conn-password "sftp://hospital@sftp:2222/home/hospital/incoming?host_key=$pin"

python - <<'PY'
import datetime, os, sqlalchemy
from statement_builder.source import make_sample
url = os.environ["SAMPLE_HOSPITAL_URL"]
engine = sqlalchemy.create_engine(url)
if not sqlalchemy.inspect(engine).has_table("guarantor"):
    make_sample(url, guarantors=2000, as_of=datetime.date.today())
PY
