# make demo: install, then summarize an article, label it, and classify a small corpus, all without a network.
# make test: install the development tools, then ruff, mypy and pytest.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test clean embedded-topic embedded-stance embedded-summary

demo: .venv/.installed
	@$(BIN)/python examples/demo.py

test: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy & types=$$!; OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile; tests=$$?; \
		wait $$types || exit 1; exit $$tests

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(f"mujaz needs Python 3.11 or later, found {sys.version.split()[0]}. Name another: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	@touch $@

# Torch first and by itself: pinned, so that a plain CPU build that is at hand is taken. Of 16,000 modules few are ever imported:
# compiling all of them takes a minute.
INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --no-compile -c constraints.txt

.venv/.installed: .venv/.python pyproject.toml constraints.txt
	$(INSTALL) torch
	$(INSTALL) -e '.[ctranslate2,openvino]'
	@touch $@

.venv/.installed-dev: .venv/.python pyproject.toml constraints.txt
	$(INSTALL) torch
	$(INSTALL) -e '.[ctranslate2,openvino,onnx,dev,optuna,peft]'
	@touch .venv/.installed $@

# The embedded models, from nothing and MUJAZ_DATA to the shipped files. Hours on two cores; after a kill the same call goes on.
# What is finished in runs/ is not made again.
RUN := $(BIN)/python -m mujaz
.DELETE_ON_ERROR:

embedded-topic: runs/embedded-topic/metrics.json
	$(RUN).training.shipping runs/embedded-topic topic

embedded-stance: runs/embedded-stance/metrics.json
	$(RUN).training.shipping runs/embedded-stance stance

embedded-summary: runs/embedded-summary/metrics.json
	$(RUN).training.shipping runs/embedded-summary summary

SANAD = $(MUJAZ_DATA)/topic/sanad
ANT = $(MUJAZ_DATA)/summary/ant
MADE = runs/written.jsonl runs/beginnings.jsonl runs/reworded.jsonl

# What all three start from: no text in it whose licence forbids a use.
runs/embedded-encoder/metrics.json: | .venv/.installed
	$(RUN) pretrain configs/pretrain-embedded.yaml

runs/stance-left-out.jsonl: | $(MADE)
	$(RUN).training.left_out configs/embedded-stance.yaml $@

runs/embedded-encoder-more/metrics.json: | runs/embedded-encoder/metrics.json runs/stance-left-out.jsonl
	$(RUN) pretrain configs/pretrain-embedded-more.yaml

READ_TOPICS = topic/ant topic/asnd summary/wikilead stance/ans

runs/topic-read.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/topic_labels.jsonl $(foreach set,$(READ_TOPICS),$(MUJAZ_DATA)/$(set)/train.parquet)

runs/embedded-topic/metrics.json: | runs/embedded-encoder-more/metrics.json runs/topic-read.jsonl
	$(RUN) train configs/embedded-topic.yaml

# Pairs of statements: ANT's headlines, and what articles and posts that have none say first.
PAIRS = $(RUN).training.pairs --plain $(SANAD)/train.parquet --plain $(MUJAZ_DATA)/topic/asnd/train.parquet

runs/pairs-easy.jsonl: | .venv/.installed
	$(PAIRS) --easy --rounds 2 $@ $(ANT)/train.parquet

runs/pairs.jsonl: | .venv/.installed
	$(PAIRS) --rounds 4 $@ $(ANT)/train.parquet

runs/beginnings.jsonl: | .venv/.installed
	$(RUN).training.pairs --plain $(SANAD)/train.parquet --beginnings 9000 $@ $(ANT)/train.parquet

runs/reworded.jsonl: | .venv/.installed
	$(RUN).training.pairs --most 4000 $@ $(ANT)/train.parquet

runs/written.jsonl: | .venv/.installed
	$(RUN).training.written $@ $(wildcard training/stance_groups/*.jsonl)

runs/embedded-stance-pairs/metrics.json: | runs/embedded-encoder/metrics.json runs/pairs-easy.jsonl runs/pairs.jsonl
	$(RUN) train configs/embedded-stance-pairs.yaml

# Two teachers, of two seeds.
TEACHER = $(RUN) train configs/embedded-stance-teacher.yaml --set output=$(@D)

runs/embedded-stance-teacher-a/metrics.json: | runs/embedded-stance-pairs/metrics.json $(MADE)
	$(TEACHER) --set training.seed=13

runs/embedded-stance-teacher-b/metrics.json: | runs/embedded-stance-pairs/metrics.json $(MADE)
	$(TEACHER) --set training.seed=14

runs/crossed.jsonl: | .venv/.installed
	$(RUN).training.crossing configs/embedded-stance.yaml $@

STANCE_TEACHERS = $(foreach one,a b,runs/embedded-stance-teacher-$(one)/metrics.json)

runs/embedded-stance/metrics.json: | $(STANCE_TEACHERS) runs/crossed.jsonl
	$(RUN) train configs/embedded-stance.yaml

runs/embedded-summary-first/metrics.json: | runs/embedded-encoder/metrics.json
	$(RUN) train configs/embedded-summary-first.yaml

runs/embedded-summary-whole/metrics.json: | runs/embedded-summary-first/metrics.json
	$(RUN) train configs/embedded-summary-whole.yaml

# What articles' labels say of them, beside the articles.
LABELLED = $(foreach name,labels judged,runs/headline_$(name).jsonl runs/headline_$(name)_dev.jsonl)

runs/headline_%_dev.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/headline_$*_dev.jsonl $(ANT)/dev.parquet $(SANAD)/dev.parquet

runs/headline_%.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/headline_$*.jsonl $(ANT)/train.parquet $(SANAD)/train.parquet

runs/embedded-summary/metrics.json: | runs/embedded-summary-whole/metrics.json $(LABELLED)
	$(RUN) train configs/embedded-summary.yaml

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
