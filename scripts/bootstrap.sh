#!/bin/sh
# Makes this checkout runnable: Debian packages (through apt where allowed), then Python packages into .venv.
#   scripts/bootstrap.sh demo     what the service needs
#   scripts/bootstrap.sh airflow  that, and Airflow
#   scripts/bootstrap.sh test     that, Airflow, and what the tests and the documentation site need
# Prints one line per step with its duration. Names missing system packages in one line if it may not install them.
set -eu
cd "$(dirname "$0")/.."
profile=$1
case $profile in
    demo) scopes="demo"; lock=requirements.lock ;;
    airflow) scopes="demo"; lock=requirements-airflow.lock ;;
    test) scopes="demo test"; lock=requirements-test.lock ;;
    *) echo "usage: scripts/bootstrap.sh demo|airflow|test" >&2; exit 2 ;;
esac

find_python() { # Debian's own interpreter first: its optimized build runs the service a tenth faster than many others
    for candidate in ${PYTHON:-} /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"; return
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 was not found. Name it with PYTHON=/path/to/python3.x" >&2
    exit 1
}

file_exists() { # a pattern for one file: absolute, or relative to the library folders
    case $1 in
        /*) for path in $1; do [ -e "$path" ] && return 0; done ;;
        *) for path in /usr/lib/${1#\*/} /usr/lib/$1 /lib/$1 /usr/local/lib/${1#\*/}; do [ -e "$path" ] && return 0; done ;;
    esac
    return 1
}

missing_packages() {
    while read -r scope package proof; do
        case " $scopes " in
            *" $scope "*) file_exists "$proof" || printf '%s ' "$package" ;;
        esac
    done < scripts/debian-packages.txt
    # Debian ships venv apart from Python itself; only Debian's interpreter needs that package.
    "$python" -c 'import ensurepip' 2>/dev/null || printf '%s ' "python3-venv"
}

step() { # description, then the command; its output is shown only if it fails
    description=$1; shift
    started=$(date +%s)
    printf '%s ... ' "$description"
    if "$@" >"$step_log" 2>&1; then
        echo "done ($(($(date +%s) - started)) s)"
    else
        echo "failed"; cat "$step_log" >&2; exit 1
    fi
}

step_log=$(mktemp)
trap 'rm -f "$step_log"' EXIT
python=$(find_python)
missing=$(missing_packages)
if [ -n "$missing" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v apt-get >/dev/null && command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "System packages are missing. Install them and try again: sudo apt-get install $missing" >&2
        exit 1
    fi
    # shellcheck disable=SC2086  # one word per package
    step "Debian packages: $missing" sh -c "$as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing"
    missing=$(missing_packages)
    [ -z "$missing" ] || { echo "apt-get installed these packages, but their files are missing: $missing" >&2; exit 1; }
fi

[ -x .venv/bin/python ] || step "Virtual environment .venv" "$python" -m venv .venv
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }
# The lock is complete: pip resolves nothing and installs exactly these files, or fails.
step "Python packages from $lock" pip install --require-hashes --no-deps -r "$lock"
step "Consistency check" pip check
# pip check cannot see that another minor version of Celery lacks a name that Airflow's provider imports.
[ "$profile" = demo ] ||
    step "Celery provider" .venv/bin/python -c "import airflow.providers.celery.executors.celery_executor_utils"
step "This project, editable" pip install --no-deps --no-build-isolation --editable .
if [ "$profile" = test ]; then
    for folder in tests/services/prism tests/web/npm; do
        step "npm packages of $folder" \
            npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error
    done
fi
