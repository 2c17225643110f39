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

# The shipped topic and stance models were made before heads could begin as ones that look at neighbours.
runs/embedded-encoder/metrics.json: | .venv/.installed
	$(RUN) pretrain configs/pretrain-embedded.yaml --set output=$(@D) --set model.prime_neighbours=false \
		--set training.learning_rate=1.0e-3 --set training.max_steps=4000

runs/embedded-summary-encoder/metrics.json: | .venv/.installed
	$(RUN) pretrain configs/pretrain-embedded.yaml

runs/embedded-topic-teacher/metrics.json: | runs/embedded-encoder/metrics.json
	$(RUN) train configs/embedded-topic-teacher.yaml

runs/embedded-topic-first/metrics.json: | runs/embedded-topic-teacher/metrics.json
	$(RUN) train configs/embedded-topic-first.yaml

runs/topic-read.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/topic_labels.jsonl \
		$(foreach set,saudinewsnet argen,$(MUJAZ_DATA)/summary/$(set)/train.parquet)

runs/embedded-topic/metrics.json: | runs/embedded-topic-first/metrics.json runs/topic-read.jsonl
	$(RUN) train configs/embedded-topic.yaml

runs/embedded-stance-pairs/metrics.json: | runs/embedded-topic-first/metrics.json runs/pairs-easy.jsonl runs/pairs.jsonl
	$(RUN) train configs/embedded-stance-pairs.yaml

MADE = runs/written.jsonl runs/beginnings.jsonl runs/reworded.jsonl

# Four teachers: two without the reworded pairs, of which one has words masked, and two with them.
TEACHER = $(RUN) train configs/embedded-stance-teacher.yaml --set output=$(@D)
WITHOUT = --set 'data.additional=[runs/written.jsonl, runs/beginnings.jsonl]' --set training.epochs=4

runs/embedded-stance-teacher-a/metrics.json: | runs/embedded-stance-pairs/metrics.json $(MADE)
	$(TEACHER) $(WITHOUT) --set training.seed=13 --set training.mask_tokens=0.15 --set model.dropout=0.2

runs/embedded-stance-teacher-b/metrics.json: | runs/embedded-stance-pairs/metrics.json $(MADE)
	$(TEACHER) $(WITHOUT) --set training.seed=14

runs/embedded-stance-teacher-c/metrics.json: | runs/embedded-stance-pairs/metrics.json $(MADE)
	$(TEACHER) --set training.seed=13

runs/embedded-stance-teacher-d/metrics.json: | runs/embedded-stance-pairs/metrics.json $(MADE)
	$(TEACHER) --set training.seed=14

runs/crossed.jsonl: | .venv/.installed
	$(RUN).training.crossing configs/embedded-stance.yaml $@

STANCE_TEACHERS = $(foreach one,a b c d,runs/embedded-stance-teacher-$(one)/metrics.json)

runs/embedded-stance/metrics.json: | $(STANCE_TEACHERS) runs/crossed.jsonl
	$(RUN) train configs/embedded-stance.yaml

runs/embedded-summary-first/metrics.json: | runs/embedded-summary-encoder/metrics.json
	$(RUN) train configs/embedded-summary-first.yaml

runs/embedded-summary-whole/metrics.json: | runs/embedded-summary-first/metrics.json
	$(RUN) train configs/embedded-summary-whole.yaml

runs/headlines-read.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/headline_labels.jsonl \
		$(foreach set,summary/ant summary/saudinewsnet summary/argen topic/sanad,$(MUJAZ_DATA)/$(set)/train.parquet)

runs/headlines-read-dev.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/headline_labels_dev.jsonl \
		$(foreach set,ant saudinewsnet,$(MUJAZ_DATA)/summary/$(set)/dev.parquet)

READ = $(foreach part,$(1),$(MUJAZ_DATA)/$(part)/$(2).parquet)

runs/headlines-judged.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/headline_judged.jsonl \
		$(call READ,summary/ant summary/saudinewsnet summary/argen topic/sanad,train)

runs/headlines-judged-dev.jsonl: | .venv/.installed
	$(RUN).training.read_labels $@ training/headline_judged_dev.jsonl \
		$(call READ,summary/ant summary/saudinewsnet topic/sanad,dev)

LABELLED = $(foreach name,read read-dev judged judged-dev,runs/headlines-$(name).jsonl)

runs/embedded-summary/metrics.json: | runs/embedded-summary-whole/metrics.json $(LABELLED)
	$(RUN) train configs/embedded-summary.yaml

HEADLINES = $(foreach set,ant argen saudinewsnet,$(MUJAZ_DATA)/summary/$(set)/train.parquet)

runs/pairs.jsonl: | .venv/.installed
	$(RUN).training.pairs --rounds 6 $@ $(HEADLINES)

runs/pairs-easy.jsonl: | .venv/.installed
	$(RUN).training.pairs --easy --rounds 2 $@ $(HEADLINES)

runs/beginnings.jsonl: | .venv/.installed
	$(RUN).training.pairs --beginnings 9000 $@ $(HEADLINES)

runs/reworded.jsonl: | .venv/.installed
	$(RUN).training.pairs --most 4000 $@ $(HEADLINES)

runs/written.jsonl: | .venv/.installed
	$(RUN).training.written $@ $(wildcard training/stance_groups/*.jsonl)

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
