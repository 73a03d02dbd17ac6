#!/bin/sh
# Prepares the first run: Airflow's tables, the pools, the logins of an administrator and an operator, a connection with
# the print vendor's host key, the ledger, and a sample hospital. Upgrades the ledger of an older release. Safe to run
# again.
set -eu
airflow db migrate
airflow pools import "${POOLS:-/opt/statements/deploy/pools.json}"
airflow users create --username admin --password "$AIRFLOW_ADMIN_PASSWORD" --role Admin \
    --firstname Billing --lastname Administrator --email admin@hospital.example
if [ -n "${AIRFLOW_OPERATOR_PASSWORD-}" ]; then  # triggers, approves and clears; changes no connection and no user
    airflow users create --username operator --password "$AIRFLOW_OPERATOR_PASSWORD" --role User \
        --firstname Billing --lastname Office --email operator@hospital.example
    airflow roles add-perms User --resource "HITL Detail" --action menu_access  # the page Required Actions
fi

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

# The S3 server may still be starting. Without this connection, the first task creates the ledger.
tries=0
until [ -z "${AIRFLOW_CONN_STATEMENTS_LEDGER-}" ] || python -m common.upgrade_ledger; do
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || exit 1
    sleep 3
done

python - <<'PY'
import datetime, os, sqlalchemy
from statement_builder.source import make_sample
url = os.environ["SAMPLE_HOSPITAL_URL"]
engine = sqlalchemy.create_engine(url)
if not sqlalchemy.inspect(engine).has_table("guarantor"):
    make_sample(url, guarantors=2000, as_of=datetime.date.today())
PY
