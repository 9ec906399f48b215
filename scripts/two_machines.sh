#!/usr/bin/env bash
# A site on two machines that share nothing but PostgreSQL, Redis and an S3-compatible store, played on one: web and
# worker run as different users in folders that the other cannot read. A car is sold on the one, recognised on the
# other, moderated; an operator orders a training on the one, which the other does, and lets the new version serve; a
# third machine fetches it. Different users
# only where root starts it, and if they may run this Python.
# usage: scripts/two_machines.sh     needs CAR_PHOTOS, DATABASE_URL of a PostgreSQL server, REDIS_URL, requirements-dev
# Takes some minutes, of which converting the networks is most: ENGINE_CACHE names a folder that has them already.
# Prints what was seen, and ends with 0 if all was.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${CAR_PHOTOS:?names no folder of photos}" "${DATABASE_URL:?names no PostgreSQL server}" "${REDIS_URL:?names no Redis}"

python=$PWD/.venv/bin/python
here=$(mktemp -d /tmp/two-machines.XXXXXX)
database=forecourt_two_$$
server=${DATABASE_URL%/*}
tidy=("rm -rf '$here'")
finish() {
    status=$?
    [ "$status" = 0 ] || tail -n 20 "$here"/*.log
    for ((i = ${#tidy[@]} - 1; i >= 0; i--)); do eval "${tidy[i]}" || true; done
    exit "$status"
}
trap finish EXIT
say() { printf '== %s (%d s)\n' "$*" "$SECONDS"; }
free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

store=$(free_port) web=$(free_port)
psql -w -q "$server/postgres" -c "CREATE DATABASE $database"
tidy+=("psql -w -q '$server/postgres' -c 'DROP DATABASE $database WITH (FORCE)'")

# What the machines share, and nothing more.
export DATABASE_URL=$server/$database REDIS_URL SECRET_KEY
SECRET_KEY=$("$python" -c 'import secrets; print(secrets.token_urlsafe(50))')
export AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=eu-west-1
export STORE_URL="s3://cars/site?endpoint=http://127.0.0.1:$store"
export DEBUG=0 ALLOWED_HOSTS=127.0.0.1 COOKIES_SECURE=0 STATIC_COLLECTED=0 LOG_JSON=0 LOG_LEVEL=WARNING
export ACCOUNT_EMAIL_VERIFICATION=optional EMAIL_BACKEND=django.core.mail.backends.dummy.EmailBackend
export PYTHONDONTWRITEBYTECODE=1 BIND=127.0.0.1:$web

chmod 755 "$here"
apart() { setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }
trial='import subprocess, sys, django; subprocess.run([sys.executable, "-c", "import django"], check=True)'
if [ "$(id -u)" = 0 ] && apart 64001 "$python" -c "$trial" 2>/dev/null; then users=1; else users=0; fi
[ "$users" = 1 ] || echo "The machines run as one user: not root, or other users cannot run this Python."
mkdir -m 777 "$here/manifest"
on() { # on MACHINE COMMAND…: as the machine's user, in its own folder, which no other user may read
    local machine=$1 user
    shift
    case $machine in web) user=64001 ;; worker) user=64002 ;; *) user=64003 ;; esac
    if [ ! -d "$here/$machine" ]; then
        mkdir "$here/$machine"
        [ -z "${ENGINE_CACHE:-}" ] || cp -r "$ENGINE_CACHE" "$here/$machine/engine-cache"
        [ "$users" = 0 ] || chown -R "$user" "$here/$machine"
    fi
    chmod 700 "$here/$machine"
    local as=(env "HOME=$here/$machine" "VAR_DIR=$here/$machine")
    [ "$users" = 0 ] || as+=(setpriv "--reuid=$user" "--regid=$user" --clear-groups)
    "${become[@]}" "${as[@]}" "$@"
}
become=()
start() { # start NAME MACHINE COMMAND…: in the background, with a log
    local name=$1
    shift
    (become=(exec) && on "$@") >"$here/$name.log" 2>&1 & # exec: what is ended below is the program itself
    echo $! >"$here/$name.pid"
    tidy+=("kill $! 2>/dev/null; wait $! 2>/dev/null")
}
story() { on web "$python" scripts/two_machines_story.py "$@"; }

say "a store on port $store"
.venv/bin/moto_server -p "$store" >"$here/store.log" 2>&1 &
tidy+=("kill $! 2>/dev/null")
for _ in {1..100}; do (exec 3<>"/dev/tcp/127.0.0.1/$store") 2>/dev/null && break; sleep 0.2; done
"$python" -c "import boto3; boto3.client('s3', endpoint_url='http://127.0.0.1:$store').create_bucket(
    Bucket='cars', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})"

say "the web machine"
on web "$python" manage.py migrate --verbosity 0
on web "$python" manage.py setup_site --without-engine
start web web "$python" -m gunicorn -c python:marketplace.operations.gunicorn marketplace.wsgi
say "the worker machine"
start worker worker "$python" manage.py run_worker recognise look-again mail celery

story sell "http://127.0.0.1:$web"
on worker mkdir -p "$here/worker/manifests"
on worker cp "$(story manifest)" "$here/worker/manifests/lot.csv"
start trainer worker "$python" manage.py run_worker train
version=$(story order | tee /dev/stderr | tail -n 1)
say "ordered on the web machine, trained on the worker machine: $version"
[ ! -e "$here/web/artefacts/$version" ] || { echo "The web machine has it already." >&2; exit 1; }
story promote "$version"

say "a third machine, which was not there when it was trained"
start third third "$python" manage.py run_worker recognise look-again mail celery
kill "$(cat "$here/worker.pid")"
story serves "http://127.0.0.1:$web" "$version"
say "passed"
