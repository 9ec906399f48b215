# make run            set up and serve http://127.0.0.1:8000   (PORT=…, VAR_DIR=… for another site beside it)
# make test           set up and run the whole suite           (ARGS="tests/api -x" for a part of it, JOBS=0 for one process)
# make test-fast      what says most in under two minutes: no browser, no running site, no training
# make test-database  what touches a database: for the second one, named by DATABASE_URL
# make test-slow      the tests that need minutes
# make test-cuda      the tests that need an NVIDIA GPU
# make measure-search  how long the search's pages take   (LISTINGS=100000 RUNS=40, DATABASE_URL=… for PostgreSQL)
# make measure-likeness  how well photos of the same model find each other
# make measure-upload PHOTOS=folder   how long a seller waits for five photos
# make attack         floods a site of its own with costly uploads; what a seller notices   (SECONDS=60)
# make lint           ruff, sizes, mypy, import-linter, djlint, mdformat
# make format         what lint can mend by itself: code and prose
# make messages       texts to translate into locale/, and what was translated, compiled (needs gettext)
# make setup          only the virtual environment; PYTHON=… chooses the interpreter (3.11 or later)
# make setup-dev      the same with what tests and linters need

VENV := .venv
PORT ?= 8000
PYTHON ?=
ARGS ?=
JOBS ?= 2
PROSE = $$(git ls-files '*.md' ':!docs/model-classes.md')
# The order of tests/conftest.py: long files first. xdist would start those with most tests first.
PYTEST = OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: setup setup-dev run test test-fast test-database test-slow test-cuda lint format messages measure-likeness measure-upload measure-search attack

setup:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh requirements.txt

setup-dev:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh requirements-dev.txt

run: setup
	@exec $(VENV)/bin/python manage.py run_site --port $(PORT)

test: setup-dev
	@$(PYTEST) -m "not slow" $(ARGS)

test-fast: setup-dev
	@$(PYTEST) -m "not slow and not long" $(ARGS)
	@echo "Left out: browsers, sites and trainings (make test), and what needs minutes (make test-slow)."

test-database: setup-dev
	@$(PYTEST) -m "database and not slow" $(ARGS)

test-slow: setup-dev
	@$(VENV)/bin/python -m pytest -m slow --timeout=3600 $(ARGS)

test-cuda: setup-dev
	@FORECOURT_TEST_CUDA=1 $(VENV)/bin/python -m pytest -m cuda --timeout=3600 $(ARGS)

lint: setup-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/python scripts/check_sizes.py
	$(VENV)/bin/mypy marketplace classifier
	$(VENV)/bin/lint-imports
	$(VENV)/bin/djlint templates --lint --quiet
	$(VENV)/bin/djlint classifier/training/report/templates --extension=html.j2 --profile=jinja --lint --quiet
	$(VENV)/bin/mdformat --check $(PROSE)

format: setup-dev
	$(VENV)/bin/ruff check --fix-only --quiet .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/mdformat $(PROSE)

messages: setup
	@$(VENV)/bin/python manage.py makemessages
	@$(VENV)/bin/python manage.py compilemessages --ignore .venv --verbosity 0

measure-upload: setup-dev
	@$(VENV)/bin/python scripts/measure_upload.py $(PHOTOS) --runs $(or $(RUNS),5)

measure-likeness: setup-dev
	@$(VENV)/bin/python scripts/measure_likeness.py $(if $(ARTEFACT),--artefact $(ARTEFACT))

measure-search: setup-dev
	@$(VENV)/bin/python scripts/measure_search.py --listings $(or $(LISTINGS),100000) --runs $(or $(RUNS),40)

attack: setup-dev
	@$(VENV)/bin/python scripts/attack_uploads.py --seconds $(or $(SECONDS),60)
