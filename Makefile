# make run     install what Kith needs and compare the governances in the default town
# make show    install what Kith needs and open the workshop: two towns, side by side
# make test    everything a change must pass: style, types, tests
# make torture sweeps killed fifty times, on a real scheduler with a worker killed, on networks cut; some minutes
# make bench   how fast the month is, as ratios measured in one run
# make clean   forget the environment and what the tools left behind
#
# PYTHON=/path/to/python makes .venv with that Python; otherwise the newest found from 3.11 on is taken.

PYTHON ?=
VENV := .venv
IN := $(VENV)/bin
PIP := $(IN)/python -m pip install -qq --disable-pip-version-check

# The versions known to work together on the Python of .venv; on another Python the ranges in pyproject.toml decide.
TRIED = $$(f=constraints/python$$($(IN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])').txt; test -f $$f && echo "-c $$f" || true)

.PHONY: run show test torture bench clean

run: $(VENV)/.installed
	@$(IN)/kith compare

show: $(VENV)/.installed
	@$(IN)/kith show

test: $(VENV)/.installed-dev
	$(IN)/ruff check .
	$(IN)/ruff format --check .
	$(IN)/mypy
	$(IN)/python -m pytest -q -n auto --dist loadgroup -m "not torture"

torture: $(VENV)/.installed-dev
	$(IN)/python -m pytest -q -m torture

bench: $(VENV)/.installed-dev
	$(IN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: $(VENV)/.made pyproject.toml $(wildcard constraints/*.txt)
	@echo "Installing what Kith needs (once; a few minutes on a slow line) ..."
	@$(PIP) $(TRIED) -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(PIP) $(TRIED) -e '.[dev]'
	@touch $@

$(VENV)/.made:
	@for python in $(if $(PYTHON),'$(PYTHON)',python3.13 python3.12 python3.11 python3 python); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		rm -rf $(VENV); \
		if "$$python" -m venv $(VENV) >/dev/null 2>&1 && $(IN)/python -m pip --version >/dev/null 2>&1; then \
			echo "Kith runs on $$($(IN)/python -V)"; touch $@; exit 0; \
		fi; \
		echo "$$python cannot make a virtual environment (on Debian or Ubuntu, its -venv package is missing); trying the next"; \
	done; \
	rm -rf $(VENV); \
	if test -n '$(PYTHON)'; then echo "PYTHON=$(PYTHON) is not a Python 3.11 or newer that can make a virtual environment."; \
	else echo "Kith needs Python 3.11 or newer, with its venv module; none of python3.13, python3.12, python3.11, python3 or python is."; \
		echo "Install one, or say where it is: make run PYTHON=/path/to/python3.12"; fi; \
	exit 1
