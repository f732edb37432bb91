# The two commands that matter are `make up` and `make test`; everything else is a shorthand.
PYTHON ?= python3
PORT ?= 8050
DATA ?= data
DEMO ?=

BIN := .venv/bin
UV := $(BIN)/uv --quiet --system-certs pip
TEST := $(BIN)/python -m pytest
QUICK := not slow and not server and not browser and not faults

.PHONY: up setup dev topics check test faults lock clean

up: setup  ## start everything at http://127.0.0.1:$(PORT)
	@exec $(BIN)/shenava up --data "$(DATA)" --port $(PORT) $(if $(DEMO),--demo)

setup: .venv/ready  ## install what the program needs

dev: .venv/ready-dev  ## install what its developers need as well

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Shenava needs Python 3.11 or newer; name one with PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ echo "This Python can't make virtual environments; on Debian install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/ready: .venv/bin/uv requirements.txt
	@echo "Installing Shenava (once)…"
	@$(UV) install -r requirements.txt
	@$(UV) install --no-deps -e .
	@$(BIN)/python -m compileall -q crm stream collectors enrich index responders dashboard shenava
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	@$(UV) install -r requirements-dev.txt
	@touch $@

topics: setup  ## install what finds topics, without PyTorch
	@$(UV) install -r requirements-topics.txt

check: dev  ## lint, types, layers and unit tests, under a minute
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(TEST) -q -n auto -m "$(QUICK)"

# Coverage is measured on what is quick: tracing slows servers and pages, which then keep each other waiting.
test: dev  ## everything but the long runs
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(TEST) -n auto -m "$(QUICK)" --cov --cov-report=term:skip-covered
	$(TEST) -n auto --dist loadgroup -m "not ($(QUICK)) and not faults" --ignore=tests/browser --ignore=tests/e2e
	$(TEST) -n auto --dist loadgroup -m "not faults" tests/browser tests/e2e
	$(TEST) -n auto --dist loadgroup -m "not faults" --records=postgresql tests/crm

# The platforms' bad weather mostly waits, so it blows beside the other runs.
faults: dev  ## the long fault runs: 200 kills (or SHENAVA_KILLS), engines away for a minute, damaged files, bad weather
	$(TEST) -q -m faults tests/faults/test_platforms.py & weather=$$!; \
	$(TEST) -m faults --ignore=tests/faults/test_platforms.py; others=$$?; wait $$weather && exit $$others

lock:  ## pin the newest versions that fit
	$(BIN)/uv --system-certs pip compile -q --universal --upgrade --no-emit-index-url --no-annotate --no-header \
		--generate-hashes pyproject.toml -o requirements.txt
	$(BIN)/uv --system-certs pip compile -q --universal --no-emit-index-url --no-annotate --no-header \
		--generate-hashes -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv --system-certs pip compile -q --universal --no-emit-index-url --no-annotate --no-header \
		--generate-hashes -c requirements-dev.txt --extra topics pyproject.toml -o requirements-topics.txt

clean:  ## forget the virtual environment and caches, never data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
