"""Small models from nothing: a tokenizer trained on the training texts and a network with random weights."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from mujaz.configs.schema import ScratchConfig
from mujaz.training.copying import prime_copying

PLACEHOLDERS = ("[رابط]", "[بريد]", "[مستخدم]")
MOST_CHARACTERS = 400  # of an alphabet: Arabic, Latin, digits, punctuation, common emoji


def train_wordpiece(texts: Iterable[str], vocab_size: int) -> PreTrainedTokenizerBase:
    """A WordPiece tokenizer in BERT's layout; same texts, same pieces.

    Args:
        texts: Prepared texts.
        vocab_size: Pieces, special tokens included.
    """
    prepared = list(texts)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PLACEHOLDERS]
    alphabet = _alphabet(prepared)
    known = _only(alphabet)
    # The trainer numbers the inner characters ("##ا") as a hash map happens to yield them, and breaks ties between pairs
    # by those numbers. Given as special tokens they have their numbers before it starts; of others it sees none.
    inner = [f"##{character}" for character in alphabet]
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(vocab_size, len(special) + 2 * len(alphabet)),
        special_tokens=[*special, *alphabet, *inner],
        min_frequency=2,
        show_progress=False,
    )
    bare = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bare.train_from_iterator((known(text) for text in prepared), trainer)
    model = models.WordPiece(bare.get_vocab(), unk_token="[UNK]", max_input_chars_per_word=60)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def _alphabet(texts: Iterable[str]) -> list[str]:
    """The characters to know, most frequent first, ties by code point."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    known = sorted((c for c in counts if not c.isspace()), key=lambda c: (-counts[c], c))
    return known[:MOST_CHARACTERS]


def _only(alphabet: Iterable[str]) -> Callable[[str], str]:
    """Makes blanks of all other characters."""
    other = re.compile(rf"[^\s{re.escape(''.join(alphabet))}]")
    return lambda text: other.sub(" ", text)


def train_unigram(texts: Iterable[str], vocab_size: int, sentinels: int = 0) -> PreTrainedTokenizerBase:
    """A Unigram tokenizer in T5's layout, but with ``<s>`` in front; same texts, same pieces.

    Args:
        texts: Prepared texts.
        vocab_size: Pieces, special tokens included.
        sentinels: How many ``<extra_id_0>``, ``<extra_id_1>`` and so on a pretraining needs; ``<mask>`` comes with them.
    """
    # Digits stand alone: numbers must be copied exactly, and pieces like "201" make that harder.
    split = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation()]
    )
    marks = [*(f"<extra_id_{number}>" for number in range(sentinels)), *(["<mask>"] if sentinels else [])]
    special = ["<pad>", "</s>", "<unk>", "<s>", *PLACEHOLDERS, *marks]
    bare = Tokenizer(models.Unigram())
    bare.pre_tokenizer = split
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    bare.train_from_iterator(texts, trainer)
    pieces = json.loads(bare.to_str())["model"]["vocab"]
    # Sums over a hash map differ in their last digits from run to run, and with them the order of equal pieces.
    learned = sorted(((p, round(score, 6)) for p, score in pieces if p not in special), key=lambda x: (-x[1], x[0]))
    tokenizer = Tokenizer(models.Unigram([*((p, 0.0) for p in special), *learned], unk_id=special.index("<unk>")))
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",  # the article begins with <s> for the sake of prime_copying
        pair="<s> $A </s> $B </s>",
        special_tokens=[(token, special.index(token)) for token in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
        **({"mask_token": marks[-1], "extra_special_tokens": marks[:-1]} if marks else {}),
    )


def new_classifier(
    shape: ScratchConfig, tokenizer: PreTrainedTokenizerBase, labels: Sequence[str], max_length: int, seed: int
) -> PreTrainedModel:
    """A BERT classifier with random weights."""
    config = _bert_config(shape, tokenizer, max_length)
    config.id2label = dict(enumerate(labels))
    config.label2id = {name: index for index, name in config.id2label.items()}
    torch.manual_seed(seed)
    return BertForSequenceClassification(config)


def new_masked_lm(
    shape: ScratchConfig, tokenizer: PreTrainedTokenizerBase, max_length: int, seed: int
) -> PreTrainedModel:
    """A BERT with random weights that guesses masked pieces, its head tied to the embeddings.

    Its attention is computed plainly: for short rows on a CPU that is faster than the fused kernel, whose backward pass
    alone took a quarter of the time.
    """
    torch.manual_seed(seed)
    model = BertForMaskedLM(_bert_config(shape, tokenizer, max_length))
    model.set_attn_implementation("eager")
    return model


def _bert_config(shape: ScratchConfig, tokenizer: PreTrainedTokenizerBase, max_length: int) -> BertConfig:
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate_size,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        max_position_embeddings=max_length,
        pad_token_id=tokenizer.pad_token_id,
    )


def new_seq2seq(shape: ScratchConfig, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    """A T5 with random weights: gated GELU as in T5 v1.1, the head tied to the embeddings as in the first T5."""
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=shape.hidden_size,
        d_kv=shape.hidden_size // shape.heads,
        d_ff=shape.intermediate_size,
        num_layers=shape.layers,
        num_decoder_layers=shape.decoder_layers or shape.layers,
        num_heads=shape.heads,
        dropout_rate=shape.dropout,
        feed_forward_proj="gated-gelu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.decoder_start_token_id = tokenizer.pad_token_id
    torch.manual_seed(seed)
    model = T5ForConditionalGeneration(config)
    if shape.prime_copying:
        prime_copying(model, seed)
    return model
