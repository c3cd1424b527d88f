# Every command makes the environment it needs (.venv) on its first call and reuses it afterwards.
# PYTHON=/path/to/python3.12 chooses the interpreter; otherwise a fitting one is found.

export PYTHON
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs wheel constraints clean

help:
	@echo "make demo         train on a real data set and write a report: from nothing in under two minutes"
	@echo "make test         run every test"
	@echo "make check        formatting, lint, types, and which room may import which"
	@echo "make bench        time layerwise beside its peers: half an hour; ARGS='--only moons-64' for a part"
	@echo "make docs         write the generated pages of the documentation anew"
	@echo "make wheel        build the package into dist/, with its machine code for Linux on x86-64 in it: a minute"
	@echo "make constraints  try the newest versions of everything and write constraints.txt anew"
	@echo "make clean        remove the environment and everything generated (not runs/)"
	@echo
	@echo "Each makes its own environment in .venv first. PYTHON=/path/to/python chooses the interpreter."

demo:
	@tools/environment.sh run
	@$(BIN)/layerwise train demo:breast_cancer --out runs/demo --overwrite

# WORKERS=1 for one process; ARGS='tests/formulas -x' to choose tests.
WORKERS ?= auto
test:
	@tools/environment.sh test
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check:
	@tools/environment.sh check
	@failed=; for gate in "ruff check --output-format=concise" "ruff format --check --output-format=concise" \
		"mypy" "lint-imports"; do \
		echo "== $$gate"; $(BIN)/$$gate || failed="$$failed, $$gate"; \
	done; \
	if [ -n "$$failed" ]; then echo "These gates failed: $${failed#, }" >&2; exit 1; fi

# PROGRAM=benchmarks/accuracy.py for another program; each says in --help what ARGS it takes.
PROGRAM ?= benchmarks/speed.py
bench:
	@tools/environment.sh bench
	.venv-bench/bin/python $(PROGRAM) $(ARGS)

docs:
	@tools/environment.sh test
	$(BIN)/python tools/write_cli_reference.py

# ARGS=--plain leaves the machine code out.
wheel:
	@tools/environment.sh run
	$(BIN)/python tools/build_wheel.py $(ARGS)

constraints:
	@tools/newest_versions.sh

clean:
	rm -rf .venv .venv-bench build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
