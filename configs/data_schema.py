"""What a training config may say of its data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mujaz.configs.sections import Fraction, Name, Positive, Section, Seed


class ColumnsConfig(Section):
    """How the columns are called in the data."""

    text: str = "text"
    """The text to label or to summarize."""
    label: str = "label"
    """The label (topic, stance). A list holds several labels of one text (topic)."""
    label_separator: Annotated[str, Field(min_length=1)] | None = None
    """What stands between several labels in a string, as '|' in 'sport|money' (topic)."""
    target: str = "target"
    """What the stance is toward (stance)."""
    summary: str = "summary"
    """The reference summary (summary)."""
    judged: str | None = None
    """Stretches of the article, as text, of which is known whether each can stand by itself: a list of pairs, text and true
    or false (summary, by an encoder that chooses; with training.judged). For JSON Lines and lists; rows may lack it."""
    title: str | None = None
    """A title to set before the text, on a line of its own. All recipes but 'none', and most tokenizers, make a space of
    that line break, so a model sees where the title ends only if the data says it (a full stop, a mark). What it reads
    later must come in the same form, the title, a line break, the text (--title-column does so). Some of the files may
    lack the column."""


class SplitConfig(Section):
    """How dev and test are split off the training data, and how folds are cut."""

    by: Literal["stratified", "group", "near_duplicates", "date", "target"] = "stratified"
    """stratified: at random, the share of each label kept. group: rows with the same value of ``column`` stay together
    (a source, a claim). near_duplicates: so do texts that are nearly the same. date: the latest rows are cut off, by
    ``column``. target: test is the rows of the targets ``held_out``; in folds, no target stands in two of them."""
    column: str | None = None
    """The column of groups or dates."""
    held_out: list[str] = []
    """Targets to leave out of the training (by: target)."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> SplitConfig:
        if (self.by in ("group", "date")) != (self.column is not None):
            raise ValueError(f"by: {self.by} {'takes no' if self.column else 'needs a'} column")
        if self.held_out and self.by != "target":
            raise ValueError("held_out goes with by: target")
        return self


class AugmentationConfig(Section):
    """Shorter copies of training texts, so that a model learns to label headlines and scraps as well."""

    first_sentence: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the training texts that come again as their first sentence alone."""
    title: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the training texts that come again as their title alone (data.columns.title)."""
    cut: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the training texts that come again as a stretch of words from anywhere in them."""
    shortest_cut: Positive = 5
    """Words of the shortest such stretch."""
    longest_cut: Positive = 40
    """Words of the longest such stretch."""
    word_dropout: Fraction = 0.0
    """Share of the words that are left out of those copies, at random."""

    @model_validator(mode="after")
    def _cuts_in_order(self) -> AugmentationConfig:
        if self.shortest_cut > self.longest_cut:
            raise ValueError(f"shortest_cut {self.shortest_cut} is more than longest_cut {self.longest_cut}")
        return self


class SupportConfig(Section):
    """Which training rows a summarizer does not learn from: those whose summaries say what their articles do not."""

    least: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Share of a summary's words that its article must say, in whatever form."""
    first_words: Positive = 130
    """How many words of the article are looked at: about as many as the model reads."""


