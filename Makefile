# Thin aliases for run.py, which needs nothing but Python and git.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help demo serve check test all nightly lint format lock

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

demo: ## Start with the embedded database, demo accounts and simulated people
	$(PYTHON) run.py demo --people 20

serve: ## Start for real, without demo accounts
	$(PYTHON) run.py serve

check: ## Print every fault of the configuration
	$(PYTHON) run.py check

test: ## The everyday suite with what this machine has
	$(PYTHON) run.py test

all: ## The whole suite; nothing may be left out
	$(PYTHON) run.py test --all

nightly: ## The whole suite with the greatest sizes
	$(PYTHON) run.py test --nightly

lint: ## Only ruff and mypy
	$(PYTHON) run.py test --lint

format: ## Put imports and layout in order
	$(PYTHON) run.py python -m ruff check --fix .
	$(PYTHON) run.py python -m ruff format .

lock: ## Bring uv.lock up to date with pyproject.toml
	$(PYTHON) run.py uv lock
