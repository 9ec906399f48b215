# make run            set up and serve http://127.0.0.1:8000   (PORT=…, VAR_DIR=… for another site beside it)
# make test           set up and run the whole suite           (ARGS="tests/api -x" for a part of it, JOBS=0 for one process)
# make test-slow      the tests that need minutes
# make test-cuda      the tests that need an NVIDIA GPU
# make measure-upload PHOTOS=folder   how long a seller waits for five photos
# make lint           ruff, mypy, import-linter, djlint
# make setup          only the virtual environment; PYTHON=… chooses the interpreter (3.11 or later)
# make setup-dev      the same with what tests and linters need

VENV := .venv
PORT ?= 8000
PYTHON ?=
ARGS ?=
JOBS ?= 2

.PHONY: setup setup-dev run test test-slow test-cuda lint measure-upload

setup:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh requirements.txt

setup-dev:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh requirements-dev.txt

run: setup
	@exec $(VENV)/bin/python manage.py run_site --port $(PORT)

test: setup-dev
	@OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m "not slow" -n $(JOBS) --dist loadfile $(ARGS)

test-slow: setup-dev
	@$(VENV)/bin/python -m pytest -m slow --timeout=3600 $(ARGS)

test-cuda: setup-dev
	@FORECOURT_TEST_CUDA=1 $(VENV)/bin/python -m pytest -m cuda --timeout=3600 $(ARGS)

lint: setup-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy marketplace classifier
	$(VENV)/bin/lint-imports
	$(VENV)/bin/djlint templates --lint --quiet
	$(VENV)/bin/djlint classifier/training/report/templates --extension=html.j2 --profile=jinja --lint --quiet

measure-upload: setup-dev
	@$(VENV)/bin/python scripts/measure_upload.py $(PHOTOS) --runs $(or $(RUNS),5)
