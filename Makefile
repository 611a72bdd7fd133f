# `make demo` shows the platform; `make test` checks it. Each sets up what it needs first (scripts/setup).
SHELL := /bin/bash
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
ON_SERVER := $(BIN)/python -m distillation.tests.on_server
# What never touches a database is not run again.
NO_DATABASE := $(addprefix --ignore=distillation/tests/,engine datasets contract browser)
SMOKE := $(addprefix distillation/tests/,models lifecycle services api/test_task_lists.py api/test_external_reports.py \
	api/test_query_counts.py jobs/test_ingest.py jobs/test_wishes.py management/test_samples.py admin/test_login.py)
.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-slow test-all test-mysql test-postgres test-gpu test-schema drill screenshots \
	lint format doctor clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

setup: ## Make .venv with everything (the others do this by themselves)
	@scripts/setup

demo: setup ## Train a teacher, distil it into a small model, show the gain, keep serving (DEMO_EXIT=1: end there; TASK=detection)
	@exec $(BIN)/python manage.py demo $(if $(TASK),--task $(TASK)) $(ARGS)

run: setup ## Serve web and worker without the demo (ARGS="--host 0.0.0.0" for other machines)
	@exec $(BIN)/python manage.py serve --migrate $(ARGS)

test: setup ## Quick tests, at most 10 minutes, nothing else needs to run
	@exec $(PYTEST) -n 2 --dist loadscope

test-slow: setup ## What `make test` leaves out: real processes, kills, MariaDB, browser
	@exec $(PYTEST) -n 2 --dist loadscope -m "slow or mysql or browser"

test-all: test test-slow test-gpu ## Every test

test-mysql: setup ## Quick tests on MariaDB or MySQL (TEST_MYSQL_URL, else the local server, else one of their own)
	@exec $(ON_SERVER) mysql -n 2 --dist loadscope $(NO_DATABASE)

test-postgres: setup ## A selection on PostgreSQL (TEST_POSTGRES_URL, else the local server, else one of their own)
	@exec $(ON_SERVER) postgres -n 2 --dist loadscope $(SMOKE)

test-gpu: setup ## Tests on CUDA; says loudly where there is no GPU, and passes
	@exec $(BIN)/python -m distillation.tests.on_gpu

drill: setup ## kill -9 at 20 random moments of every kind of run (ARGS="detection text --kills 50 --seed 7")
	@exec $(BIN)/python -m distillation.tests.engine.kills.drill $(ARGS)

test-schema: setup ## Schemathesis against the API's schema, as every role (ARGS="--max-time 600 --seed 8": longer)
	@SCHEMATHESIS_ARGS='$(ARGS)' exec $(PYTEST) -m slow distillation/tests/schemathesis

screenshots: setup ## Pictures of every page in both languages, into var/screenshots (ARGS="--only task")
	@exec $(BIN)/python -m distillation.tests.browser.screenshots $(ARGS)

lint: setup ## Style, types, layers, migrations, API schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

format: setup ## Put imports and layout in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

doctor: setup ## Check this installation: what was found, why, what to do
	@exec $(BIN)/python manage.py doctor

clean: ## Remove caches (not .venv, not var/)
	rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache build
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
