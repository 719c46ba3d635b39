# Everything a developer types. A step that needs nothing does nothing.
PYTHON ?= python3
TSUNAGU_PORT_OFFSET ?= 0
VENV := .venv/bin

.PHONY: help setup run test lint unit tour bench lock

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: ## virtual environment, locked packages, viewer build
	@$(PYTHON) -m scripts.setup

run: ## set up, then start the whole demo; Ctrl-C stops it
	@exec $(PYTHON) -m scripts.run --port-offset $(TSUNAGU_PORT_OFFSET)

test: ## the whole gate
	@$(PYTHON) -m scripts.gate

lint: ## form, types and layers, without tests
	@$(PYTHON) -m scripts.gate lint

unit: ## the fast part of the tests
	@$(PYTHON) -m scripts.gate unit

tour: ## both journeys in headless Chromium against the running demo
	@$(PYTHON) -m scripts.setup --tour
	@$(VENV)/python -m scripts.tour --port-offset $(TSUNAGU_PORT_OFFSET)

bench: ## all benchmarks
	@for name in portal jpki immunization gateway viewer; do $(VENV)/python -m bench.$$name || exit 1; done

lock: ## compile the lock files anew from requirements*.in
	@$(VENV)/python -m scripts.lock
