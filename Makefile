# `make help` says what there is. Everything runs in .venv; what Debian has and PyPI has not goes to .tools.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.tools/usr/bin:$(PATH)

PYTHON := $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
CONFIG ?= exporter/sesam-slo.yml
SESAM_SLO := .venv/bin/sesam-slo --config $(CONFIG)

.PHONY: help run demo test lint format bench generate clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/runtime ## the exporter with CONFIG (default: the shipped one), on http://127.0.0.1:9808/
	$(SESAM_SLO) run

demo: .venv/dev .tools/ready ## watch an outage being found, paged and logged, within two minutes
	.venv/bin/python tests/e2e/demo.py

test: .venv/dev .tools/ready ## all tests, with a real Prometheus and Alertmanager
	.venv/bin/python -m pytest -n auto --dist loadfile

lint: .venv/dev ## style, types, direction of imports
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/dev ## lays the code out
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

generate: .venv/runtime ## prometheus/, alertmanager/ and grafana/ anew from CONFIG, docs/contract.md from the tests
	$(SESAM_SLO) generate --out .
	.venv/bin/python tests/contract.py

bench: .venv/dev .tools/blackbox ## the measurements of benchmarks/RESULTS.md, about half an hour
	.venv/bin/python benchmarks/probe_cpu.py
	.venv/bin/python benchmarks/probe_lag.py
	.venv/bin/python benchmarks/exporter_lag.py
	.venv/bin/python benchmarks/replay.py
	.venv/bin/python benchmarks/account.py
	.venv/bin/python benchmarks/cases.py
	.venv/bin/python benchmarks/dashboards.py

clean: ## what was installed and built; not the ledger
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed and was not found" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "make: $(PYTHON) cannot make an environment; on Debian and Ubuntu: apt-get install $$(basename $(PYTHON))-venv" >&2; exit 1; }
	@touch $@

.venv/runtime: .venv/python pyproject.toml
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: .venv/python pyproject.toml
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/runtime

.tools/ready: tests/prerequisites
	tests/prerequisites prometheus prometheus-alertmanager chromium
	@mkdir -p .tools && touch $@

.tools/blackbox: tests/prerequisites .tools/ready
	tests/prerequisites prometheus-blackbox-exporter
	@touch $@
