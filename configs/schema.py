"""What a training config may say. Every field says what it is for; ``mujaz config-schema`` prints it for editors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mujaz.configs.search_schema import SearchConfig
from mujaz.configs.sections import Fraction, Positive, Section
from mujaz.errors import UsageError

Tracker = Literal["tensorboard", "wandb", "mlflow", "trackio"]


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


class PairConfig(Section):
    """How a text and the target of its stance are put side by side; kept in mujaz.json."""

    order: Literal["text_first", "target_first"] = "text_first"
    """Which of the two is the first segment. What is cut where both do not fit is the text."""
    template: str = "{target}"
    """What stands in the place of the target: a prompt around it, as 'الموقف من: {target}'."""

    @model_validator(mode="after")
    def _has_the_target(self) -> PairConfig:
        if self.template.count("{target}") != 1:
            raise ValueError(
                f"template: expected {{target}} in it once, where the target goes, found '{self.template}'"
            )
        return self

    def words(self, target: str) -> str:
        """A target in its template."""
        return self.template.replace("{target}", target)


class LoraSettings(Section):
    """Train adapters instead of the weights (LoRA, DoRA); needs mujaz[peft]. What is saved is a plain checkpoint."""

    rank: Positive = 16
    """Rank of the matrices that are trained beside a layer."""
    alpha: Positive = 32
    """What they give is multiplied by alpha / rank."""
    dropout: Fraction = 0.05
    """Dropout before them."""
    dora: bool = False
    """DoRA: also train the length of each row of weights. Slower, often a little better at low ranks."""
    targets: Literal["auto"] | list[str] = "auto"
    """Layers that get adapters: auto takes every linear layer of the transformer; or ends of names, as [query, value]."""


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
    pair: PairConfig | None = None
    """How text and target are put together (stance); None takes the checkpoint's own, or the text first, then the target."""
    lora: LoraSettings | None = None
    """Train adapters and the layers of the labels only; wants a learning rate of 2e-4 or more. None trains all weights."""

    @model_validator(mode="after")
    def _one_start(self) -> ModelConfig:
        if (self.name is None) == (self.scratch is None):
            raise ValueError("give either name (a pretrained model) or scratch (a model trained from nothing)")
        if self.lora and self.scratch:
            raise ValueError("lora is for pretrained models: the random weights of a new one would stay as they are")
        return self


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
    title: str | None = None
    """A title to set before the text, on a line of its own."""


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


class DataConfig(Section):
    """The labelled data: JSONL, JSON, CSV, TSV or Parquet, plain or .gz; a folder of those; or a hub dataset id."""

    train: str | list[str]
    """Training data: one or more files or folders, or a hub dataset (owner/name, or owner/name:config)."""
    dev: str | list[str] | None = None
    """Development data: chooses the best checkpoint. None splits it off the training data."""
    test: str | list[str] | None = None
    """Test data, scored once at the end. None splits it off where test_fraction is more than 0."""
    dev_fraction: Fraction = 0.1
    """Share of the training data that becomes dev where none is given."""
    test_fraction: Fraction = 0.0
    """Share of the training data that becomes test where none is given."""
    split: SplitConfig = SplitConfig()
    """By what these parts are cut off."""
    folds: Annotated[int, Field(ge=2)] | None = None
    """Cross-validation: so many trainings, each tested on the fold it did not see (also mujaz train --folds)."""
    fold: Positive | None = None
    """One of these folds alone."""
    split_seed: int = 0
    """Seed of those splits; its own, so that other training seeds see the same split."""
    columns: ColumnsConfig = ColumnsConfig()
    """How the columns are called."""
    labels: list[str] | None = None
    """The labels in the order of the logits; None takes those of the training data, sorted."""
    rename: dict[str, str] = {}
    """Labels that are called otherwise in some of the files: what they are there -> what they are to be."""
    max_train_rows: Positive | None = None
    """Take only so many training rows, drawn at random; for a quick try."""
    max_dev_rows: Positive | None = None
    """Score only so many dev rows while training; generating summaries is slow."""
    augmentation: AugmentationConfig | None = None
    """Shorter copies of the training texts (topic, stance)."""

    @model_validator(mode="after")
    def _one_test(self) -> DataConfig:
        given = "a test file" if self.test else "test_fraction" if self.test_fraction else "held_out"
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


