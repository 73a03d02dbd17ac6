#!/bin/sh
# Makes this checkout runnable: Debian packages (through apt where it may), then Python packages into .venv.
#   scripts/bootstrap.sh demo    what the service needs
#   scripts/bootstrap.sh airflow that, and Airflow
#   scripts/bootstrap.sh test    that, Airflow, and what the tests need
# Says in one line what is missing where it may not install it.
set -eu
cd "$(dirname "$0")/.."
what=$1
case $what in
    demo) wanted="demo"; lock=requirements.lock ;;
    airflow) wanted="demo"; lock=requirements-airflow.lock ;;
    test) wanted="demo test"; lock=requirements-test.lock ;;
    *) echo "usage: scripts/bootstrap.sh demo|airflow|test" >&2; exit 2 ;;
esac

find_python() { # the system's own first: it is built for speed, which many others are not, and is a tenth faster here
    for candidate in ${PYTHON:-} /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"; return
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 is needed and was not found; name it with PYTHON=/path/to/python3.x" >&2
    exit 1
}

is_there() { # a pattern of one file, either absolute or below the library folders
    case $1 in
        /*) for path in $1; do [ -e "$path" ] && return 0; done ;;
        *) for path in /usr/lib/${1#\*/} /usr/lib/$1 /lib/$1 /usr/local/lib/${1#\*/}; do [ -e "$path" ] && return 0; done ;;
    esac
    return 1
}

missing_packages() {
    while read -r who package proof; do
        case " $wanted " in
            *" $who "*) is_there "$proof" || printf '%s ' "$package" ;;
        esac
    done < scripts/debian-packages.txt
    # Debian splits venv off Python itself; only Debian's own interpreter needs its package.
    "$python" -c 'import ensurepip' 2>/dev/null || printf '%s ' "python3-venv"
}

python=$(find_python)
missing=$(missing_packages)
if [ -n "$missing" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v apt-get >/dev/null && command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "Missing system packages; install them and try again: sudo apt-get install $missing" >&2
        exit 1
    fi
    echo "Installing Debian packages: $missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # one word a package
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    missing=$(missing_packages)
    [ -z "$missing" ] || { echo "apt-get installed these, yet their files are not found: $missing" >&2; exit 1; }
fi

echo "Installing Python packages into .venv from $lock"
[ -x .venv/bin/python ] || "$python" -m venv .venv
# The lock is complete, so nothing is resolved here: exactly these files, or an error.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock"
.venv/bin/python -m pip check --disable-pip-version-check >/dev/null
# pip check cannot see that a Celery of another minor version lacks what Airflow's provider imports.
[ "$what" = demo ] || .venv/bin/python -c "import airflow.providers.celery.executors.celery_executor_utils" 2>/dev/null
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
if [ "$what" = test ]; then
    echo "Installing what only npm has into tests/services/prism from its lock"
    npm ci --prefix tests/services/prism --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
fi
