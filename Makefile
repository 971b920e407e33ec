# Every way to run, check and change the House. `make help` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run setup test test-emulators test-terraform check format bench deploy lock clean

BIN := .venv/bin
STAMP := .venv/installed

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1  /p' Makefile | awk '{printf "  %s %-14s", $$1, $$2; $$1=$$2=""; print $$0}'

run: setup ## start a node on http://127.0.0.1:8080 and play the demo on it
	$(BIN)/house up --demo --data ./.house

setup: $(STAMP) ## build .venv from requirements.lock

# Python 3.11 where there is one, else the machine's python3.
$(STAMP): requirements.lock pyproject.toml
	@python=$$(python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3); \
	$$python -c 'import sys; sys.exit("The House needs Python 3.11 or later." if sys.version_info < (3, 11) else 0)' && \
	echo "Building .venv with $$($$python --version), which takes a minute" && \
	$$python -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

test: setup ## run the tests
	$(BIN)/pytest

test-emulators: setup ## run the tests that need Google's emulators (gcloud and Java)
	$(BIN)/pytest -m emulator

test-terraform: setup ## check, plan and test the Terraform modules, with stand-ins for the clouds
	$(BIN)/pytest -m terraform

check: setup ## format, lint, types, layers, dead code, dependencies, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/pytest

format: setup ## format the code and sort its imports
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: setup ## run the benchmarks: a table, and .bench/results.jsonl
	$(BIN)/python -m tests.benchmarks

deploy: setup ## PROJECT=… REGION=…: package the functions and apply terraform/
	@test -n "$(PROJECT)" -a -n "$(REGION)" || { echo "usage: make deploy PROJECT=<project id> REGION=<region>"; exit 2; }
	$(BIN)/house package
	terraform/deploy "$(PROJECT)" "$(REGION)"

# Keeps the pins that still fit; `make lock UPGRADE=--upgrade` takes the newest.
lock: setup ## resolve pyproject.toml anew into requirements.lock
	UV_NO_CONFIG=1 $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE) --output-file requirements.lock pyproject.toml

clean: ## remove .venv, caches and build products; ./.house stays
	rm -rf .venv .bench build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find shared functions tests -name __pycache__ -type d -prune -exec rm -rf {} +
