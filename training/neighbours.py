"""Attention to the words beside a word, before any training; benchmarks/RESULTS.md has what it brings.

A small encoder with random weights guesses masked words from what a text is about, and stays at that loss for thousands of
steps: that a head looks one position back is learnt late, and all that hangs on the order of words waits for it. Trained
encoders have such heads (Clark, Khandelwal, Levy & Manning 2019, "What Does BERT Look At?", section 3.2). Here the weights
start out with them, as in mimetic initialization (Trockman & Kolter 2023, "Mimetic Initialization of Self-Attention
Layers"); training goes on from there, nothing is frozen, and the architecture stays BERT's.

Positions are sinusoids, for which a step is a rotation (Vaswani et al. 2017, "Attention Is All You Need", section 3.5), in a
random subspace that words leave free, as wide as a head, but at most a quarter of the model. With B that subspace, R(d) the
rotation by d positions and x a token after the first normalization, a head has queries ``a R(d) B x`` and keys ``a B x``:
their product is largest d positions away. Its values are a random part of what stands there, and go into a random part of
the token that looks.

The layer before the scores of all pieces starts as the identity, so that what reads like a piece's embedding names it.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from transformers import PreTrainedModel

from mujaz.training.copying import orthonormal

OFFSETS = ((-1, 1, -2, 2), (-1, 1))  # where the heads of the first layers look; those beyond stay random
PEAK = 8.0  # the attention score of that place, others being around 0
POSITION = 0.7  # norm of a position's embedding, beside that of a word
BESIDE = 0.5  # how much of a neighbour is written beside a token
_MOST = 8  # a wave for so many dimensions: three quarters and more are left to words
_SLOWEST, _FASTEST = 0.05, math.pi - 0.05  # radians a position; frequencies are drawn evenly between


@torch.no_grad()
def prime_neighbours(model: PreTrainedModel, seed: int) -> None:
    """Set positions, some heads of the first layers and the head's first layer of a new masked language model; in place.

    Args:
        model: A BERT whose word embeddings are there already (training/embeddings.py); its head is tied to them.
        seed: Of the random projections.
    """
    config: Any = model.config
    bert: Any = model.base_model
    generator = torch.Generator().manual_seed(seed)
    width, size = config.hidden_size, config.hidden_size // config.num_attention_heads
    waves = min(size // 2, width // _MOST)
    if not waves:  # so narrow a head has no room for a place
        return
    basis = orthonormal(2 * waves, width, generator)  # B
    frequencies = torch.rand(waves, generator=generator) * (_FASTEST - _SLOWEST) + _SLOWEST
    loudness = _place_positions(bert.embeddings, basis, frequencies)
    sharpness = math.sqrt(PEAK * math.sqrt(size)) / loudness  # a
    for layer, offsets in zip(bert.encoder.layer, OFFSETS, strict=False):
        for head, offset in enumerate(offsets[: config.num_attention_heads]):
            rows = slice(head * size, head * size + 2 * waves)
            attention, output = layer.attention.self, layer.attention.output.dense
            attention.query.weight[rows] = sharpness * _rotation(frequencies * offset) @ basis
            attention.key.weight[rows] = sharpness * basis
            attention.value.weight[rows] = orthonormal(2 * waves, width, generator)
            output.weight[:, rows] = BESIDE * orthonormal(2 * waves, width, generator).T
    transform: Any = model.get_submodule("cls.predictions.transform.dense")
    transform.weight += torch.eye(width)


def _place_positions(embeddings: Any, basis: torch.Tensor, frequencies: torch.Tensor) -> float:
    """Take the rest out of the positions' subspace, and set positions; how large they are after the normalization."""
    words, types = embeddings.word_embeddings.weight, embeddings.token_type_embeddings.weight
    for others in (words, types):
        others -= others @ basis.T @ basis
    positions = embeddings.position_embeddings.weight
    angles = torch.arange(len(positions))[:, None] * frequencies  # (positions, waves)
    waves = torch.cat([angles.cos(), angles.sin()], dim=1) / math.sqrt(len(frequencies))
    positions.copy_(POSITION * words.norm(dim=1).mean() * waves @ basis)
    normalized = embeddings.LayerNorm(words + positions[0] + types[0])
    return float((normalized @ basis.T).norm(dim=1).mean())


def _rotation(angles: torch.Tensor) -> torch.Tensor:
    """By an angle for each wave, (2 waves, 2 waves): cosines first, then sines."""
    cosines, sines = angles.cos().diag(), angles.sin().diag()
    return torch.cat([torch.cat([cosines, -sines], dim=1), torch.cat([sines, cosines], dim=1)])
