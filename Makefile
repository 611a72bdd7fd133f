# `make demo` shows the platform; `make test` checks it. Each sets up what it needs first (scripts/setup).
SHELL := /bin/bash
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-all lint format doctor clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: ## Make .venv with everything (the others do this by themselves)
	@scripts/setup

demo: setup ## Train a teacher, distil it into a small model, show the gain, keep serving (DEMO_EXIT=1: end there)
	@exec $(BIN)/python manage.py demo

run: setup ## Serve web and worker without the demo (ARGS="--host 0.0.0.0" for other machines)
	@exec $(BIN)/python manage.py serve --migrate $(ARGS)

test: setup ## Quick tests, at most 10 minutes, nothing else needs to run
	@exec $(PYTEST) -n 2 --dist loadscope

test-all: setup ## Every test: real processes, kills, MariaDB, browser
	@exec $(PYTEST) -n 2 --dist loadscope -m "slow or not slow"

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