class OptimizationConfig(Section):
    """How weights are trained, whatever they learn."""

    max_steps: Positive | None = None
    """Stop after so many steps, whatever epochs says."""
    batch_size: Positive | Literal["auto"] = 16
    """Rows a step and process; auto: as many as fit into memory, in steps that make up effective_batch_size."""
    gradient_accumulation: Positive = 1
    """Steps whose gradients are added up before an update."""
    effective_batch_size: Positive | None = None
    """Rows an update, for batch_size: auto."""
    learning_rate: Annotated[float, Field(gt=0)] = 3e-5
    """Peak learning rate."""
    warmup: Fraction = 0.1
    """Share of the steps over which the learning rate rises."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    """How the learning rate falls after the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Weight decay of AdamW."""
    optimizer: Literal["adamw_torch_fused", "adafactor"] = "adamw_torch_fused"
    """Optimizer; mT5 and T5 were pretrained with adafactor, which also needs far less memory."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: less memory, a fifth or so slower."""
    compile: bool = False
    """Compile the model with torch.compile; takes a minute or more at the start, so only for long trainings."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 autocast where the processor or GPU computes in it natively. Weights stay float32."""
    evaluations: Positive = 5
    """How often the dev data is scored and a checkpoint saved, over the whole training."""
    save_every: Positive | None = None
    """Besides, save a checkpoint to resume from every so many steps."""
    report_to: list[Tracker] = []
    """Send the curves to trackers as well, each an extra; tensorboard: into the folder tensorboard of the run."""
    seed: int = 13
    """Seed of everything random in training."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    @property
    def rows_at_once(self) -> int:
        """Rows a step and process, where they are a number by now."""
        if self.batch_size == "auto":
            raise UsageError("training.batch_size: auto was not found out yet; see mujaz.training.memory.fit_batch.")
        return self.batch_size

    @model_validator(mode="after")
    def _batch_is_clear(self) -> OptimizationConfig:
        if (self.batch_size == "auto") != (self.effective_batch_size is not None):
            raise ValueError("batch_size: auto and effective_batch_size go together: give both or neither")
        if self.batch_size == "auto" and self.gradient_accumulation > 1:
            raise ValueError("batch_size: auto finds gradient_accumulation itself: leave that out")
        return self


class FsdpConfig(Section):
    """Shard weights, gradients and optimizer over the processes (FSDP2), for models that do not fit on one GPU.

    Handed to transformers as it is; not yet run, for want of two GPUs.
    """

    reshard_after_forward: bool = True
    """Give the gathered weights back between forward and backward: less memory, more talk between the processes."""
    cpu_offload: bool = False
    """Keep the shards in the memory of the processor."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them."""


class TrainingConfig(OptimizationConfig):
    """How to fine-tune."""

    epochs: Annotated[float, Field(gt=0)] = 3.0
    """Passes over the training data."""
    label_smoothing: Fraction = 0.0
    """Label smoothing."""
    class_weights: Literal["none", "inverse", "effective"] = "none"
    """Weigh rows by the rarity of their label: one over its rows, or over their effective number (Cui et al. 2019)."""
    class_weights_beta: Fraction = 0.999
    """For effective: 0 weighs all labels alike, towards 1 it becomes inverse."""
    focal_gamma: Annotated[float, Field(ge=0)] = 0.0
    """Focal loss (Lin et al. 2017): above 0, rows that the model is sure of count less; 2 is usual."""
    group_by_length: bool = True
    """Rows of about the same length in a batch, so that less of it is padding; batches come in random order."""
    balanced_sampling: bool = False
    """Draw training rows so that every label comes equally often: rare rows are repeated, frequent ones left out."""
    fsdp: FsdpConfig | None = None
    """Several processes: shard the model over them; fsdp: {} takes the defaults. None keeps all of it in each."""
    patience: Positive | None = 3
    """Stop when dev has not become better in so many evaluations; None never stops early."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Below 1, each layer of an encoder learns at so much of the rate of the layer above it; 0.9 is usual."""
    freeze: Literal["embeddings"] | Positive | None = None
    """Do not train the embeddings; or, a number: them and so many of the lowest layers."""
    save_precision: Literal["float32", "bfloat16"] = "float32"
    """Number format of the saved weights; bfloat16 halves the files, at 3 significant digits."""


