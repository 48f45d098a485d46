# Two commands for everybody: `make demo` and `make test`. Each sets up what it needs, once.
# `make check` is for those who change the code; `make help` lists the rest.

VENV := .venv
PY := $(VENV)/bin/python
ORACLE := .oracle
S3 := .s3
PEERS := .peers
NODE := .node
PROJECTS := pyproject.toml packages/orrery-pipes/pyproject.toml packages/orrery-dagster/pyproject.toml
SCORE := ../shared/tools/api_score.py

PYTEST_FLAGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Compiled modules are kept whatever the machine's habit: a process that compiles Orrery again starts three times as slowly.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup oracle s3 node peers demo test check format bench bench-peers reliability soak api-score clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## make .venv with everything that the demo and the tests need

$(VENV)/.installed: $(PROJECTS) constraints.txt
	@echo "Setting up $(VENV) (a minute or two, once)"
	@tools/make-venv $(VENV)
	@tools/install $(VENV) constraints.txt -e '.[dev]' -e packages/orrery-pipes -e packages/orrery-dagster
	@$(PY) -m compileall -q src packages
	@touch $@

oracle: $(ORACLE)/.installed ## make .oracle, the reference implementation that behaviour is compared with

$(ORACLE)/.installed: constraints-oracle.txt
	@echo "Setting up $(ORACLE) (a minute or two, once)"
	@tools/make-venv $(ORACLE)
	@tools/install $(ORACLE) constraints-oracle.txt dagster dagster-pipes polars pandas pyarrow psycopg2-binary
	@tools/install $(ORACLE) constraints-oracle.txt --no-deps dagster-postgres # the newest; it names the release before as its own
	@touch $@

$(ORACLE)/.dask: $(ORACLE)/.installed
	@tools/install $(ORACLE) constraints-oracle.txt distributed
	@tools/install $(ORACLE) constraints-oracle.txt --no-deps dagster-dask # as above
	@touch $@

s3: $(S3)/.installed ## make .s3, a real S3 server that tests speak to over HTTP

$(S3)/.installed: constraints-s3.txt
	@echo "Setting up $(S3) (a minute, once)"
	@tools/make-venv $(S3)
	@tools/install $(S3) constraints-s3.txt 'moto[server,s3]' boto3
	@touch $@

node: $(NODE)/.installed ## make .node, where npm is: the compiler of the client for Node, and a server that speaks Azure's store

$(NODE)/.installed: constraints-node.txt
	@tools/install-node $(NODE) constraints-node.txt

peers: $(PEERS)/.installed ## make .peers, the tools that the reuse of values is measured beside

$(PEERS)/.installed: constraints-peers.txt
	@echo "Setting up $(PEERS) (some minutes, once)"
	@tools/make-venv $(PEERS)
	@tools/install $(PEERS) constraints-peers.txt doit luigi sf-hamilton redun snakemake blake3
	@touch $@

demo: setup ## run the main job on real data: a year of flights
	@cd examples/flights && $(CURDIR)/$(VENV)/bin/orrery materialize '*' --reuse

test: setup oracle s3 node ## pass all tests; reasons of skipped ones are printed at the end
	@$(PY) -m compileall -q src packages
	@tools/test $(PYTEST_FLAGS)

check: setup ## lint, format, types, and the rule of imports
	@tools/check

format: setup ## put the code into its form
	@$(VENV)/bin/ruff check -q --fix . ; $(VENV)/bin/ruff format -q .

bench: setup oracle ## measure, beside the reference implementation
	@$(PY) -m benchmarks

bench-peers: setup oracle peers ## measure a graph in which nothing changed beside doit, Luigi, Hamilton, redun, Snakemake
	@$(PY) -m benchmarks.against_peers

reliability: setup oracle $(ORACLE)/.dask ## measure what is left after faults, beside the reference implementation (some minutes)
	@$(PY) -m benchmarks.reliability --write

soak: setup ## kill runs at random for ten minutes, and see that all holds
	@$(PY) -m benchmarks.soak

api-score: setup ## compare the public API with the inventory of the reference
	@if [ -f $(SCORE) ]; then \
		$(PY) $(SCORE) --target dagster --pipes dagster_pipes --missing $(or $(MISSING),0); \
	else \
		echo "api-score skipped: the inventory of the reference API lies beside the repository, at $(SCORE), and is absent."; \
	fi

clean: ## remove the environments and all caches
	rm -rf $(VENV) $(ORACLE) $(S3) $(NODE) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks
