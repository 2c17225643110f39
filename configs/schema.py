"""What a training config may say. Every field says what it is for; ``mujaz config-schema`` prints it for editors."""

from __future__ import annotations

from functools import reduce
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from mujaz.configs.data_schema import ColumnsConfig, DataConfig
from mujaz.configs.optimization_schema import TrainingConfig
from mujaz.configs.search_schema import SearchConfig
from mujaz.configs.sections import Fraction, Output, Positive, Section


class ScratchConfig(Section):
    """The shape of a small model that is trained from nothing, with a tokenizer trained on the training texts."""

    vocab_size: Positive = 12000
    """Pieces of the tokenizer."""
    hidden_size: Positive = 256
    """Width of the model."""
    layers: Positive = 3
    """Layers of the encoder."""
    decoder_layers: Positive | None = None
    """Layers of a summarizer's decoder; null takes as many as the encoder has. Fewer write faster."""
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


class StretchConfig(Section):
    """What a summarizer chooses that is made of an encoder; kept in ``mujaz.json`` as ``selection``.

    What is left out here, or null, is told from the training summaries, or is what suits headlines of editors.
    """

    words: Annotated[float, Field(gt=0)] | None = None
    """Middle length of a summary, in words."""
    shortest: Positive | None = None
    """Words at least."""
    longest: Positive | None = None
    """Words at most."""
    boundary: Annotated[float, Field(ge=0)] | None = None
    """What a factor of e in the probability of its start or end is worth, in F1."""
    stands: Annotated[float, Field(ge=0)] | None = None
    """The same of the probability that it can stand by itself, where that is taught (training.judged)."""
    clauses: Annotated[float, Field(ge=0)] | None = None
    """How much counts what rules say of where it may start and end; 1 is all, 0.5 suits where training.judged teaches it."""
    fragment: Annotated[float, Field(ge=0, le=1)] | None = None
    """A summary gets the finding ``fragment``, and is said as it stands in its article, where the probability that it can
    stand by itself is below this."""
    likely: Annotated[float, Field(ge=0, le=1)] | None = None
    """What rules can leave out of its middle stays where a summary has those words as likely as this."""

    @model_validator(mode="after")
    def _in_order(self) -> StretchConfig:
        if self.shortest and self.longest and self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest}) is more than longest ({self.longest})")
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
    pair: PairConfig | None = None
    """How text and target are put together (stance); None takes the checkpoint's own, or the text first, then the target."""
    prefix: str | None = None
    """What stands before each article, as 'summarize: ' for a T5 that knows its tasks by name; only of sequence-to-sequence
    models. None takes the checkpoint's own, which mostly is none: mT5 and AraT5 were not told theirs."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Dropout while training; None keeps the pretrained model's own, mostly 0.1. 0 is faster, and enough where the rows are
    many and read once or twice."""
    decoder_layers: Positive | None = None
    """Makes a summarizer that writes of a BERT: so many decoder layers are put behind it, which begin as layers of its own.
    None: an encoder becomes a summarizer that chooses a stretch of the article."""
    stretch: StretchConfig | None = None
    """How long what is chosen is to be, and how its boundaries count, where an encoder becomes a summarizer that chooses."""
    lora: LoraSettings | None = None
    """Train adapters and the layers of the labels only; wants a learning rate of 2e-4 or more. None trains all weights."""

    @model_validator(mode="after")
    def _one_start(self) -> ModelConfig:
        if (self.name is None) == (self.scratch is None):
            raise ValueError("give either name (a pretrained model) or scratch (a model trained from nothing)")
        if self.dropout is not None and self.scratch:
            raise ValueError("dropout is for pretrained models: that of a new one is scratch.dropout")
        if self.prefix and (self.scratch or self.decoder_layers):
            raise ValueError("prefix is for pretrained sequence-to-sequence models: a new one learns nothing from it")
        if self.decoder_layers and self.scratch:
            raise ValueError("decoder_layers is for pretrained encoders: a new model has scratch.decoder_layers")
        if self.stretch and (self.scratch or self.decoder_layers):
            raise ValueError("stretch is for encoders that choose; here a model is made that writes")
        if self.lora and self.scratch:
            raise ValueError("lora is for pretrained models: the random weights of a new one would stay as they are")
        return self


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

    teacher: str | Annotated[list[str], Field(min_length=1)]
    """A trained model of the same task: a folder, an embedded model or a hub id; a classifier with the same labels.
    Of several classifiers the mean of their probabilities is learnt."""
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

    @property
    def teachers(self) -> list[str]:
        """All of them."""
        return [self.teacher] if isinstance(self.teacher, str) else self.teacher

    @model_validator(mode="after")
    def _one_teacher_has_states(self) -> DistillConfig:
        if self.similarity and len(self.teachers) > 1:
            raise ValueError("distill.similarity is of one teacher's hidden states: name one, or leave similarity out")
        return self


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
    faithful: bool | None = None
    """Prefer of what the beam found what the article supports best: for small models, which invent. Stands in mujaz.json."""

    @model_validator(mode="after")
    def _lengths_in_order(self) -> GenerationSettings:
        if self.min_new_tokens and self.min_new_tokens > self.max_new_tokens:
            raise ValueError(f"min_new_tokens {self.min_new_tokens} is more than max_new_tokens {self.max_new_tokens}")
        return self


