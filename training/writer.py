"""A summarizer that writes, made of an encoder that reads: BERT's weights in BART's places.

Rothe, Narayan and Severyn (2020, "Leveraging Pre-trained Checkpoints for Sequence Generation Tasks") begin both halves of an
encoder-decoder with BERT's weights; only the attention from one to the other is new. BERT's layers are BART's (layer norms
behind, learned positions, GELU), so that what comes out is a plain BART. Its encoder computes what BERT computed but for the
last digits: BART's layer norms have an epsilon of 1e-5.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedModel, PreTrainedTokenizerBase

from mujaz.errors import UsageError

_OFFSET = 2  # rows that BART's table of positions has in front
_SAME = {
    "self_attn.q_proj": "attention.self.query",
    "self_attn.k_proj": "attention.self.key",
    "self_attn.v_proj": "attention.self.value",
    "self_attn.out_proj": "attention.output.dense",
    "self_attn_layer_norm": "attention.output.LayerNorm",
    "fc1": "intermediate.dense",
    "fc2": "output.dense",
    "final_layer_norm": "output.LayerNorm",
}


def writer_of(
    bert: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, decoder_layers: int, seed: int
) -> BartForConditionalGeneration:
    """A BART whose encoder and decoder begin as a BERT.

    Args:
        bert: An encoder of BERT's architecture; it stays as it is.
        tokenizer: Its tokenizer; becomes one that a sequence-to-sequence model can have, in place.
        decoder_layers: At most as many as the encoder has; they begin as layers spread over all of it, the first and the
            last among them.
        seed: Of the attention from decoder to encoder, which is new.

    Raises:
        UsageError: it is no BERT, or has too few layers.
    """
    config: Any = bert.config
    if config.model_type != "bert":
        raise UsageError(f"model.decoder_layers makes a summarizer of a BERT; this is {config.model_type}.")
    if decoder_layers > config.num_hidden_layers:
        raise UsageError(
            f"model.decoder_layers: expected at most {config.num_hidden_layers}, as many as {config.model_type} has here; "
            f"found {decoder_layers}."
        )
    begin_and_end(tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        writer = BartForConditionalGeneration(_bart_config(config, tokenizer, decoder_layers))
    writer.generation_config.forced_bos_token_id = tokenizer.bos_token_id
    _copy(bert.base_model, writer.model, config.num_hidden_layers)
    writer.tie_weights()
    return writer


def begin_and_end(tokenizer: PreTrainedTokenizerBase) -> None:
    """Let BERT's tokens around a text be those that a written text begins and ends with, in place."""
    tokenizer.bos_token, tokenizer.eos_token = tokenizer.cls_token, tokenizer.sep_token
    tokenizer.model_input_names = ["input_ids", "attention_mask"]  # BART knows no segments


def _bart_config(config: Any, tokenizer: PreTrainedTokenizerBase, decoder_layers: int) -> BartConfig:
    return BartConfig(
        vocab_size=config.vocab_size,
        d_model=config.hidden_size,
        encoder_layers=config.num_hidden_layers,
        decoder_layers=decoder_layers,
        encoder_attention_heads=config.num_attention_heads,
        decoder_attention_heads=config.num_attention_heads,
        encoder_ffn_dim=config.intermediate_size,
        decoder_ffn_dim=config.intermediate_size,
        max_position_embeddings=config.max_position_embeddings,
        activation_function=config.hidden_act,
        dropout=config.hidden_dropout_prob,
        attention_dropout=0.0,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,  # as BART begins: </s> <s> text </s>
        forced_eos_token_id=None,
    )


@torch.no_grad()
def _copy(bert: Any, bart: Any, layers: int) -> None:
    table = bert.embeddings
    bart.shared.weight.copy_(table.word_embeddings.weight)
    for side in (bart.encoder, bart.decoder):
        first_segment = table.token_type_embeddings.weight[0]  # of every token: BART has no segments
        side.embed_positions.weight[_OFFSET:].copy_(table.position_embeddings.weight + first_segment)
        side.layernorm_embedding.load_state_dict(table.LayerNorm.state_dict())
        last = len(side.layers) - 1
        for number, layer in enumerate(side.layers):
            source = bert.encoder.layer[round(number * (layers - 1) / max(1, last))]
            for name, of_bert in _SAME.items():
                layer.get_submodule(name).load_state_dict(source.get_submodule(of_bert).state_dict())
