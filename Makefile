# One screen: everything a developer or a newcomer runs. Needs Python >= 3.11 and make; `PYTHON=python3.12 make test` picks another.
PYTHON ?= python3
UV_VERSION := 0.13.9
TORCH_VERSION := 2.13.0
BIN := .venv/bin
SOURCES := agent/src collector/src tests deploy/demo
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never

.PHONY: demo test lint types proto fault bench clean torch
.DEFAULT_GOAL := help

help:            ## what there is
	@grep -hE '^[a-z]+: .*##|^[a-z]+: +##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# The environment, made once and again when the lock changes; needs no network when it is up to date.
.venv/ready: uv.lock pyproject.toml agent/pyproject.toml collector/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tidegauge needs Python >= 3.11: PYTHON=python3.12 make …")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --quiet --frozen --all-extras --inexact --python $(BIN)/python
	@touch $@

# Not in the lock: for Linux pip's default wheel brings gigabytes of CUDA. Where pip is told of wheels for CPUs (`find-links`, or an
# index that has them, in its configuration) it takes one of those. There are wheels for Python 3.11 to 3.13.
torch: .venv/ready  ## PyTorch, which some tests want
	@$(BIN)/python -c 'import sys; from importlib.util import find_spec; sys.exit(find_spec("torch") is None and sys.version_info < (3, 14))' || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==$(TORCH_VERSION)

demo: .venv/ready  ## a year of real flights through the gauge; DEMO_EXIT=1 ends after the table, DEMO_ARGS="--shift" and others
	PYTHONPATH=deploy/demo $(BIN)/python -m flights_demo $(DEMO_ARGS)

# The tests start hundreds of interpreters: each would compile all that it imports where no bytecode is kept.
test fault: export PYTHONDONTWRITEBYTECODE =

test: .venv/ready  ## all tests but the benchmarks
	$(BIN)/python -m pytest -n 2 --dist worksteal -q $(TEST_ARGS)

lint: .venv/ready  ## ruff and the import rules
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports --no-cache

types: .venv/ready  ## mypy --strict on both sources
	$(BIN)/mypy

proto: .venv/ready  ## make the stubs anew from proto/
	PYTHON=$(abspath $(BIN))/python ./proto/generate.sh

fault: .venv/ready  ## 500 seeded rounds of crashes of agents, 300 of collectors, 40 minutes at most; FAULT_SEED=n for one, FAULT_ROUNDS=n for more
	FAULT_ROUNDS=$(or $(FAULT_ROUNDS),500) $(BIN)/python -m pytest -n 2 -q tests/fault/agent_crash
	FAULT_ROUNDS=$(or $(FAULT_ROUNDS),300) $(BIN)/python -m pytest -n 2 -q tests/fault/collector/test_rounds.py tests/fault/collector/test_damage.py
	GUEST_SECONDS=60 GUEST_ROWS=1000000 GUEST_TENS=60480 $(BIN)/python -m pytest -q tests/fault/guest/test_gunicorn.py tests/fault/guest/test_memory.py

bench: .venv/ready  ## measure, each figure beside its yardstick
	@for one in tests/bench/bench_*.py; do echo "== $$one"; $(BIN)/python $$one || exit 1; done

clean:           ## remove what was made
	rm -rf .venv .venv-proto .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
