"""Plain torch: always there, and what the other engines are checked against."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import GenerationConfig, PreTrainedTokenizerBase

from mujaz.models.batching import CPU_BATCH_TOKENS, GPU_BATCH_TOKENS, LENGTH_STEP
from mujaz.models.encoding import Encoding, padded_batch
from mujaz.models.engines.base import Allowed, ClassifierEngine, Hypothesis
from mujaz.models.engines.lanes import lanes_of, off_the_forked_thread
from mujaz.models.engines.lean_encoder import PackedProduct, is_lean_kind, lean_copy, packs_weights
from mujaz.models.machine import dtype_name, thread_count

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Article tokens a batch. Every article is decoded num_beams times at once, so these are smaller than a classifier's.
CPU_ARTICLE_TOKENS = 2048
GPU_ARTICLE_TOKENS = 16384

# Padded tokens a batch with packed weights. oneDNN shares products with 400 to 1,400 rows badly between two cores; above
# 4,096 tokens the memory of a batch is fetched from the system and returned each time.
PACKED_BATCH_TOKENS = 3072
# One thread alone shares nothing, and its products are quickest while their results stay in the cache.
PACKED_LANE_TOKENS = 1536

_PACKING = threading.Lock()


def describe(model: PreTrainedModel) -> str:
    """``cpu, bfloat16, 2 threads``."""
    threads = f", {thread_count(torch.get_num_threads())}" if model.device.type == "cpu" else ""
    return f"{model.device.type}, {dtype_name(model.dtype)}{threads}"


class TorchClassifier(ClassifierEngine):
    """A classifier's forward pass.

    Attributes:
        all_tokens: Whether it labels all tokens of a text, not the text by its first.
    """

    all_tokens = False

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        """Compute with ``model``, where and in what it is."""
        self.model = model
        self.pad_token_id = tokenizer.pad_token_id
        self.token_types = "token_type_ids" in tokenizer.model_input_names
        self._packed: PreTrainedModel | None = None

    def _run(self) -> PreTrainedModel:
        """The model; with its weights packed, from the first batch on, where that helps: later changes do not reach them."""
        if not self.packs:
            return self.model
        with _PACKING:  # the first batches of several lanes come at once
            self._packed = self._packed or lean_copy(self.model, PackedProduct, all_tokens=self.all_tokens)
        return self._packed

    @property
    def packs(self) -> bool:
        """Whether the weights are packed, which the model and this machine have to allow."""
        return is_lean_kind(self.model) and packs_weights(self.model)

    @property
    def batch_tokens(self) -> int:
        """Padded tokens a batch."""
        if self.packs:
            return PACKED_LANE_TOKENS if torch.get_num_threads() == self.lanes else PACKED_BATCH_TOKENS
        return CPU_BATCH_TOKENS if self.model.device.type == "cpu" else GPU_BATCH_TOKENS

    @property
    def length_step(self) -> int:
        """What lengths are rounded up to."""
        return LENGTH_STEP if self.packs else 1

    @property
    def lanes(self) -> int:
        """Batches at once."""
        return lanes_of(torch.get_num_threads()) if self.model.device.type == "cpu" else 1

    @property
    def description(self) -> str:
        """Device, number format, threads."""
        return describe(self.model) + (", packed weights" if self.packs else "")

    @off_the_forked_thread
    @torch.inference_mode()
    def logits(self, batch: Sequence[Encoding]) -> NDArray[np.float32]:
        """Scores of one batch, shape (batch, labels); of all tokens (batch, tokens, labels), padding among them."""
        most = getattr(self.model.config, "max_position_embeddings", 0)
        tensors = padded_batch(batch, self.pad_token_id, token_types=self.token_types, step=self.length_step, most=most)
        model = self._run()
        scores = model(**{key: tensor.to(model.device) for key, tensor in tensors.items()}).logits
        return np.asarray(scores.float().cpu().numpy())


class TorchGenerator:
    """``model.generate``."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        """Generate with ``model``, where and in what it is."""
        self.model = model
        self.pad_token_id = tokenizer.pad_token_id

    @property
    def batch_tokens(self) -> int:
        """Padded article tokens a batch."""
        return CPU_ARTICLE_TOKENS if self.model.device.type == "cpu" else GPU_ARTICLE_TOKENS

    @property
    def description(self) -> str:
        """Device, number format, threads."""
        return describe(self.model)

    def generate(self, batch: Sequence[Encoding], settings: GenerationConfig) -> list[list[Hypothesis]]:
        """Texts for one batch of articles; see :class:`~mujaz.models.engines.base.GenerationEngine`."""
        return self._generate(batch, settings)

    def generate_within(
        self, batch: Sequence[Encoding], settings: GenerationConfig, allowed: Sequence[Allowed]
    ) -> list[list[Hypothesis]]:
        """The same within what is allowed; see :class:`~mujaz.models.engines.base.ConstrainedEngine`."""

        def may_follow(row: int, ids: torch.Tensor) -> list[int]:
            return allowed[row](ids.tolist())

        return self._generate(batch, settings, prefix_allowed_tokens_fn=may_follow)

    @off_the_forked_thread
    @torch.inference_mode()
    def _generate(
        self, batch: Sequence[Encoding], settings: GenerationConfig, **constraint: Any
    ) -> list[list[Hypothesis]]:
        tensors = padded_batch(batch, self.pad_token_id, token_types=False)
        settings = GenerationConfig.from_dict(settings.to_dict())
        settings.return_dict_in_generate = True
        settings.output_scores = (settings.num_beams or 1) > 1
        inputs = {key: tensor.to(self.model.device) for key, tensor in tensors.items()}
        model: Any = self.model  # its annotations do not know what generate returns
        output = model.generate(**inputs, generation_config=settings, **constraint)
        rows = [[int(i) for i in row if i != self.pad_token_id] for row in output.sequences.tolist()]
        found = getattr(output, "sequences_scores", None)
        scores = [None] * len(rows) if found is None else found.float().tolist()
        each = len(rows) // len(batch)
        hypotheses = [Hypothesis(ids, score) for ids, score in zip(rows, scores, strict=True)]
        return [hypotheses[i : i + each] for i in range(0, len(hypotheses), each)]
