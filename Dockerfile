# One image for web, worker and scheduler; see docker-compose.yml and docs/operations.md.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app
# The requirements alone, so that a change of code does not install them again (some 5 GB with torch).
COPY requirements.txt .
RUN pip install -r requirements.txt

COPY . .
RUN DEBUG=1 STATIC_COLLECTED=1 VAR_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && python -m compileall -q marketplace classifier \
    && useradd --uid 1000 --create-home forecourt \
    && install -d -o forecourt -g forecourt /var/lib/forecourt

USER forecourt
ENV DEBUG=0 VAR_DIR=/var/lib/forecourt BIND=0.0.0.0:8000
VOLUME /var/lib/forecourt
EXPOSE 8000
CMD ["gunicorn", "-c", "python:marketplace.operations.gunicorn", "marketplace.wsgi"]
