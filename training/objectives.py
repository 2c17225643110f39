"""What a pretraining teaches: an encoder to guess masked words, or an encoder-decoder to write what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from mujaz.configs.pretrain_schema import DenoisingConfig, PretrainConfig
from mujaz.configs.schema import GenerationSettings
from mujaz.models.raw_checkpoints import sentinels
from mujaz.models.recipes import get_recipe
from mujaz.training.arguments import generation_config
from mujaz.training.article_shards import ArticleRows, write_article_shards
from mujaz.training.callbacks import Report
from mujaz.training.continuing import Origin
from mujaz.training.denoising import Denoise, sentinels_needed
from mujaz.training.embeddings import prime_embeddings
from mujaz.training.masking import MaskWords
from mujaz.training.neighbours import prime_neighbours
from mujaz.training.pretrain_shards import SPECIAL, PackedRows, ShardedRows, write_shards
from mujaz.training.pretrain_texts import Document
from mujaz.training.sampled_pieces import PieceSample, piece_counts
from mujaz.training.scratch import new_masked_lm, new_seq2seq, train_unigram, train_wordpiece

FINE_TUNING_DROPOUT = 0.1  # of BERT and T5: pretrained without, the model is fine-tuned with it


class Objective(Protocol):
    """What differs from one objective to the other.

    Attributes:
        max_length: Longest input of the model in tokens, for ``mujaz.json``.
        rows_are: How long rows are, for people.
        depends: What tokenizer and shards depend on beyond text, recipe, sizes and seed.
    """

    max_length: int
    rows_are: str
    depends: list[Any]

    def train_tokenizer(self, texts: Iterable[str]) -> PreTrainedTokenizerBase:
        """A new tokenizer."""

    def write(
        self, folder: Path, documents: Iterable[Document], tokenizer: PreTrainedTokenizerBase, fingerprint: str
    ) -> None:
        """Tokenize documents into shards."""

    def rows(self, folder: Path, split: str, length: int | None = None, seed: int | None = None) -> ShardedRows:
        """Open shards; see :class:`~mujaz.training.pretrain_shards.ShardedRows`."""

    def new_model(self, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
        """A model with random weights, or the one to go on with."""

    def prime(self, model: PreTrainedModel, rows: Any, tokenizer: PreTrainedTokenizerBase, say: Report) -> None:
        """Set what can be set before the training; in place."""

    def collator(self, tokenizer: PreTrainedTokenizerBase, rows: Any) -> Callable[[Any], dict[str, Any]]:
        """Makes a batch of rows of such a training set."""

    def finish(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig | None:
        """Make a trained model ready to be saved, in place; how it generates, if it does."""


class MaskedWordsObjective:
    """An encoder that guesses masked words; see training/masking.py."""

    def __init__(self, config: PretrainConfig, origin: Origin) -> None:
        """For a config of this objective, and what it starts from."""
        self.config, self.shape, self.seed = config, config.model, config.training.seed
        self.origin = origin
        self.max_length = origin.positions or config.model.max_positions
        self.rows_are = f"rows of {config.model.sequence_length}"
        self.depends: list[Any] = []

    def train_tokenizer(self, texts: Iterable[str]) -> PreTrainedTokenizerBase:
        """WordPiece."""
        return train_wordpiece(texts, self.shape.vocab_size)

    def write(
        self, folder: Path, documents: Iterable[Document], tokenizer: PreTrainedTokenizerBase, fingerprint: str
    ) -> None:
        """Packed rows."""
        separator = int(tokenizer.sep_token_id or 0)
        write_shards(folder, documents, tokenizer, separator, self.shape.sequence_length - SPECIAL, fingerprint)

    def rows(self, folder: Path, split: str, length: int | None = None, seed: int | None = None) -> PackedRows:
        """Packed rows."""
        return PackedRows(folder, split, length, seed)

    def new_model(self, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
        """A BERT; or the one to go on with."""
        if self.origin.folder:
            model = self.origin.model(self.shape.dropout)
            model.set_attn_implementation("eager")  # see new_masked_lm
            return model
        return new_masked_lm(self.shape, tokenizer, self.max_length, self.seed)

    def prime(self, model: PreTrainedModel, rows: Any, tokenizer: PreTrainedTokenizerBase, say: Report) -> None:
        """Embeddings from co-occurrence, and heads that look at neighbours, where the config asks for them from nothing."""
        if self.origin.folder:
            return
        if self.shape.prime_embeddings:
            say("counting which pieces stand near each other, for the embeddings")
            prime_embeddings(model, rows.shards, tokenizer.all_special_ids, self.seed)
        if self.shape.prime_neighbours:
            prime_neighbours(model, self.seed)

    def collator(self, tokenizer: PreTrainedTokenizerBase, rows: Any) -> MaskWords:
        """Masks words."""
        masking = self.config.masking
        sample = None
        if masking.sampled_pieces:
            counts = piece_counts(rows.shards, len(tokenizer))
            sample = PieceSample(counts, masking.sampled_pieces, tokenizer.all_special_ids)
        return MaskWords(tokenizer, masking, self.max_length, self.seed, sample=sample)

    def finish(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        """With BERT's dropout."""
        model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = FINE_TUNING_DROPOUT


