PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help setup demo serve test crash attack mutations mutants check bench docs schema screenshots lock clean

help:
	@echo "make demo    set up, import the example files, show the outcome, stop"
	@echo "make serve   set up, then API and worker on http://127.0.0.1:8000 until stopped"
	@echo "make setup   only the set-up: .venv with everything the others need"
	@echo "make test    the whole test suite: PROCESSES=3 [PYTEST_ARGS='-k voucher']"
	@echo "make crash   kills in full size, every fault point, every order of two at once, ORDERS=10000 of three,"
	@echo "             then a nemesis: SEED=1 KILLS=60 ROWS=60000 [FIGURES=file.json]"
	@echo "make fuzz    all examples of every property; then schemathesis over the OpenAPI document with all checks,"
	@echo "             as each role, by key, by token, by nothing: SEED=1 [SECONDS=300] for each of them [EXAMPLES=50] [ONLY=part-of-a-name]"
	@echo "make attack   one client attacks, a bystander looks how others fare; then the outages, and ten times as many"
	@echo "              hostile requests as make test sends; exit code 1 where a bound is broken:"
	@echo "              [ONLY=part-of-a-name] [SECONDS=30] [DOORS=300] [SEED=1] [FIGURES=file.json]"
	@echo "make mutations   safeguards taken out one by one; the test that holds each must fail"
	@echo "make mutants   the engine and the writes changed in one small place at a time; some test must fail:"
	@echo "               SEED=1 COUNT=100 [ONLY=part-of-a-name] [FIGURES=file.json]"
	@echo "make check   lint, types, layers, security"
	@echo "make bench   benchmarks, as ratios (QUICK=1: smaller sizes, ONLY=name: one row)"
	@echo "make docs    write the pages of docs/ that are made from the code"
	@echo "make schema   write db/schema.sql, the schema of today, from a database that was just migrated"
	@echo "make screenshots   take the pictures in docs/images of the running product"
	@echo "make lock    resolve requirements.lock anew from pyproject.toml"

setup: $(VENV)/.done

$(VENV)/bin/uv:
	@echo "Setting up $(VENV) (once)..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv 2>$(VENV)/pip.log || { cat $(VENV)/pip.log; exit 1; }

$(VENV)/.done: $(VENV)/bin/uv pyproject.toml requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

demo: setup
	@$(BIN)/tallykeep demo --examples examples

serve: setup
	@exec $(BIN)/tallykeep serve

test: setup $(VENV)/.chromium $(VENV)/.faketime $(VENV)/js/.done
	@$(BIN)/python -m compileall -q src tests  # many processes are started, also where none may write what it compiles
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses $(PROCESSES) $(PYTEST_ARGS)  # it keeps its own, too

# What drives the dashboard in tests/browser. Tried anew each time, where it could not be had.
$(VENV)/.chromium: $(VENV)/.done
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { [ "$$(id -u)" = 0 ] \
	  && command -v apt-get >/dev/null && echo "Installing chromium (once)..." \
	  && { apt-get update && apt-get install --yes --no-install-recommends chromium; } >$(VENV)/chromium.log 2>&1; }; \
	  then touch $@; else echo "chromium cannot be installed here: the dashboard will NOT be tried in a browser"; fi

# What sets the clocks in tests/crash/nemesis. Tried anew each time, where it could not be had.
$(VENV)/.faketime: $(VENV)/.done
	@if ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] \
	  && command -v apt-get >/dev/null && echo "Installing libfaketime (once)..." \
	  && { apt-get update && apt-get install --yes --no-install-recommends libfaketime; } >$(VENV)/faketime.log 2>&1; }; \
	  then touch $@; else echo "libfaketime cannot be installed here: clocks will NOT be among the nemesis's faults"; fi

