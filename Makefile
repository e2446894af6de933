# `make` lists what there is. Everything works from a fresh clone: what needs .venv makes it first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo serve seed test test-postgres test-sqlite conformance check format bench soak lock clean

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
READY := .venv/.ready
PY := .venv/bin/python
BIN := .venv/bin
WORKERS ?= 2
PYTEST := $(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(READY): requirements/dev.txt pyproject.toml tools/setup.py
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) tools/setup.py --stamp $@

setup: $(READY) ## native libraries, .venv, locked requirements (the other targets do this themselves)

demo: $(READY) ## the whole story on real data into var/demo (DATASET=file.csv LABEL=column SENSITIVE=a,b)
	@env -u DATABASE_URL -u BROKER_URL MODELWARRANT_HOME=var/demo/home $(PY) manage.py demo \
		$(if $(DATASET),--dataset "$(DATASET)") $(if $(LABEL),--label "$(LABEL)") \
		$(if $(SENSITIVE),--sensitive "$(SENSITIVE)")

serve: $(READY) ## the portal on what `make demo` left, with a printed sign-in per role
	@env -u DATABASE_URL -u BROKER_URL MODELWARRANT_HOME=var/demo/home $(PY) manage.py serve

test: test-postgres test-sqlite ## what depends on the database on PostgreSQL, then the whole suite on SQLite

test-postgres: $(READY)
	MODELWARRANT_TEST_DB=postgres $(PYTEST) -m "database and not browser and not sqlite and not once"

test-sqlite: $(READY)
	MODELWARRANT_TEST_DB=sqlite $(PYTEST)

CONFORMANCE := var/conformance/venv
INTO := --quiet --require-hashes --python $(CONFORMANCE)/bin/python
LOCKS := -r requirements/warehouse.txt -r requirements/conformance.txt

$(CONFORMANCE)/.ready: requirements/warehouse.txt requirements/conformance.txt | $(READY)
	@echo "conformance: installing the locked requirements into $(CONFORMANCE)"
	@rm -rf $(CONFORMANCE)
	@$(PYTHON) -m venv --without-pip $(CONFORMANCE)
	@$(BIN)/uv pip install --no-build-isolation-package pyspark $(INTO) $(LOCKS) || \
		$(PYTHON) -m pip --disable-pip-version-check --python $(CONFORMANCE)/bin/python install --quiet --require-hashes $(LOCKS)
	@touch $@

# conftest.py of all tests starts Django, which this environment hasn't
conformance: $(CONFORMANCE)/.ready ## what DuckDB, PostgreSQL and PySpark count, against the file kernel
	$(CONFORMANCE)/bin/python -m pytest --quiet --disable-warnings -p no:cacheprovider --confcutdir tests/conformance tests/conformance

# As strict as the strictest place it will run in; nothing is connected to.
DEPLOYED := env DEBUG= DATABASE_URL=postgresql://modelwarrant@db.invalid/modelwarrant BROKER_URL=redis://broker.invalid/0 \
	ALLOWED_HOSTS=modelwarrant.example SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')

check: $(READY) ## lint, format, types, import contracts, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(PY) manage.py makemigrations --check --dry-run
	$(DEPLOYED) $(PY) manage.py check --deploy --fail-level WARNING

format: $(READY) ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

SEED ?= 1
SEEDED := $(if $(filter full,$(SIZE)),--models 10000 --versions 50000 --decisions 500000,--models 100 --versions 500 --decisions 5000)

seed: $(READY) ## models, versions and decisions through the services into DATABASE_URL (SIZE=full for 10,000/50,000/500,000)
	@[ -n "$$DATABASE_URL" ] || { echo "Say where: DATABASE_URL=postgresql://.../ of an empty database."; exit 1; }
	$(PY) manage.py migrate --verbosity 0
	$(PY) manage.py seed $(SEEDED) --seed $(SEED)

bench: $(READY) ## measure against the plain alternative, into var/bench/<name>.json (ONLY=name, SIZE=4 for larger pages)
	SIZE=$(SIZE) $(PY) -m benchmarks $(ONLY)

soak: $(READY) ## long fault and load campaigns, bounded (SECONDS_EACH=60)
	SOAK_SECONDS=$(or $(SECONDS_EACH),60) $(PY) -m pytest tests/soak tests/modelwarrant/test_fuzz.py tests/registry/test_uploads.py tests/monitoring/test_desks.py
	MODELWARRANT_TEST_DB=postgres SOAK_SECONDS=$(or $(SECONDS_EACH),60) $(PY) -m pytest tests/soak

# --default-index: the lock names the public registry's hashes, whatever this machine's own configuration says
LOCKED := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-config \
	--default-index https://pypi.org/simple

lock: $(READY) ## compile requirements/*.in into hashed locks (UPGRADE=1 for newer versions)
	cd requirements && for part in runtime dev warehouse conformance; do \
		env -u UV_FIND_LINKS ../$(LOCKED) $(if $(UPGRADE),--upgrade) $$part.in --output-file $$part.txt; done

clean: ## remove caches and the environment; the rest of var/ stays
	rm -rf .venv var/bytecode .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis staticfiles *.egg-info
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
