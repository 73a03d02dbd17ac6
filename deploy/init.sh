#!/bin/sh
# Prepares the first run: Airflow's tables, the pools, an operator's account, a connection with the print vendor's host
# key, and a sample hospital. Safe to run again.
set -eu
airflow db migrate
airflow pools import "${POOLS:-/opt/statements/deploy/pools.json}"
airflow users create --username admin --password "$AIRFLOW_ADMIN_PASSWORD" --role Admin \
    --firstname Billing --lastname Office --email admin@hospital.example

connections=$(mktemp --suffix .json)
python - > "$connections" <<'PY'
import base64, hashlib, json, os, pathlib
host_key = pathlib.Path(os.environ.get("SFTP_HOST_KEY", "/run/sftp-keys/host_key.pub"))
digest = hashlib.sha256(base64.b64decode(host_key.read_text().split()[1])).digest()
pin = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
url = f"sftp://hospital@sftp:2222/home/hospital/incoming?host_key={pin}"
print(json.dumps({"statements_print": {"conn_type": "generic", "password": url}}))
PY
airflow connections import --overwrite "$connections"
rm "$connections"

python - <<'PY'
import datetime, os, sqlalchemy
from statement_builder.source import make_sample
url = os.environ["SAMPLE_HOSPITAL_URL"]
engine = sqlalchemy.create_engine(url)
if not sqlalchemy.inspect(engine).has_table("guarantor"):
    make_sample(url, guarantors=2000, as_of=datetime.date.today())
PY
