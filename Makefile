# make demo: install, then summarize an article, label it, and classify a small corpus, all without a network.
# make test: install the development tools, then ruff, mypy and pytest.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test clean

demo: .venv/.installed
	@$(BIN)/python examples/demo.py

test: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(f"mujaz needs Python 3.11 or later, found {sys.version.split()[0]}. Name another: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	@touch $@

# Torch first and by itself: pinned, so that a plain CPU build that is at hand is taken.
.venv/.installed: .venv/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[ctranslate2,openvino]'
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,peft]'
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
