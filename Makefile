# Two commands matter: `make up` does the main job, `make test` proves everything.
# Nothing beyond Python >= 3.11 and a POSIX shell is assumed; the rest is installed here.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up test lint format bench lock docs soak clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(VENV)/.up  ## install into .venv and start everything: sign-in, STS, IAM, S3 (ARGS="--port 9000" …)
	@$(BIN)/daypass up $(ARGS)

test: $(VENV)/.test  ## install what the tests need and run all of them (ARGS="tests/web -k refresh" …)
	@tools/test.sh $(ARGS)

lint: $(VENV)/.test  ## formatter, linter, type checkers, import contract
	@tools/lint.sh

format: $(VENV)/.test  ## let the formatter write
	@$(BIN)/ruff format src tests tools bench
	@$(BIN)/ruff check --fix-only --quiet src tests tools bench

docs: $(VENV)/.test  ## write the generated reference pages
	@$(BIN)/python tools/generate_reference.py

bench: $(VENV)/.bench  ## measure against named peers in one run; writes bench/results/
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench $(ARGS)

soak: $(VENV)/.bench  ## 100,000 refreshes against one worker, its memory watched
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench memory $(ARGS)

lock:  ## choose newest versions again and write requirements/*.txt
	@tools/lock.sh

clean:  ## remove the environment and everything tests left
	@rm -rf $(VENV) tests/artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/clients/js/node_modules tests/federation/op/node_modules bench/peers/node_modules

$(VENV)/.up: requirements/up.txt pyproject.toml
	@tools/environment.sh up

$(VENV)/.test: requirements/test.txt requirements/aws-cli-v2.txt pyproject.toml tools/test-parts.sh tools/aws_cli_v2.py tests/clients/js/package-lock.json tests/federation/op/package-lock.json
	@tools/environment.sh test
	@tools/test-parts.sh
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.test bench/peers/package-lock.json
	@tools/environment.sh bench
	@cd bench/peers && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@
