# Two commands are enough: `make demo` and `make test`. Both make what they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PORT   ?= 8080

.PHONY: demo test lint format clean help

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

demo: $(VENV)/base ## a believable site with visitors, models and recommendations
	$(BIN)/fingerpost demo --port $(PORT)

test: $(VENV)/test ## all tests, two files at a time
	$(BIN)/pytest --numprocesses 2 --dist loadfile

lint: $(VENV)/test ## style, types and import direction
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/test ## mend the style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## forget the environment and the demo
	rm -rf $(VENV) .demo

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Fingerpost needs Python 3.11 or newer; say which one with: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/base: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Fingerpost and what it needs into $(VENV) (some 2 GB; a few minutes the first time)"
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/test: $(VENV)/base
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@