class DenoisingObjective:
    """An encoder-decoder that writes what is missing; see training/denoising.py."""

    def __init__(self, config: PretrainConfig) -> None:
        """For a config of this objective."""
        self.shape, self.training, self.recipe = config.model, config.training, get_recipe(config.recipe)
        self.noise = config.denoising or DenoisingConfig()
        self.max_length = config.model.sequence_length
        self.rows_are = f"a row a document of up to {self.max_length}"
        self.sentinels = sentinels_needed(self.max_length - SPECIAL, self.noise)
        self.depends = ["denoising", self.sentinels]

    def train_tokenizer(self, texts: Iterable[str]) -> PreTrainedTokenizerBase:
        """Unigram, with as many sentinels as the longest row needs."""
        return train_unigram(texts, self.shape.vocab_size, self.sentinels)

    def write(
        self, folder: Path, documents: Iterable[Document], tokenizer: PreTrainedTokenizerBase, fingerprint: str
    ) -> None:
        """Beginnings of documents."""
        write_article_shards(folder, documents, tokenizer, self.recipe, self.max_length - SPECIAL, fingerprint)

    def rows(self, folder: Path, split: str, length: int | None = None, seed: int | None = None) -> ArticleRows:
        """Beginnings of documents."""
        return ArticleRows(folder, split, length, seed, self.training.rows_at_once)

    def new_model(self, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
        """A T5; with ``prime_copying`` it copies already."""
        return new_seq2seq(self.shape, tokenizer, self.training.seed)

    def prime(self, model: PreTrainedModel, rows: Any, tokenizer: PreTrainedTokenizerBase, say: Report) -> None:
        """Nothing: new_seq2seq did it."""

    def collator(self, tokenizer: PreTrainedTokenizerBase, rows: Any) -> Denoise:
        """Takes spans or sentences out."""
        return Denoise(tokenizer, self.noise, self.training.seed)

    def finish(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
        """With T5's dropout, and settings that never generate a sentinel."""
        model.config.dropout_rate = FINE_TUNING_DROPOUT
        settings = generation_config(GenerationSettings(), model.generation_config)
        settings.suppress_tokens = sorted({*sentinels(tokenizer), int(tokenizer.mask_token_id or 0)})
        return settings


def objective_of(config: PretrainConfig, origin: Origin) -> Objective:
    """The objective that a config names, for a pretraining that starts from ``origin``."""
    encoder = config.objective == "masked-words"
    return MaskedWordsObjective(config, origin) if encoder else DenoisingObjective(config)
