"""What a training config may say. Every field says what it is for; ``mujaz config-schema`` prints it for editors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """A part of a config: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ScratchConfig(Section):
    """The shape of a small model that is trained from nothing, with a tokenizer trained on the training texts."""

    vocab_size: Positive = 12000
    """Pieces of the tokenizer."""
    hidden_size: Positive = 256
    """Width of the model."""
    layers: Positive = 3
    """Layers of the encoder; a summarizer has as many in its decoder."""
    heads: Positive = 4
    """Attention heads; they divide the width."""
    intermediate_size: Positive = 1024
    """Width inside the feed-forward blocks."""
    dropout: Fraction = 0.1
    """Dropout while training."""
    prime_copying: bool = True
    """Start a summarizer from weights that copy from the article, instead of random ones; see training/copying.py."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> ScratchConfig:
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of heads {self.heads}")
        return self


class ModelConfig(Section):
    """Where the training starts."""

    name: str | None = None
    """A preset (arabert), a hub id (owner/name) or a folder. None trains from nothing."""
    scratch: ScratchConfig | None = None
    """Shape of a model trained from nothing; only without ``name``."""
    recipe: str = "auto"
    """Text recipe; auto takes the preset's, or the checkpoint's own, or 'news' for a model trained from nothing."""
    max_length: Positive | None = None
    """Longest input in tokens; None takes what the model can read."""
    max_target_length: Positive = 84
    """Longest reference summary in tokens."""
    clean_article: bool = False
    """Strip dateline, byline and page leftovers before the recipe, in training and ever after."""

    @model_validator(mode="after")
    def _one_start(self) -> ModelConfig:
        if (self.name is None) == (self.scratch is None):
            raise ValueError("give either name (a pretrained model) or scratch (a model trained from nothing)")
        return self


class ColumnsConfig(Section):
    """How the columns are called in the data."""

    text: str = "text"
    """The text to label or to summarize."""
    label: str = "label"
    """The label (topic, stance)."""
    target: str = "target"
    """What the stance is toward (stance)."""
    summary: str = "summary"
    """The reference summary (summary)."""
    title: str | None = None
    """A title to set before the text, on a line of its own."""


class DataConfig(Section):
    """The labelled data: JSONL, JSON, CSV, TSV or Parquet, plain or .gz; a folder of those; or a hub dataset id."""

    train: str | list[str]
    """Training data: one or more files or folders, or a hub dataset (owner/name, or owner/name:config)."""
    dev: str | list[str] | None = None
    """Development data: chooses the best checkpoint. None splits it off the training data."""
    test: str | list[str] | None = None
    """Test data, scored once at the end. None splits it off where test_fraction is more than 0."""
    dev_fraction: Fraction = 0.1
    """Share of the training data that becomes dev where none is given; stratified by label."""
    test_fraction: Fraction = 0.0
    """Share of the training data that becomes test where none is given; stratified by label."""
    split_seed: int = 0
    """Seed of those splits; its own, so that other training seeds see the same split."""
    columns: ColumnsConfig = ColumnsConfig()
    """How the columns are called."""
    labels: list[str] | None = None
    """The labels in the order of the logits; None takes those of the training data, sorted."""
    max_train_rows: Positive | None = None
    """Take only so many training rows, drawn at random; for a quick try."""
    max_dev_rows: Positive | None = None
    """Score only so many dev rows while training; generating summaries is slow."""


class TrainingConfig(Section):
    """How to train."""

    epochs: Annotated[float, Field(gt=0)] = 3.0
    """Passes over the training data."""
    max_steps: Positive | None = None
    """Stop after so many steps, whatever epochs says."""
    batch_size: Positive = 16
    """Rows a step and process."""
    gradient_accumulation: Positive = 1
    """Steps whose gradients are added up before an update."""
    learning_rate: Annotated[float, Field(gt=0)] = 3e-5
    """Peak learning rate."""
    warmup: Fraction = 0.1
    """Share of the steps over which the learning rate rises."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    """How the learning rate falls after the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Weight decay of AdamW."""
    label_smoothing: Fraction = 0.0
    """Label smoothing."""
    optimizer: Literal["adamw_torch_fused", "adafactor"] = "adamw_torch_fused"
    """Optimizer; mT5 and T5 were pretrained with adafactor."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 autocast where the processor or GPU computes in it natively. Weights stay float32."""
    evaluations: Positive = 5
    """How often the dev data is scored and a checkpoint saved, over the whole training."""
    save_every: Positive | None = None
    """Besides, save a checkpoint to resume from every so many steps."""
    patience: Positive | None = 3
    """Stop when dev has not become better in so many evaluations; None never stops early."""
    seed: int = 13
    """Seed of everything random in training."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    save_precision: Literal["float32", "bfloat16"] = "float32"
    """Number format of the saved weights; bfloat16 halves the files, at 3 significant digits."""


class CalibrationConfig(Section):
    """What happens to a classifier's probabilities after training, on the dev data; kept in mujaz.json."""

    temperature: bool = True
    """Divide the logits by the number that makes the probabilities most honest; no label changes."""
    bins: Positive = 15
    """Bins of the calibration error; 15 is what most papers use."""
    min_precision: Annotated[float, Field(gt=0, le=1)] | None = None
    """Give no label (null) below the probability from which on this share of dev labels is right."""


class GenerationSettings(Section):
    """How a summarizer generates; saved with the checkpoint."""

    num_beams: Positive = 4
    """Width of the beam."""
    max_new_tokens: Positive = 84
    """Longest summary in tokens."""
    min_new_tokens: Positive | None = None
    """Shortest summary in tokens."""
    length_penalty: float = 0.6
    """Above 0 favours longer summaries under beam search. 0.6 is what mT5_multilingual_XLSum uses."""
    no_repeat_ngram_size: Annotated[int, Field(ge=0)] = 3
    """No sequence of so many tokens occurs twice; 0 allows all."""


class TrainConfig(Section):
    """A fine-tuning job."""

    task: Literal["topic", "stance", "summary"]
    """What the model learns."""
    output: str
    """Folder of the run: the checkpoint, metrics.json, the resolved config."""
    model: ModelConfig
    """Where the training starts."""
    data: DataConfig
    """What it learns from."""
    training: TrainingConfig = TrainingConfig()
    """How to train."""
    calibration: CalibrationConfig = CalibrationConfig()
    """What happens to a classifier's probabilities after training."""
    generation: GenerationSettings = GenerationSettings()
    """How a summarizer generates."""
    licence: str | None = None
    """Goes into mujaz.json: the strictest term of the base model and the data."""
