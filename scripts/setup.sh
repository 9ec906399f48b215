#!/bin/sh
# Creates the virtual environment and installs the pinned requirements, unless that is done already.
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
    # 3.11 and 3.12 first: for them the requirements include a Redis.
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

# The installation depends only on these files and the interpreter.
wanted=$(cat requirements*.txt "$VENV/pyvenv.cfg" | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
echo "Installing $requirements (the first time this takes a few minutes) …"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" &
pip=$!
trap 'kill "$pip" 2>/dev/null; exit 130' INT TERM HUP
seconds=0
while kill -0 "$pip" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    if [ $((seconds % 20)) = 0 ]; then
        echo "  $seconds s: $(du -sm "$VENV" | cut -f1) MB so far, some 6,000 in the end"
    fi
done
trap - INT TERM HUP
wait "$pip"
echo "$wanted" >"$stamp"
# The development requirements include the others, so that `make run` after `make test` installs
# nothing.
if [ "$requirements" = requirements-dev.txt ]; then
    echo "$wanted" >"$VENV/.installed-requirements"
fi
