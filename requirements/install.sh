#!/bin/sh
# Makes .venv and fills it with exactly what a lock names: install.sh LOCK
# Needs Python 3.11 or newer (PYTHON=… chooses one) and nothing else.
set -eu
cd "$(dirname "$0")/.."
lock=$1

new_enough() {
    "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
        if [ "$candidate" = "${PYTHON:-}" ]; then
            echo "PYTHON=$PYTHON is not a Python of version 3.11 or newer" >&2
            exit 1
        fi
    done
    echo "Python 3.11 or newer is needed; if it has another name, set PYTHON=…" >&2
    exit 1
}

# An environment that was moved, or whose Python went away, is made again.
if [ "$(cat .venv/.place 2>/dev/null)" != "$PWD" ] || ! new_enough .venv/bin/python; then
    python=$(find_python)
    rm -rf .venv
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv .venv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip .venv
    else
        echo "$python has no pip: install it (Debian: apt install python3-venv)" >&2
        exit 1
    fi
    echo "$PWD" >.venv/.place
fi

# What is in the environment already came from a lock, which names no pip.
pip=.venv/bin/python
"$pip" -m pip --version >/dev/null 2>&1 || pip=$(find_python)

# uv lives beside what it manages: it removes whatever the lock does not name.
if ! cmp -s requirements/bootstrap.lock .venv/uv/bootstrap.lock; then
    rm -rf .venv/uv
    "$pip" -m pip install --quiet --disable-pip-version-check --no-deps \
        --require-hashes --only-binary :all: --target .venv/uv -r requirements/bootstrap.lock
    cp requirements/bootstrap.lock .venv/uv/bootstrap.lock
fi

# Whoever has told pip about a mirror or a certificate has told us.
index=${PIP_INDEX_URL:-$("$pip" -m pip config get global.index-url 2>/dev/null || :)}
if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    export UV_DEFAULT_INDEX="$index"
fi
if [ -n "${PIP_CERT:-}" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
    export SSL_CERT_FILE="$PIP_CERT"
fi
export UV_NO_PROGRESS=1
uv=.venv/uv/bin/uv
# Bytecode now, in parallel, rather than at the first start, which has to be quick.
"$uv" pip sync --quiet --require-hashes --compile-bytecode --python .venv/bin/python "$lock"
"$uv" pip install --quiet --no-deps --no-build-isolation --python .venv/bin/python --editable .
