"""Examples as the Trainer reads them: token ids, label ids, lengths; and batches of them as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import datasets
import numpy as np
import torch
from transformers import PreTrainedModel

from mujaz.models.encoding import Encoding, TextEncoder, padded_batch
from mujaz.training.data import Example
from mujaz.training.label_sets import label_matrix

IGNORED = -100  # what torch's cross entropy skips
UNSURE = -1  # of a text that has none of the labels (data.outliers)

# Columns of what a teacher says, see training/distillation.py.
TAUGHT = ("teacher_share", "teacher_logits", "teacher_states")
_CHUNK = 2000  # texts tokenized at once, so that not all of them are held twice


def encode_classification(
    examples: Sequence[Example], encoder: TextEncoder, labels: Sequence[str], *, pairs: bool
) -> datasets.Dataset:
    """Columns input_ids, token_type_ids, truncated, length, label: an index into ``labels``, or 0.0 or 1.0 for each.

    The label of a text that has none of them is ``UNSURE``.
    """
    index = {label: i for i, label in enumerate(labels)}
    columns = _encode_inputs(examples, encoder, pairs=pairs)
    if examples and examples[0].labels is not None:
        columns["label"] = label_matrix([e.labels or () for e in examples], labels).astype(np.float32).tolist()
    else:
        columns["label"] = [UNSURE if e.label is None else index[e.label] for e in examples]
    return datasets.Dataset.from_dict(columns)


def encode_summaries(examples: Sequence[Example], encoder: TextEncoder, max_target_length: int) -> datasets.Dataset:
    """Columns input_ids, token_type_ids, truncated, length, label (token ids of the reference summary)."""
    columns = _encode_inputs(examples, encoder, pairs=False)
    columns["label"] = encoder.labels([e.summary or "" for e in examples], max_target_length) if examples else []
    return datasets.Dataset.from_dict(columns)


def _encode_inputs(examples: Sequence[Example], encoder: TextEncoder, *, pairs: bool) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"input_ids": [], "token_type_ids": [], "truncated": [], "length": []}
    for start in range(0, len(examples), _CHUNK):
        chunk = examples[start : start + _CHUNK]
        targets = [e.target or "" for e in chunk] if pairs else None
        for encoding in encoder([e.text for e in chunk], targets):
            columns["input_ids"].append(encoding.input_ids)
            columns["token_type_ids"].append(encoding.token_type_ids)
            columns["truncated"].append(encoding.truncated)
            columns["length"].append(len(encoding.input_ids))
    return columns


def with_filler(rows: datasets.Dataset) -> datasets.Dataset:
    """The rows, and one more without a label: its loss is 0, and it fills up the last batches of several processes."""
    row = rows[int(np.argmin(rows["length"]))]
    label = row["label"]
    filler = {**row, "label": _ignored(label)}
    one = datasets.Dataset.from_dict({name: [value] for name, value in filler.items()}, features=rows.features)
    return datasets.concatenate_datasets([rows, one])


def _ignored(label: Any) -> Any:
    return [_ignored(part) for part in label] if isinstance(label, list) else IGNORED


def _padded_labels(labels: list[Any]) -> torch.Tensor:
    """One label a row; several; or several a token, padded with what the loss ignores to (batch, longest, outputs)."""
    if not isinstance(labels[0], list) or not isinstance(labels[0][0], list):
        return torch.tensor(labels)
    return torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(label, dtype=torch.float32) for label in labels], batch_first=True, padding_value=IGNORED
    )


@dataclass(frozen=True)
class Collator:
    """Pads a batch to its longest row; reference summaries are padded with what the loss ignores.

    Attributes:
        encoder: Knows the padding token and whether segments are told apart.
        model: For a summarizer: shifts the reference summaries to the right.
    """

    encoder: TextEncoder
    model: PreTrainedModel

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """One batch: input_ids and attention_mask (batch, longest); labels (batch,), (batch, labels) or, for each token,
        (batch, longest, outputs).

        Where a teacher is learnt from, also what training/distillation.py adds to the rows.

        For a summarizer that writes labels (batch, longest summary), and decoder_input_ids of the same shape.
        """
        tokenizer = self.encoder.tokenizer
        token_types = "token_type_ids" in tokenizer.model_input_names
        encodings = [Encoding(row["input_ids"], row["token_type_ids"], False) for row in rows]
        batch = padded_batch(encodings, tokenizer.pad_token_id, token_types=token_types)
        labels = [row["label"] for row in rows]
        if not self.model.config.is_encoder_decoder:
            taught = {name: torch.tensor([row[name] for row in rows]) for name in TAUGHT if name in rows[0]}
            return {**batch, **taught, "labels": _padded_labels(labels)}
        longest = max(map(len, labels))
        padded = torch.tensor([ids + [IGNORED] * (longest - len(ids)) for ids in labels])
        # A loss of our own takes the labels away from the model, which then cannot shift them itself.
        decoder_input_ids = self.model.prepare_decoder_input_ids_from_labels(labels=padded)  # type: ignore[operator]
        return {**batch, "labels": padded, "decoder_input_ids": decoder_input_ids}
