# Smallcap Watch. `make build` and `make test` need nothing but make and a Python of 3.11 to 3.13 with venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCE ?=
INBOX ?=
SUPERSET_VENV := .venv-superset
SPARK_VENV := .venv-spark
PORT ?= 8088
CAMPAIGN ?=
SEED ?=
CASES ?=
BUILD_OPTIONS := $(if $(SOURCE),--source $(SOURCE)) $(if $(INBOX),--inbox $(INBOX))

.PHONY: help build test check ui bench docs lock clean superset spark test-spark soak internet

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 16
	@echo "  make build SOURCE=files INBOX=path    build from your own files"
	@echo "  make build SOURCE=live                build from public services (docs/live.md)"

# An environment anew: folder, the first Python that is too new, lock, what is said. A shim that answers to a name but
# cannot run is passed over, so every candidate is asked for its version.
define new_environment
@python=""; \
for candidate in $${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do \
  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, $(2)))' 2>/dev/null; then \
    python="$$candidate"; break; fi; \
done; \
if [ -z "$$python" ]; then \
  echo "No Python from 3.11 to before 3.$(2) with venv found. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
  exit 1; fi; \
echo "Installing $(4)into $(1) with $$($$python --version)"; \
rm -rf $(1); \
"$$python" -m venv $(1); \
if command -v uv >/dev/null 2>&1; then \
  VIRTUAL_ENV=$(CURDIR)/$(1) uv pip install --quiet --compile-bytecode --require-hashes --no-deps -r $(3); \
else \
  $(1)/bin/python -m pip install --quiet --require-hashes --no-deps -r $(3); \
fi
endef

# Made again whenever the lock or the package's declaration changes.
$(INSTALLED): requirements.lock pyproject.toml
	$(call new_environment,$(VENV),14,requirements.lock,)
	@if command -v uv >/dev/null 2>&1; then \
	  VIRTUAL_ENV=$(CURDIR)/$(VENV) uv pip install --quiet --no-deps --no-build-isolation -e .; \
	else \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; \
	fi; \
	$(BIN)/python -m compileall -q dagster_project; \
	touch $@

build: $(INSTALLED) ## install, build the warehouse, publish it, print the brief
	@$(BIN)/smallcap build $(BUILD_OPTIONS)

test: $(INSTALLED) ## all tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --durations=60 --durations-min=3

check: $(INSTALLED) ## linters, types, SQL, import rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m dagster_project.dbt_rules
	cd dbt && ../$(BIN)/sqlfluff lint --nocolor models tests macros --processes 2

ui: $(INSTALLED) ## the Dagster UI on the instance that knows every build
	@$(BIN)/smallcap ui $(BUILD_OPTIONS)

bench: $(INSTALLED) ## speed and memory as ratios within one run, into docs/benchmarks.md [BENCH="build members"]
	@$(BIN)/python -m tests.bench $(BENCH)

# Superset wants libraries of its own age: an environment apart, of 3.11 or 3.12.
$(SUPERSET_VENV)/.installed: superset/requirements.txt
	$(call new_environment,$(SUPERSET_VENV),13,superset/requirements.txt,Superset )
	@touch $@

superset: $(INSTALLED) $(SUPERSET_VENV)/.installed ## optional: Superset on the published build (PORT=8088), docs/superset.md
	@$(SUPERSET_VENV)/bin/python superset/bootstrap.py --port $(PORT) \
	  --data-dir "$$($(BIN)/python -c 'from dagster_project.settings import load_settings; print(load_settings().data_dir)')"

# dbt-spark and pyspark: an environment apart. The machine needs Java 17 or 21 besides.
$(SPARK_VENV)/.installed: spark/requirements.txt
	@if ! java -version >/dev/null 2>&1 && [ -z "$${JAVA_HOME:-}" ]; then \
	  echo "No Java found, which Spark needs. Install a Java 17 or 21, or name it in JAVA_HOME." >&2; exit 1; fi
	$(call new_environment,$(SPARK_VENV),14,spark/requirements.txt,Spark )
	@touch $@

spark: $(INSTALLED) $(SPARK_VENV)/.installed ## optional: the SQL models on Spark, checked and published (docs/scale.md)
	@folder="$$($(BIN)/smallcap spark inputs $(if $(SOURCE),--source $(SOURCE)))"; \
	$(SPARK_VENV)/bin/python spark/run.py --inputs "$$folder/inputs" --results "$$folder/results"; \
	$(BIN)/smallcap spark load $(if $(SOURCE),--source $(SOURCE)); \
	$(BIN)/smallcap publish $(if $(SOURCE),--source $(SOURCE))

test-spark: $(INSTALLED) $(SPARK_VENV)/.installed ## Spark against DuckDB on spoiled rows, report in docs/spark_parity.md
	@nice $(BIN)/python -m tests.spark --spark-python $(SPARK_VENV)/bin/python

# The campaigns are the modules of tests/soak.
soak: $(INSTALLED) $(if $(filter superset,$(or $(CAMPAIGN),superset)),$(SUPERSET_VENV)/.installed) $(if $(filter spark,$(or $(CAMPAIGN),spark)),$(SPARK_VENV)/.installed) ## long campaigns, reports in docs/ (CAMPAIGN=name SEED=n CASES=n)
	@nice $(BIN)/python -m tests.soak $(CAMPAIGN) $(if $(SEED),--seed $(SEED)) $(if $(CASES),--cases $(CASES))

internet: $(INSTALLED) ## all public services on this machine, simulated: try a live build without a network
	@$(BIN)/smallcap-internet

docs: $(INSTALLED) ## write the generated documents again
	@$(BIN)/python -m dagster_project.docs

lock: ## resolve requirements.lock and that of Spark anew (needs uv)
	uv pip compile --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	  --extra dev --extra postgres pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url \
	  --no-emit-find-links spark/requirements.in -o spark/requirements.txt

clean: ## remove what can be made again; data/archive and data/inbox stay
	rm -rf $(VENV) $(SUPERSET_VENV) $(SPARK_VENV) data/spark data/warehouse data/builds data/published data/dbt_target data/dagster_home data/logs data/soak data/yfinance
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find dagster_project tests -name __pycache__ -type d -prune -exec rm -rf {} +