# One more than two cores: now and then each of them waits, for a process that starts or an outage that has to last.
PROCESSES ?= 3
# The official JavaScript SDK, for tests/http/test_js_sdk.py. Tried anew each time, where it could not be had.
$(VENV)/js/.done: $(VENV)/.done tests/http/js/package-lock.json
	@mkdir -p $(VENV)/js && cp tests/http/js/package.json tests/http/js/package-lock.json $(VENV)/js
	@if command -v npm >/dev/null && npm --prefix $(VENV)/js ci --ignore-scripts --no-audit --no-fund >$(VENV)/js/npm.log 2>&1; \
	  then touch $@; else echo "the JavaScript SDK cannot be installed here: it will NOT be tried"; fi

SEED   ?= 1
KILLS  ?= 60
ROWS   ?= 60000
ORDERS ?= 10000
COUNT  ?= 100

crash: setup $(VENV)/.faketime
	@FULL=1 $(BIN)/python -m pytest -q tests/crash
	@SEED=$(SEED) EVERY_FAULT=1 $(BIN)/python -m pytest -q tests/faults
	@SEED=$(SEED) EVERY_ORDER=1 ORDERS=$(ORDERS) $(BIN)/python -m pytest -q --numprocesses 2 --dist load tests/interleavings
	@$(BIN)/python -m tests.crash.nemesis --seed $(SEED) --kills $(KILLS) --rows $(ROWS) $(if $(FIGURES),--json $(FIGURES))

fuzz: setup
	@code=0; $(if $(ONLY),,FULL=1 $(BIN)/python -m pytest -q -m hypothesis --numprocesses 2 tests/unit tests/db tests/dashboard || code=1;) \
	  $(BIN)/python -m tests.fuzz --seed $(SEED) --examples $(or $(EXAMPLES),50) --seconds $(or $(SECONDS),300) $(if $(ONLY),--only "$(ONLY)") \
	  || code=1; exit $$code

attack: setup
	@$(BIN)/python -m tests.attack --seconds $(or $(SECONDS),30) --doors $(or $(DOORS),300) --seed $(SEED) $(if $(ONLY),--only "$(ONLY)") $(if $(FIGURES),--figures $(FIGURES)); \
	  code=$$?; $(if $(ONLY),,if [ -d tests/outages ]; then $(BIN)/python -m pytest -q tests/outages || code=1; fi; \
	  FUZZ_ROUNDS=10 $(BIN)/python -m pytest -q --timeout 1800 tests/http/test_fuzz.py || code=1;) exit $$code

mutations: setup
	@FULL=1 $(BIN)/python -m tests.mutations $(ONLY)

mutants: setup
	@FULL=1 $(BIN)/python -m tests.mutants --seed $(SEED) --count $(COUNT) $(if $(ONLY),--only $(ONLY)) $(if $(FIGURES),--json $(FIGURES))

check: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src checks
	@$(BIN)/python -m checks.secrets_in_tree
	@$(BIN)/python -m checks.known_weaknesses

bench: setup $(VENV)/alternatives/.done
	@$(BIN)/python -m benchmarks.run $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

# What the benchmarks measure against. Where something cannot be installed, its rows of the table say so.
$(VENV)/alternatives/.done: $(VENV)/bin/uv benchmarks/alternatives.lock
	@command -v pgloader >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && { apt-get update && apt-get install --yes --no-install-recommends pgloader; } >$(VENV)/pgloader.log 2>&1; } \
	  || echo "pgloader cannot be installed here"
	@if $(PYTHON) -m venv $(VENV)/alternatives && $(BIN)/uv pip install --quiet --python $(VENV)/alternatives/bin/python \
	  --require-hashes --requirement benchmarks/alternatives.lock; then touch $@; else rm -rf $(VENV)/alternatives; fi

docs: setup
	@$(BIN)/python -m docs.write

schema: setup
	@$(BIN)/python -m docs.schema

screenshots: setup $(VENV)/.chromium
	@$(BIN)/python -m tests.browser.screenshots

lock: $(VENV)/bin/uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 --group dev --output-file requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 --group pyproject.toml:alternatives --output-file benchmarks/alternatives.lock

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
