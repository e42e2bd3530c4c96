# The front door: `make help` lists what it opens.
# Every target first builds .venv from pyproject.toml and the pinned, hashed constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := build/bench-venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test chaos year check format docs bench bench-scale lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "medsafe-harvest needs Python 3.11 or newer; say which with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "No venv module: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## Run the whole pipeline offline, against the bundled servers
	$(BIN)/medsafe-harvest demo

test: $(READY) ## Run the test suite
	$(BIN)/python -m pytest -n auto --dist loadfile

chaos: $(READY) ## Harvest from failing servers, killed at random (CHAOS_RUNS, CHAOS_SEED)
	$(BIN)/python -m tests.chaos

year: $(READY) ## Harvest night by night for a year, with outages (YEAR_NIGHTS; needs the real data)
	$(BIN)/python -m tests.chaos.year

check: $(READY) ## Format, lint, types, architecture, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

format: $(READY) ## Format the code and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

docs: $(READY) ## Write the reference pages that are made from the code
	$(BIN)/python docs/generate.py

bench: $(READY) $(PEERS) ## Run all benchmarks, beside the peers (they get a venv of their own)
	$(BIN)/python -m bench
	$(MAKE) bench-scale

bench-scale: $(READY) $(PEERS) ## Match 1.25 million real records, beside a peer; a night; a cluster
	$(BIN)/python -m bench.scale
	$(BIN)/python -m bench.incremental --equal
	$(BIN)/python -m bench.spark

# Without the network the benchmarks run all the same, and say which peer is missing.
$(PEERS): pyproject.toml
	$(PYTHON) -m venv $(@D)
	if $(@D)/bin/python -m pip install --quiet --disable-pip-version-check '.[bench]'; \
	  then touch $@; else echo "The peers cannot be installed now."; fi

lock: $(READY) ## Pin the newest allowed versions in constraints.txt
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-emit-package medsafe-harvest \
	  --python-version 3.11 --extra dev --upgrade --output-file constraints.txt pyproject.toml

clean: ## Remove everything that can be built again (never data/raw)
	rm -rf $(VENV) build dist data/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