# Settings that mean something to some tasks alone.
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "model.decoder_layers": ("summary",),
    "model.stretch": ("summary",),
    "training.copy_attention": ("summary",),
    "training.whole_texts": ("summary",),
    "training.judged": ("summary",),
    "data.columns.judged": ("summary",),
    "generation": ("summary",),
    "calibration": ("topic", "stance"),
    "data.labels": ("topic", "stance"),
    "data.outliers": ("topic", "stance"),
    "data.rename": ("topic", "stance"),
    "data.support": ("summary",),
    **{f"distill.{name}": ("topic", "stance") for name in ("temperature", "weight", "similarity", "min_confidence")},
}


class TrainConfig(Section):
    """A fine-tuning job."""

    task: Literal["topic", "stance", "summary"]
    """What the model learns."""
    output: Output
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
    """Goes into mujaz.json: the strictest term of the base model and the data. None: what the base model's says."""
    search: SearchConfig | None = None
    """What mujaz search tries; mujaz train passes over it."""

    @model_validator(mode="after")
    def _settings_of_the_task(self) -> TrainConfig:
        idle = [
            f"{key} (for {' and '.join(to)})" for key, to in _ONLY_FOR.items() if self.task not in to and self._has(key)
        ]
        if self.task != "stance" and self.data.split.by == "target":
            idle.append("data.split.by: target (for stance)")
        if idle:
            raise ValueError(f"task {self.task} has no use for {', '.join(idle)}: leave out what is for other tasks")
        return self

    def _has(self, key: str) -> bool:
        """Whether a setting is other than where nothing is said of it."""
        *sections, name = key.split(".")
        section: Section | None = reduce(getattr, sections, self)
        return section is not None and getattr(section, name) != type(section).model_fields[name].default

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
    def _judged_stretches(self) -> TrainConfig:
        column, weight = self.data.columns.judged, self.training.judged
        if bool(column) != bool(weight):
            raise ValueError(
                "training.judged and data.columns.judged go together: give the weight and the column, or neither"
            )
        if weight and self.training.whole_texts:
            raise ValueError("training.judged stands in place of training.whole_texts: leave one of them out")
        if weight and (self.training.batch_size == "auto" or self.training.gradient_accumulation > 1):
            raise ValueError(
                "training.judged is learnt from whole batches, its loss being a mean over their stretches: "
                "give training.batch_size a number, and leave gradient_accumulation out"
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
        if self.task == "summary" and settings.fsdp:
            raise ValueError(
                "training.fsdp is for topic and stance: encoder and decoder share their embeddings, "
                "which accelerate 1.15 cannot shard"
            )
        if self.model.lora and settings.fsdp:
            raise ValueError("training.fsdp shards whole models: leave it or model.lora out")
        if self.model.lora and (unequal or settings.freeze is not None):
            raise ValueError("model.lora trains none of the model's own layers: leave layer_decay and freeze out")
        if self.model.scratch and settings.freeze is not None:
            raise ValueError("freeze is for pretrained models: the random weights of a new one would stay as they are")
        if self.task == "summary" and settings.mask_tokens:
            raise ValueError("mask_tokens is for labels: task topic or stance")
        if settings.keep_of_start and (self.model.scratch or self.model.lora or settings.fsdp):
            raise ValueError("keep_of_start is for whole pretrained models: leave it, or scratch, lora and fsdp, out")
        if settings.without_forgetting and (self.model.scratch or settings.fsdp or self.distill):
            raise ValueError("without_forgetting is for pretrained models: leave it, or scratch, fsdp and distill, out")
        if settings.without_forgetting == 1 and not (settings.judged or settings.whole_texts):
            raise ValueError(
                "without_forgetting: 1 learns nothing of the labels that the start knows: give less than 1"
            )
        if self.task == "summary" and unequal:
            raise ValueError("layer_decay is for labels: task topic or stance")
        return self

    @model_validator(mode="after")
    def _step_before_is_checked_too(self) -> TrainConfig:
        step = self.intermediate
        try:
            if step:
                TrainConfig(
                    task=self.task, output=self.output, model=self.model, data=step.data, training=step.training
                )
        except ValidationError as error:
            found = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
            raise ValueError(f"intermediate: {found}") from None
        return self
