"""What a pretraining config may say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from mujaz.configs.optimization_schema import OptimizationConfig
from mujaz.configs.schema import ScratchConfig
from mujaz.configs.sections import Fraction, Output, Positive, Section

_BESIDE_A_NAME = ("name", "sequence_length", "dropout")


class PretrainDataConfig(Section):
    """The text: rows of data files, streamed; each row is one document."""

    train: str | list[str]
    """One or more files or folders."""
    columns: list[str] = Field(default_factory=lambda: ["title", "summary", "text"])
    """Columns that hold text; those that a file has are joined to one document, in this order, a line each."""
    exclude: str | list[str] | None = None
    """Files whose texts must not be trained on (dev and test data): what equals one of theirs is left out."""
    held_out: Fraction = 0.005
    """Share of the documents kept apart, to tell the loss on text that was not seen."""


class PretrainTokenizerConfig(Section):
    """The tokenizer that is trained first."""

    texts: Positive = 20_000
    """Documents to train it on, drawn at random."""


class PretrainModelConfig(ScratchConfig):
    """The shape of the model, or the encoder to go on with."""

    name: str | None = None
    """Go on with this encoder, on other text: a folder, preset or hub id. Its shape and tokenizer stay, and its recipe if
    ``recipe`` is auto; of the rest of this section only sequence_length and dropout count. None starts from nothing."""
    sequence_length: Annotated[int, Field(ge=8)] = 128
    """Tokens of a row, special tokens included: of packed text for an encoder, of one document for an encoder-decoder."""
    max_positions: Positive = 512
    """Positions of an encoder: the longest text it can be fine-tuned on. All are trained, see training/masking.py."""
    dropout: Fraction = 0.0
    """Dropout while pretraining; none is best where the text is read once or twice. The saved model has 0.1."""
    prime_embeddings: bool = True
    """Start an encoder from piece embeddings made of co-occurrence counts instead of random ones; see
    training/embeddings.py."""
    prime_neighbours: bool = True
    """Start an encoder with heads that look at the words beside a word instead of random ones; see
    training/neighbours.py."""

    @model_validator(mode="after")
    def _one_shape(self) -> PretrainModelConfig:
        fields = type(self).model_fields
        given = [key for key in fields if key not in _BESIDE_A_NAME and getattr(self, key) != fields[key].default]
        if self.name and given:
            raise ValueError(f"the model of name has its shape already: leave {', '.join(given)} out")
        return self


class MaskingConfig(Section):
    """What an encoder has to guess."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the tokens that are to be guessed; whole words, drawn anew whenever a row is read."""
    kept: Fraction = 0.1
    """Share of those words that are shown as they are."""
    replaced: Fraction = 0.1
    """Share of those words that are shown as random pieces; the rest is shown as [MASK]."""
    sampled_pieces: Positive | None = None
    """Score a guess against so many pieces drawn at each step; null: against the whole vocabulary. A small encoder trains
    1.7 times as fast with 4000 (training/sampled_pieces.py). Evaluation takes all."""

    @model_validator(mode="after")
    def _some_masked(self) -> MaskingConfig:
        if self.kept + self.replaced >= 1:
            raise ValueError(f"kept {self.kept} and replaced {self.replaced} leave nothing to mask")
        return self


class DenoisingConfig(Section):
    """What an encoder-decoder has to write; see training/denoising.py."""

    gap_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the rows from which whole sentences are taken out; from the others spans. Drawn anew at each reading."""
    noise: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the tokens of a row that spans take out."""
    mean_span: Annotated[float, Field(ge=1)] = 3.0
    """Mean length of a span in tokens."""
    sentences: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the sentences of a row that are taken out, the principal ones; at least one, and never all."""
    kept: Fraction = 0.0
    """Share of those sentences that stand in the input all the same, so that copying is learned too (PEGASUS: 0.2)."""


class PretrainingConfig(OptimizationConfig):
    """How to train."""

    passes: Annotated[float, Field(gt=0)] = 2.0
    """Passes over the text."""
    batch_size: Positive = 32
    """Rows a step."""
    effective_batch_size: None = None
    """For trainings alone: here batch_size is a number."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Peak learning rate."""
    warmup: Fraction = 0.05
    """Share of the steps over which the learning rate rises."""
    evaluations: Positive = 10
    """How often the loss on held-out text is measured and a checkpoint saved, over the whole training."""

    @field_validator("effective_batch_size", mode="before")
    @classmethod
    def _for_trainings(cls, value: Any) -> Any:
        if value is not None:
            raise ValueError(
                "a pretraining has no such setting: leave it out, and give batch_size, gradient_accumulation"
            )
        return value


class PretrainConfig(Section):
    """A pretraining job: text in, a tokenizer and a model out."""

    objective: Literal["masked-words", "denoising"]
    """masked-words trains an encoder (BERT), denoising an encoder-decoder (T5)."""
    output: Output
    """Folder of the run: the checkpoint, metrics.json, the resolved config, the tokenized text."""
    recipe: str = "auto"
    """Text recipe; it becomes the tokenizer's normalizer. auto: that of model.name; else news-folded for an encoder, news
    for an encoder-decoder, which must write letters as they are."""
    model: PretrainModelConfig
    """The shape of the model."""
    data: PretrainDataConfig
    """The text."""
    tokenizer: PretrainTokenizerConfig = PretrainTokenizerConfig()
    """The tokenizer, of a model from nothing."""
    masking: MaskingConfig = MaskingConfig()
    """What an encoder has to guess."""
    denoising: DenoisingConfig | None = None
    """What an encoder-decoder has to write; null takes the defaults."""
    training: PretrainingConfig = PretrainingConfig()
    """How to train."""
    licence: str | None = None
    """Goes into mujaz.json: the strictest term of the text."""

    @model_validator(mode="after")
    def _suits_the_objective(self) -> PretrainConfig:
        encoder = self.objective == "masked-words"
        if encoder and self.denoising:
            raise ValueError(
                "the section denoising belongs to objective: denoising; masking says what an encoder guesses"
            )
        if self.model.name and not encoder:
            raise ValueError("model.name is for objective: masked-words; an encoder-decoder starts from nothing")
        length, positions = self.model.sequence_length, self.model.max_positions
        if encoder and length > positions:
            raise ValueError(f"model.sequence_length {length} is more than model.max_positions {positions}")
        if self.recipe == "auto" and not self.model.name:
            self.recipe = "news-folded" if encoder else "news"
        if not encoder:
            self.denoising = self.denoising or DenoisingConfig()
        return self
