"""BERTScore by the package bert-score, with any encoder on this machine. Needs the extra ``bertscore``.

bert-score 0.3.13 (2023) runs on transformers 5 but for two things, which are kept away from it here: a tokenizer without a
length limit overflows, so it gets the model's; an empty text asks for a method that is gone, so it scores 0 unencoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import evaluate
import numpy as np

from mujaz.errors import CheckpointError, MissingExtraError, UsageError
from mujaz.training.metrics.offline import OfflineMetric

# bert-score was tuned to layer 9 of the 12 of multilingual BERT, its default for Arabic.
LAYER_SHARE = 9 / 12
DEFAULT_LENGTH = 512  # tokens, where the configuration states no limit


class BertScore(OfflineMetric):
    """Mean precision, recall and F1 of the similarities of word pieces, 0-100. Not rescaled with a baseline.

    Only scores with the same encoder and layer can be compared. The encoder sees the texts as they are: one saved by mujaz
    prepares them with its own recipe.

    Example::

        BertScore().compute(predictions=["فاز الفريق"], references=["انتصر الفريق"], model="models/arabertv02")
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="BERTScore with an encoder on this machine.",
            citation="Zhang et al. 2020. BERTScore: Evaluating Text Generation with BERT.",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(
        self,
        predictions: Sequence[str],
        references: Sequence[str],
        model: str | Path = "",
        layer: int | None = None,
        batch_size: int = 32,
    ) -> dict[str, Any]:
        """Precision, recall and F1, and the encoder and layer they were made with.

        Args:
            predictions: Texts.
            references: One a prediction.
            model: Folder of an encoder, or of a sequence-to-sequence model, whose encoder is taken.
            layer: Which layer's output to compare; left out, the one at three quarters of the depth.
            batch_size: Texts encoded at once.

        Raises:
            CheckpointError: No such folder, or no such layer.
            MissingExtraError: bert-score is not installed.
        """
        scorer, layer = _load_scorer(Path(model), layer)
        full = [row for row, pair in enumerate(zip(predictions, references, strict=True)) if all(map(str.strip, pair))]
        scores = np.zeros((len(predictions), 3))
        if full:
            texts = [predictions[row] for row in full], [references[row] for row in full]
            scores[full] = np.stack([part.numpy() for part in scorer.score(*texts, batch_size=batch_size)], axis=1)
        means = dict(zip(("precision", "recall", "f1"), (100 * scores.mean(axis=0)).tolist(), strict=True))
        return {**means, "signature": f"bert-score|model:{Path(model).name}|layer:{layer}|rescaled:no"}


def _load_scorer(folder: Path, layer: int | None) -> tuple[Any, int]:
    """The package's scorer, and the layer it looks at."""
    try:
        import bert_score
    except ImportError as error:
        raise MissingExtraError("BERTScore", "bert-score", "bertscore") from error
    from transformers import AutoConfig

    from mujaz.models.loading import quiet_transformers

    if not (folder / "config.json").is_file():
        raise CheckpointError(f"BERTScore needs the folder of an encoder, found no config.json in '{folder}'")
    config = AutoConfig.from_pretrained(folder)
    if ("t5" in str(folder)) != ("t5" in config.model_type):
        raise UsageError(
            f"bert-score takes a model for a T5 by the letters 't5' in its path, and only then; '{folder}' holds a "
            f"{config.model_type} model: rename or link the folder"
        )
    depth = config.num_hidden_layers
    layer = round(LAYER_SHARE * depth) if layer is None else layer
    if not 0 < layer <= depth:
        raise CheckpointError(f"the encoder in '{folder}' has layers 1 to {depth}, asked was layer {layer}")
    with quiet_transformers():
        scorer = bert_score.BERTScorer(model_type=str(folder), num_layers=layer)
    scorer._model.float()  # a checkpoint in half precision is loaded as it is
    limit = getattr(config, "max_position_embeddings", None) or DEFAULT_LENGTH
    scorer._tokenizer.model_max_length = min(scorer._tokenizer.model_max_length, limit)
    return scorer, layer
