# Everything runs in .venv, which each target sets up when it is missing or out of date. Another
# version of Python has an environment beside it: make check PYTHON=python3.14 VENV=.venv-3.14

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

# One compiler cache and one ninja per environment: DeepSpeed rebuilds its C++ when either changes.
export TORCH_EXTENSIONS_DIR := $(CURDIR)/$(VENV)/torch_extensions
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONUNBUFFERED := 1
# Threads that wait for each other leave the processor to others meanwhile.
export OMP_WAIT_POLICY := PASSIVE
# Commands start twice as fast from compiled modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo docs lint test test-full check fix bench generate
.DEFAULT_GOAL := help

help:  ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make .venv, with pinned versions.

# pip installs PyTorch, with the index and the links that it is configured with; uv installs the rest
# from the same places in a fifth of the time.
$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (once, about a minute) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile torch==2.13.0 uv==0.13.9
	@setting() { $(BIN)/pip config list | sed -n "s/^.*\.$$1='\(.*\)'$$/\1/p" | tail -n 1; }; \
	export UV_DEFAULT_INDEX="$$(setting index-url)" UV_INDEX="$$(setting extra-index-url)"; \
	export UV_FIND_LINKS="$$(setting find-links | tr ' ' ',')" UV_INDEX_STRATEGY=unsafe-best-match; \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m compileall -q arctic_training generated
	@touch $(READY)

demo: $(READY)  ## From a definition to a trained model that writes text.
	$(BIN)/python examples/demo.py

docs: $(READY)  ## The documentation as a site, in site/, with search and without a network.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

check: lint  ## Format, lint, types, drift of generated files.
	@echo "$(BIN)/mypy & $(BIN)/arctic-gen check"
	@$(BIN)/mypy & mypy=$$!; $(BIN)/arctic-gen check; checked=$$?; wait $$mypy && exit $$checked

# The package is type-checked while the tests run, and its errors are shown last: it takes one
# process minutes, and the tests leave gaps.
test: lint  ## Everything that CI runs.
	@echo "$(BIN)/mypy & $(BIN)/arctic-gen check && $(PYTEST)"
	@$(BIN)/mypy > $(VENV)/mypy.log 2>&1 & mypy=$$!; \
	$(BIN)/arctic-gen check && $(PYTEST); tested=$$?; \
	wait $$mypy || { cat $(VENV)/mypy.log; exit 1; }; exit $$tested

test-full: check  ## The same, with the whole of every table.
	$(PYTEST) -m "not gpu"

fix: $(READY)  ## Format, and mend what ruff can mend.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: $(READY)  ## Regenerate everything that is rendered from code or definitions.
	$(BIN)/python -m arctic_training.config.sections > $(VENV)/sections.json
	mv $(VENV)/sections.json schemas/sections.schema.json
	$(BIN)/python -m arctic_training.definition.slot_schema > $(VENV)/trainer.json
	mv $(VENV)/trainer.json schemas/trainer.schema.json
	$(BIN)/arctic-gen new-trainer $(filter-out %.recipe.yaml,$(wildcard schemas/trainers/*.yaml))
	$(BIN)/python docs/render.py

bench: $(READY)  ## Ratios against a plain loop, in one run.
	$(BIN)/python -m tests.benchmarks