class IntermediateConfig(Section):
    """A training before the one proper, on other data of the same kind: entailment before stance, say."""

    data: DataConfig
    """What it learns from; for stance pairs of text and target, whatever the labels are called."""
    training: TrainingConfig = TrainingConfig()
    """How to train."""

    @model_validator(mode="after")
    def _is_one_training(self) -> IntermediateConfig:
        if self.data.folds:
            raise ValueError("the intermediate step is one training: leave data.folds out")
        return self


class DistillConfig(Section):
    """Learning from another model, the teacher: what it says of every training text (``mujaz distill``)."""

    teacher: str
    """A trained model of the same task: a folder, an embedded model or a hub id; a classifier with the same labels."""
    unlabelled: str | list[str] | None = None
    """Further texts without labels or summaries, which the teacher gives: files or folders, or a hub dataset."""
    columns: ColumnsConfig | None = None
    """How their columns are called; None takes data.columns."""
    temperature: Annotated[float, Field(gt=0)] = 2.0
    """Divides the logits of both before they are compared: above 1, what the teacher holds likely counts more."""
    weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the teacher in the loss of a labelled row; an unlabelled one learns from the teacher alone."""
    similarity: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a further loss: texts of a batch are to be as alike in the student's hidden states as in the teacher's."""
    min_confidence: Fraction = 0.0
    """Leave out unlabelled rows where the teacher's best label has a lower probability."""


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
    intermediate: IntermediateConfig | None = None
    """A step before it: trained first, in output/intermediate, and gone on from, with new labels (topic, stance)."""
    distill: DistillConfig | None = None
    """A teacher to learn from, besides the labels; for summaries, instead of the references."""
    calibration: CalibrationConfig = CalibrationConfig()
    """What happens to a classifier's probabilities after training."""
    generation: GenerationSettings = GenerationSettings()
    """How a summarizer generates."""
    licence: str | None = None
    """Goes into mujaz.json: the strictest term of the base model and the data."""
    search: SearchConfig | None = None
    """What mujaz search tries; mujaz train passes over it."""

    @model_validator(mode="after")
    def _augments_labels_only(self) -> TrainConfig:
        if self.task == "summary" and self.data.augmentation:
            raise ValueError("data.augmentation is for topic and stance: a summary is of the whole article")
        return self

    @model_validator(mode="after")
    def _intermediate_labels(self) -> TrainConfig:
        if self.task == "summary" and self.intermediate:
            raise ValueError(
                "intermediate is for topic and stance; give a summarizer's checkpoint as model.name instead"
            )
        return self

    @model_validator(mode="after")
    def _several_topics(self) -> TrainConfig:
        if self.task != "topic" and self.data.columns.label_separator:
            raise ValueError("data.columns.label_separator is for topic: a text has one stance, and a summary no label")
        return self

    @model_validator(mode="after")
    def _pairs_of_stance(self) -> TrainConfig:
        if self.task != "stance" and self.model.pair:
            raise ValueError(f"model.pair is for stance: a {self.task} model reads the text alone")
        return self

    @model_validator(mode="after")
    def _labels_to_balance(self) -> TrainConfig:
        settings = self.training
        if self.task == "summary" and (
            settings.class_weights != "none" or settings.focal_gamma or settings.balanced_sampling
        ):
            raise ValueError("class_weights, focal_gamma and balanced_sampling are for labels: task topic or stance")
        return self

    @model_validator(mode="after")
    def _layers_that_are_trained(self) -> TrainConfig:
        settings, unequal = self.training, self.training.layer_decay < 1
        if self.model.lora and settings.fsdp:
            raise ValueError("training.fsdp shards whole models: leave it or model.lora out")
        if self.model.lora and (unequal or settings.freeze is not None):
            raise ValueError("model.lora trains none of the model's own layers: leave layer_decay and freeze out")
        if self.model.scratch and settings.freeze is not None:
            raise ValueError("freeze is for pretrained models: the random weights of a new one would stay as they are")
        if self.task == "summary" and unequal:
            raise ValueError("layer_decay is for encoders: task topic or stance")
        return self
