# Everything goes through a virtual environment in .venv. A stamp file remembers what is installed, so that only
# the first call, or a change of pyproject.toml or constraints.txt, takes the minutes of an installation.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# No test and no run on the miniature may wait for a model hub.
OFFLINE := HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TOKENIZERS_PARALLELISM=false
# Runs and tests start many processes. Where Python is told to keep no compiled modules (as in many containers), each
# of them would compile PyTorch and its like anew, which takes more than half of what importing them does.
export PYTHONDONTWRITEBYTECODE :=

LIMIT ?= 12
OUT ?= runs/first
ARGS ?=
# Processes that tests run in, each file of tests in one of them; TESTERS=0 runs them in pytest itself, for a debugger.
TESTERS ?= 2

.PHONY: help run test lint format check bench clean

help: ## list the commands
	@echo "make <command> [PYTHON=python3.12] [ARGS=\"further arguments\"]"
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)$$/  \1	\2/' | expand -t 12

run: $(VENV)/.installed ## complete a small data set with the miniature: no GPU, no key, no download of models
	@$(OFFLINE) $(BIN)/python -m agent.run --dataset mmimdb --lmm mini --limit $(LIMIT) --out $(OUT) $(ARGS)

test: $(VENV)/.installed-dev ## run the tests: no GPU, no key, no network
	@$(OFFLINE) $(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile $(ARGS)

lint: $(VENV)/.installed-dev ## check style, types and which package may import which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev ## put the code into its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

check: lint test ## what continuous integration runs

bench: $(VENV)/.installed-dev ## measure what the README claims, into bench/results; BENCH=bench/<one>.py for one
	@for script in $(or $(BENCH),$(wildcard bench/[a-z]*.py)); do echo "== $$script"; $(OFFLINE) $(BIN)/python "$$script" $(ARGS); done

clean: ## remove caches and build outputs; keeps .venv and runs
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is older or absent. Name one: make run PYTHON=python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV): about 6 GB, a few minutes, only once ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the development tools ..."
	@$(PIP) --editable ".[dev]"
	@touch $@
