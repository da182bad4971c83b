# `make demo` and `make test` need CPython 3.11+ with pip, and nothing else: each installs what it
# uses into .venv, once, and again when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
BENCH_VENV := .bench-venv
COMPAT_VENV := .compat-venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses=4

.DEFAULT_GOAL := check
.NOTPARALLEL:
.PHONY: demo test test-all lint types imports check coverage-page bench compat clean

demo: $(VENV)/.examples
	@$(BIN)/python examples/notebook.py

test: $(VENV)/.dev
	@$(PYTEST)

test-all: $(VENV)/.dev
	@$(PYTEST) -m "slow or not slow" --hypothesis-profile=thorough

lint: $(VENV)/.dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/.dev
	@$(BIN)/python -m mypy

imports: $(VENV)/.dev
	@$(BIN)/lint-imports

check: lint types imports demo test

coverage-page: $(VENV)/.dev
	@$(BIN)/python -m tools.coverage_page
	@$(BIN)/python -m tools.tensorflow_page

bench: $(BENCH_VENV)/.bench
	@$(BENCH_VENV)/bin/python -m benchmarks

# What TensorFlow answers to every case, written to compat/answers and compared with ours.
compat: $(COMPAT_VENV)/.compat
	@$(COMPAT_VENV)/bin/python -m compat

clean:
	@rm -rf $(VENV) $(BENCH_VENV) $(COMPAT_VENV) build dist output
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call install,DIRECTORY,EXTRA). A Python without ensurepip lends the new environment its own pip.
define install
	@echo "Installing the extra '$(2)' into $(1), once ..."
	@test -x $(1)/bin/pip || $(PYTHON) -m venv $(1) > /dev/null 2>&1 \
	    || { $(PYTHON) -m venv --without-pip $(1) \
	        && $(PYTHON) -m pip --python $(1)/bin/python install --quiet pip; }
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$(2)]'
endef

$(VENV)/.examples: pyproject.toml
	$(call install,$(VENV),examples)
	@touch $@

$(VENV)/.dev: pyproject.toml
	$(call install,$(VENV),dev)
	@touch $(VENV)/.examples $@

$(BENCH_VENV)/.bench: pyproject.toml
	$(call install,$(BENCH_VENV),bench)
	@touch $@

$(COMPAT_VENV)/.compat: pyproject.toml
	$(call install,$(COMPAT_VENV),compat)
	@touch $@