class DataConfig(Section):
    """The labelled data: JSONL, JSON, CSV, TSV or Parquet, plain or .gz; a folder of those; or a hub dataset id."""

    train: str | Annotated[list[str], Field(min_length=1)]
    """Training data: one or more files or folders, or a hub dataset (owner/name, or owner/name:config)."""
    additional: str | list[str] | None = None
    """Further training rows, of which no dev, test or fold is made: rows that were made, or of another kind than those the
    model is for. Same columns, labels of the training data. A split does not look at them: what it keeps apart (targets held
    out, groups, near-duplicates) must not stand in them; a training says where targets do. ``max_train_rows`` draws from
    all."""
    max_additional_rows: Positive | None = None
    """Take only so many of the additional rows, drawn at random: many would drown the few rows that people labelled."""
    dev: str | list[str] | None = None
    """Development data: chooses the best checkpoint, of those that score the same that of the lowest loss. None splits it
    off the training data."""
    test: str | list[str] | None = None
    """Test data, scored once at the end. None splits it off where test_fraction is more than 0."""
    dev_fraction: Fraction = 0.1
    """Share of the training data, less what becomes test, that becomes dev where none is given."""
    test_fraction: Fraction = 0.0
    """Share of the training data that becomes test where none is given."""
    split: SplitConfig = SplitConfig()
    """By what these parts are cut off."""
    folds: Annotated[int, Field(ge=2)] | None = None
    """Cross-validation: so many trainings, each tested on the fold it did not see (also mujaz train --folds)."""
    fold: Positive | None = None
    """One of these folds alone."""
    split_seed: Seed = 0
    """Seed of those splits; its own, so that other training seeds see the same split."""
    columns: ColumnsConfig = ColumnsConfig()
    """How the columns are called."""
    labels: list[Name] | None = None
    """The labels in the order of the logits; None takes those of the training data, sorted."""
    outliers: list[Name] = []
    """Labels, after ``rename``, of training rows that have none of the model's labels ("other"): of such texts it learns to
    be unsure, so that a least probability (``mujaz classify --min-precision``) leaves them without a label. All labels are
    equally likely there (Hendrycks, Mazeika & Dietterich 2019, "Deep Anomaly Detection with Outlier Exposure", section 3.1).
    They are split as labels are: those of dev count as wrong where a threshold is chosen, of those of test is told how much
    less sure the model is, and no other score counts them. Not for several labels a text: there a list may be empty."""
    rename: dict[Name, Name | None] = {}
    """Labels that are called otherwise in some of the files: what they are there -> what they are to be; null leaves out the
    rows that have it."""
    skip_unusable: bool = False
    """Leave out rows that cannot be read, or have no text, no label, target or summary, and say which; else they stop the
    training before it begins, as a file does that lacks such a column altogether."""
    drop_duplicates: Literal["exact", "near"] | None = None
    """Leave out training rows that repeat an earlier one with the same label or summary, or that stand in dev or test, and
    dev rows that stand in test. exact: the same text and target, title and white space aside; near: nearly the same, too. A
    text with two labels stays with both: mujaz check names such rows."""
    max_train_rows: Positive | None = None
    """Take only so many training rows, outliers among them, drawn at random; for a quick try."""
    max_dev_rows: Positive | None = None
    """Score only so many dev rows, outliers among them, while training; generating summaries is slow."""
    support: SupportConfig | None = None
    """Leave out training rows whose summaries say what their articles do not (summary), and such summaries of a teacher.
    Dev and test rows stay."""
    augmentation: AugmentationConfig | None = None
    """Shorter copies of the training texts (topic, stance)."""

    @model_validator(mode="after")
    def _labels_differ(self) -> DataConfig:
        if self.labels is not None and len(set(self.labels)) < max(2, len(self.labels)):
            raise ValueError(f"labels: expected two or more, each once, found {self.labels}")
        return self

    @model_validator(mode="after")
    def _one_test(self) -> DataConfig:
        given = "the test file (data.test=null)" if self.test else "test_fraction" if self.test_fraction else "held_out"
        if self.folds and (self.test or self.test_fraction or self.split.held_out):
            raise ValueError(f"each fold is the test data of its training: leave folds out, or {given}")
        if self.split.held_out and (self.test or self.test_fraction):
            raise ValueError("the targets held_out are the test data: leave test and test_fraction out")
        if self.split.by == "target" and not (self.split.held_out or self.folds):
            raise ValueError("a split by target needs split.held_out, or folds")
        if self.folds and self.split.by == "date":
            raise ValueError("folds cannot be cut by date: a fold would be trained on what came after it")
        if self.fold and self.fold > (self.folds or 0):
            raise ValueError(f"fold {self.fold} of {self.folds or 'none'}: expected at most the number of folds")
        return self
