# Two commands do everything: `make run` (the bank assistant, ready to talk to) and `make test` (all checks).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SDK := .venv-rasa-sdk

.PHONY: run test check format clean

run: $(VENV)/.run
	@$(BIN)/bot run --demo $(ARGS)

test: $(VENV)/.test $(SDK)/.done check
	$(BIN)/bot test --at-least 90
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bot validate

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# One stamp file per purpose, so that the second start downloads nothing.
$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Teller needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { echo "Creating a virtual environment in $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing Teller and what it needs (once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-test.txt
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -r requirements-test.txt
	@touch $@

# Rasa's SDK pins its own dependencies, so the action server tests run it from a separate environment.
$(SDK)/.done:
	@echo "Installing rasa-sdk for the tests of action servers (once) ..."
	@if $(PYTHON) -m venv $(SDK) && $(SDK)/bin/python -m pip install -q --disable-pip-version-check 'rasa-sdk>=3.6'; \
		then touch $@; else echo "rasa-sdk could not be installed; its tests will be skipped"; fi

clean:
	rm -rf $(VENV) $(SDK) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
