# One image for web, workers and scheduler; see docker-compose.yml and docs/operations.md.
#   docker build --target cpu .     for machines without a GPU (the default of compose)
#   docker build --target cuda .    for workers with an NVIDIA GPU and its container toolkit
# Both hold the same packages: the pinned torch brings CUDA's libraries along. They differ in what a worker runs on.

# -- everything that is installed, with what building it takes --------------------------------------------------------
FROM python:3.11-slim-trixie AS packages

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
# The requirements alone, so that a change of code does not install them again (some 5 GB with torch).
COPY requirements.txt ./
RUN python -m venv /opt/venv && /opt/venv/bin/pip install -r requirements.txt

# -- the program, ready to run -----------------------------------------------------------------------------------------
FROM python:3.11-slim-trixie AS program

# For `manage.py backup` and `restore`, as new as the server in docker-compose.yml. The release that an image is built
# from decides on the exact version.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home forecourt \
    && install -d -o forecourt -g forecourt /var/lib/forecourt

COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY . .
RUN DEBUG=1 STATIC_COLLECTED=1 VAR_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && python -m compileall -q marketplace classifier

# It writes into VAR_DIR and /tmp alone: the rest of its file system may be read-only.
USER 1000:1000
ENV DEBUG=0 VAR_DIR=/var/lib/forecourt BIND=0.0.0.0:8000 HOME=/tmp
VOLUME /var/lib/forecourt
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s CMD ["python", "-m", "marketplace.operations.probe"]
CMD ["gunicorn", "-c", "python:marketplace.operations.gunicorn", "marketplace.wsgi"]

FROM program AS cuda
ENV RECOGNISER_ENGINE=torch RECOGNISER_DEVICE=cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM program AS cpu
ENV RECOGNISER_ENGINE=openvino RECOGNISER_DEVICE=cpu
