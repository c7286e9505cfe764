# Two commands: `make demo` shows Interlock, `make test` proves it. `make help` lists the others.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
export INTERLOCK_HOME ?= $(CURDIR)/var
# As with pip, certificates that the machine trusts count, an organisation's own among them.
export UV_SYSTEM_CERTS := 1
# Where a shell forbids it, each process that starts would compile Django anew: seconds, every time.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
UV := $(BIN)/uv pip
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --custom-compile-command 'make lock'
FRONTEND := $(shell find frontend -name node_modules -prune -o -type f -print)

.PHONY: help install demo demo-data wheel screenshots test lint unit postgresql browser-tests docs prove format lock clean browser
.DEFAULT_GOAL := help

help: ## list these targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 12

# --- to use it -------------------------------------------------------------------------------------

install: .venv/base ## make .venv with the locked dependencies; .venv/bin/interlock then works

demo: .venv/base ## fill two workspaces and serve them at http://HOST:PORT
	@exec $(BIN)/interlock demo --serve --host $(HOST) --port $(PORT)

demo-data: .venv/base ## fill the two workspaces without serving them
	@$(BIN)/interlock demo

wheel: .venv/base ## build the package into dist/, with all that it needs
	@$(BIN)/uv build --quiet --wheel --build-constraints requirements/build.txt --out-dir dist

# --- to work on it ---------------------------------------------------------------------------------

test: lint unit postgresql browser-tests docs ## everything that must hold before a change is merged

lint: .venv/dev ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/dev
	$(BIN)/pytest -n logical -m "not browser"

postgresql: .venv/dev
	$(BIN)/python -m tests.postgresql $(BIN)/pytest -n logical -m "not browser"

browser-tests: .venv/dev browser
	$(BIN)/pytest -n logical -m browser

docs: .venv/dev ## build the documentation into site/, without a warning
	$(BIN)/zensical build --clean --strict

prove: .venv/dev browser ## the promises at their full figures, on both databases, and the benchmarks: hours
	@echo "== promises on SQLite =="
	INTERLOCK_PROVE=1 $(BIN)/pytest -m "prove or figures" -rs --durations=20
	@echo "== promises on PostgreSQL =="
	INTERLOCK_PROVE=1 $(BIN)/python -m tests.postgresql $(BIN)/pytest -m "(prove or figures) and not browser" -rs --durations=20
	@echo "== benchmarks =="
	$(BIN)/python -m benchmarks
	@echo "== proved: docs/promises.md says what =="

screenshots: .venv/dev browser ## take the pictures of the README anew
	$(BIN)/python -m tests.screenshots

format: .venv/dev ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(BIN)/uv ## lock the newest dependencies that pyproject.toml allows
	$(LOCK) --upgrade pyproject.toml -o requirements/base.txt
	$(LOCK) --upgrade pyproject.toml --group dev -c requirements/base.txt -o requirements/dev.txt
	$(LOCK) --upgrade --group build -o requirements/build.txt
	$(LOCK) --upgrade --group uv -o requirements/uv.txt
	cd frontend && npm update --package-lock-only --ignore-scripts

clean: ## remove what was built; the data in var/ stays
	rm -rf .venv build dist site frontend/node_modules src/interlock/web/static/build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# --- what the above need ---------------------------------------------------------------------------

$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  "Interlock needs Python 3.11 or newer, and $(PYTHON) is not: name one, as in make PYTHON=python3.12." >&2; exit 1; }
	@mkdir -p .venv 2>/dev/null && test -w .venv || { echo \
	  "The folder $(CURDIR) is read-only: copy it to one that you may write to." >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo \
	  "Interlock is installed with pip, and $(PYTHON) has none: on Debian, apt-get install python3-pip." >&2; exit 1; }
	$(PYTHON) -m venv --clear --without-pip .venv
	$(PYTHON) -m pip --python .venv install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/base: $(BIN)/uv requirements/base.txt requirements/build.txt pyproject.toml hatch_build.py $(FRONTEND)
	$(UV) install --quiet --python .venv --require-hashes -r requirements/base.txt
	$(UV) install --quiet --python .venv --no-deps --build-constraints requirements/build.txt --editable .
	@touch $@

.venv/dev: .venv/base requirements/dev.txt
	$(UV) install --quiet --python .venv --require-hashes -r requirements/dev.txt
	@touch $@

browser: .venv/dev
	@if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; \
	else $(BIN)/playwright install chromium; fi
