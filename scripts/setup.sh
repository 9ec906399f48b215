#!/bin/sh
# Makes the virtual environment and installs the pinned requirements; does nothing when that was done already.
# usage: PYTHON=… VENV=.venv sh scripts/setup.sh requirements.txt
set -eu

requirements=$1
stamp="$VENV/.installed-$(basename "$requirements" .txt)"

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

choose() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || { echo "PYTHON=$PYTHON is not Python 3.11 or later." >&2; exit 1; }
        echo "$PYTHON"
        return
    fi
    # 3.11 and 3.12 first: for them a Redis comes with the requirements.
    for python in python3.12 python3.11 python3 python3.13 python3.14 python; do
        if fits "$python"; then
            echo "$python"
            return
        fi
    done
    echo "No Python 3.11 or later was found. Install one, or name it: make setup PYTHON=/path/to/python3" >&2
    exit 1
}

if ! fits "$VENV/bin/python"; then
    python=$(choose)
    echo "Making $VENV with $("$python" --version) …"
    if ! "$python" -m venv --clear "$VENV"; then
        echo "$python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi

# What is installed follows from these files and the interpreter alone.
wanted=$(cat requirements*.txt "$VENV/pyvenv.cfg" | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
echo "Installing $requirements (the first time this takes a few minutes) …"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
echo "$wanted" >"$stamp"
# Those for development hold the others, too: after `make test`, `make run` has nothing left to install.
if [ "$requirements" = requirements-dev.txt ]; then
    echo "$wanted" >"$VENV/.installed-requirements"
fi
