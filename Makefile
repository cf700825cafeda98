# Everything goes through .venv, which `requirements/install.sh` fills from hashed locks.
# All names are relative: the checkout may lie in a path with spaces.

PACKAGES := ai api cli core models pipeline services transcoders workers
PYTHON_CLIENT := $(addprefix clients/python/,brand_automator_client examples generate.py)
PROCESSES ?= auto
BIN := .venv/bin
export PYTHON

# Scripts in an environment name the place where it was made.
MOVED := $(shell [ "$$(cat .venv/.place 2>/dev/null)" = "$$PWD" ] || rm -f .venv/.run .venv/.test)

.PHONY: help install run demo test test-all check format bench lock kong clients clean
.DEFAULT_GOAL := help

help:
	@echo 'make run       install and start everything; Ctrl-C stops it'
	@echo 'make test      install what tests need and run all but the long ones'
	@echo 'make demo      push one real clip through and show the results'
	@echo 'make install   what both do first; leaves .venv/bin/automator'
	@echo 'make check     formatting, lint, strict types, import contracts'
	@echo 'make test-all  every test; under 50 minutes'
	@echo 'make bench     the measurements of docs/benchmarks.md'
	@echo 'make lock      resolve the dependencies again'
	@echo 'make kong      render the sample of the gateway again'
	@echo "make clients   write the API's document and the clients again"

install: .venv/.run

.venv/.run: requirements/install.sh requirements/bootstrap.lock requirements/run.lock pyproject.toml
	@sh requirements/install.sh requirements/$$([ -e .venv/.test ] && echo test || echo run).lock
	@touch $@

.venv/.test: .venv/.run requirements/test.lock
	@sh requirements/install.sh requirements/test.lock
	@touch $@

# What plays and checks packages in tests, and what makes and checks the TypeScript client. Where npm
# is missing, those tests skip and say so.
NODES := tests/playback/node_modules/.package-lock.json \
	clients/typescript/node_modules/.package-lock.json

$(NODES): %/node_modules/.package-lock.json: %/package-lock.json
	@if command -v npm >/dev/null; then cd $* \
		&& npm ci --silent --no-audit --no-fund --ignore-scripts; fi || [ -z "$$CI" ]

run: install
	@exec $(BIN)/automator up $(ARGS)

demo: install
	@exec $(BIN)/automator process docs/demo/clip.mp4 --out demo $(ARGS)

# Tests start Python some hundred times, and it need not compile everything anew each time.
test test-all: export PYTHONDONTWRITEBYTECODE :=

test: .venv/.test $(NODES)
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder \
		-m 'not long' $(ARGS)

test-all: .venv/.test $(NODES)
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist load $(ARGS)

check: .venv/.test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy $(PACKAGES) tests benchmarks $(PYTHON_CLIENT)
	@$(BIN)/lint-imports --no-cache

format: .venv/.test
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

bench: .venv/.test
	@$(BIN)/python -m benchmarks $(ARGS)

COMPILE := .venv/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--python-version 3.11 --custom-compile-command 'make lock'

# A checkout runs everything; an image, only its part: pyproject.toml.
EVERYTHING := --extra worker --extra embedded

lock: .venv/.run
	@$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.lock
	@$(COMPILE) pyproject.toml $(EVERYTHING) -o requirements/run.lock
	@$(COMPILE) pyproject.toml -c requirements/run.lock -o requirements/api.lock
	@$(COMPILE) pyproject.toml --extra worker -c requirements/run.lock -o requirements/worker.lock
	@$(COMPILE) pyproject.toml $(EVERYTHING) --extra test -c requirements/run.lock \
		-o requirements/test.lock

kong: install
	@$(BIN)/automator kong render --without-keys --counter valkey:6379 --out kong/kong.yml

clients: .venv/.test $(NODES)
	@$(BIN)/python -m api.document > docs/openapi.json.new
	@mv docs/openapi.json.new docs/openapi.json
	@$(BIN)/python clients/python/generate.py docs/openapi.json \
		clients/python/brand_automator_client
	@cd clients/typescript && npm run --silent generate

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
