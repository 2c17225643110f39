"""Cut a vocabulary to the pieces that a corpus needs: tokenizer, embeddings, head and settings together.

mT5's 250,112 pieces are mostly of other languages, and most of mT5-small's parameters are their embeddings. What stays:
special tokens, sentinels, bytes, single characters (Arabic, Latin, digits, punctuation) and the pieces that make up the
wanted share of the corpus, most frequent first. Kept rows are copied, so the logits over them are the same; that is
measured on what was written, not assumed.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mujaz.errors import CheckpointError, OutputError, UsageError
from mujaz.models.checkpoint import CheckpointInfo, locate
from mujaz.models.encoding import TextEncoder
from mujaz.models.engines.base import generation_of
from mujaz.models.loading import load_config, load_seq2seq, load_tokenizer
from mujaz.models.opening import OpenCheckpoint, open_checkpoint
from mujaz.models.raw_checkpoints import answers_with_sentinel, raw_preset
from mujaz.models.saving import save_checkpoint
from mujaz.models.summarizer import complete_generation
from mujaz.models.trimmed_tokenizer import choose_pieces, smaller_tokenizer, unigram_state
from mujaz.models.trimmed_weights import cut_rows, embedding_rows, needed_tokens, renumbered_generation

REPORT_FILE = "trim.json"
HELD_OUT_EVERY = 10  # one text in ten decides nothing, and is what the report counts on
MOST_HELD_OUT = 10_000  # they are held in memory; texts after them all decide
TEXTS_AT_ONCE = 256
PROBE_TEXTS = 8
PROBE_TOKENS = 64
TOLERANCE = 1e-4  # of a logit in float32, relative to the largest: the same products in matrices of another size


@dataclass(frozen=True, slots=True)
class TrimReport:
    """What trimming did.

    Attributes:
        pieces_before: Rows of the embeddings before.
        pieces: And after.
        parameters_before: Of the model before.
        parameters: And after.
        held_out_texts: Texts that did not; the one that there was where the corpus has fewer than ten.
        same_texts: Share of these whose segmentation is unchanged.
        same_tokens: Share of their tokens that are the same piece at the same place.
        largest_difference: Of a logit over kept pieces, between the original and the written checkpoint, on
            :data:`PROBE_TEXTS` held-out texts.
        largest_logit: The largest such logit, to set the difference beside.
    """

    pieces_before: int
    pieces: int
    parameters_before: int
    parameters: int
    held_out_texts: int
    same_texts: float
    same_tokens: float
    largest_difference: float
    largest_logit: float

    @property
    def megabytes(self) -> tuple[float, float]:
        """The weights in float32, before and after, in 10^6 bytes."""
        return self.parameters_before * 4 / 1e6, self.parameters * 4 / 1e6


def trim(name: str | Path, texts: Iterable[str], out: Path, *, keep: float = 0.9999) -> TrimReport:
    """Write a checkpoint with the vocabulary that the texts need.

    ``mujaz.json`` is carried over. Where there is none it is written, and says what was assumed; a model that was never
    fine-tuned is marked as pretrained only. The report is kept beside it, as ``trim.json``.

    Args:
        name: A sequence-to-sequence checkpoint with a unigram (sentencepiece) tokenizer: folder, preset or hub id.
        texts: The corpus, raw; one text in ten is held out and measured on.
        out: Folder of the new checkpoint, which must not exist or be empty. It appears only when all is verified.
        keep: Share of the corpus's tokens that the kept pieces must make up, above 0, at most 1.

    Raises:
        CheckpointError: the model or its tokenizer is of another kind, or the result does not compute the same.
        UsageError: there are no texts, ``keep`` is no share, or ``out`` holds something.
        OutputError: ``out`` cannot be written.
    """
    _check(keep, out)
    opened = _open(name)
    state = unigram_state(opened.encoder.tokenizer, opened.name)
    counted, held_out = _count(opened.encoder, texts)
    model = load_seq2seq(opened.folder)
    info = _info(opened, model)
    rows, parameters = embedding_rows(model), model.num_parameters()
    needed = needed_tokens(model) | {*opened.encoder.prefix_ids}
    kept = choose_pieces(state, counted, keep, rows, needed)
    encoder = replace(opened.encoder, tokenizer=smaller_tokenizer(opened.encoder.tokenizer, state, kept))
    probes = _probes(opened.encoder, held_out, kept)
    expected = _logits(model, probes, kept)
    same_texts, same_tokens = _unchanged(opened.encoder, encoder, held_out)
    # Complete, for transformers refuses to write what was left over in many a published checkpoint.
    settings = complete_generation(renumbered_generation(model.generation_config, kept), encoder.tokenizer)
    generation = generation_of(settings.to_dict())
    cut_rows(model, kept)
    draft = out.absolute().with_name(f"{out.absolute().name}.unverified")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        save_checkpoint(draft, model, encoder, info, generation, source=opened.folder)
        difference = _difference(draft, opened, kept, probes, expected)
        largest = max(float(logits.abs().max()) for logits in expected)
        report = TrimReport(
            rows,
            len(kept),
            parameters,
            model.num_parameters(),
            len(held_out),
            same_texts,
            same_tokens,
            difference,
            largest,
        )
        _finish(draft, out, report)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return report


def _check(keep: float, out: Path) -> None:
    if not 0 < keep <= 1:
        raise UsageError(f"keep must be a share above 0 and at most 100 %, found {keep:.4%}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already. Give the folder of a new checkpoint, or empty it.")


def _open(name: str | Path) -> OpenCheckpoint:
    config = load_config(locate(name))
    if not config.is_encoder_decoder:
        raise CheckpointError(
            f"{name} is a {config.model_type}: only sequence-to-sequence models can be trimmed. 'mujaz models' lists some."
        )
    return open_checkpoint(name, task="summary")


def _info(opened: OpenCheckpoint, model: PreTrainedModel) -> CheckpointInfo:
    """What ``mujaz.json`` says, or what was assumed; a raw model must not pass for one that can summarize."""
    raw = opened.note and (
        raw_preset(opened.name, opened.folder) or answers_with_sentinel(model, opened.encoder.tokenizer)
    )
    return opened.info.model_copy(update={"task": "pretraining"}) if raw else opened.info


def _count(encoder: TextEncoder, texts: Iterable[str]) -> tuple[Counter[int], list[str]]:
    """How often each piece occurs in nine of ten texts, each of them whole; and the prepared tenths."""
    counted: Counter[int] = Counter()
    held_out: list[str] = []
    first: str | None = None
    waiting: list[str] = []
    prepared = (text for text in map(encoder.recipe, texts) if text.strip())
    for position, text in enumerate(prepared, 1):
        if position % HELD_OUT_EVERY == 0 and len(held_out) < MOST_HELD_OUT:
            held_out.append(text)
            continue
        first = first or text
        waiting.append(text)
        if len(waiting) == TEXTS_AT_ONCE:
            counted.update(_numbers(encoder.tokenizer, waiting))
            waiting = []
    counted.update(_numbers(encoder.tokenizer, waiting))
    if first is None:
        raise UsageError("the corpus holds no text: nothing says which pieces to keep.")
    return counted, held_out or [first]


def _untouched(tokenizer: PreTrainedTokenizerBase) -> Any:
    """What is below a fast tokenizer, neither cutting nor padding."""
    backend: Any = getattr(tokenizer, "backend_tokenizer")  # noqa: B009  # only fast tokenizers have it
    backend.no_truncation()
    backend.no_padding()
    return backend


def _numbers(tokenizer: PreTrainedTokenizerBase, prepared: list[str]) -> Iterator[int]:
    """The pieces of prepared texts, tokenized in parallel, and without their places, which cost time."""
    encodings = _untouched(tokenizer).encode_batch_fast(prepared, add_special_tokens=False)
    return (number for encoding in encodings for number in encoding.ids)


def _pieces(tokenizer: PreTrainedTokenizerBase, prepared: str) -> list[tuple[int, int, int]]:
    """Number, begin and end of each piece of a prepared text."""
    encoding = _untouched(tokenizer).encode(prepared, add_special_tokens=False)
    return [(number, *offsets) for number, offsets in zip(encoding.ids, encoding.offsets, strict=True)]


def _unchanged(old: TextEncoder, new: TextEncoder, prepared: Sequence[str]) -> tuple[float, float]:
    """Shares of texts, and of their tokens, that are cut as before."""
    same = tokens = same_tokens = 0
    for text in prepared:
        before, after = (_named(encoder.tokenizer, text) for encoder in (old, new))
        same += before == after
        tokens += before.total()
        same_tokens += (before & after).total()
    return same / len(prepared), same_tokens / max(1, tokens)


def _named(tokenizer: PreTrainedTokenizerBase, prepared: str) -> Counter[tuple[Any, int, int]]:
    pieces = _pieces(tokenizer, prepared)
    names = tokenizer.convert_ids_to_tokens([number for number, _, _ in pieces])
    return Counter((name, begin, end) for name, (_, begin, end) in zip(names, pieces, strict=True))


def _probes(encoder: TextEncoder, prepared: Sequence[str], kept: Sequence[int]) -> list[list[int]]:
    """Old numbers of texts as the model reads them, special tokens included; pieces that are gone are left out."""
    known = set(kept)
    batch = encoder.tokenizer(list(prepared[:PROBE_TEXTS]), truncation=True, max_length=PROBE_TOKENS)
    probes = [[number for number in ids if number in known] for ids in batch["input_ids"]]
    return [ids for ids in probes if ids]


@torch.inference_mode()
def _logits(model: PreTrainedModel, probes: Sequence[Sequence[int]], kept: Sequence[int]) -> list[torch.Tensor]:
    """Teacher-forced on the texts themselves: for each probe of shape (tokens, kept)."""
    run: Any = model
    index = torch.tensor(list(kept))
    batches = (torch.tensor([list(ids)]) for ids in probes)
    return [run(input_ids=ids, decoder_input_ids=ids).logits[0][:, index] for ids in batches]


def _difference(
    draft: Path,
    opened: OpenCheckpoint,
    kept: Sequence[int],
    probes: Sequence[Sequence[int]],
    expected: Sequence[torch.Tensor],
) -> float:
    """The largest difference of a logit between the original and the checkpoint as it was written.

    Raises:
        CheckpointError: it is above the tolerance, or a number stands for another piece than its row was copied from.
    """
    model = load_seq2seq(draft)
    names = load_tokenizer(draft, model.config).convert_ids_to_tokens(list(range(len(kept))))
    if names != opened.encoder.tokenizer.convert_ids_to_tokens(list(kept)):
        raise CheckpointError(f"the pieces of the trimmed {opened.name} do not match its rows: nothing was written.")
    numbers = {old: new for new, old in enumerate(kept)}
    found = _logits(model, [[numbers[number] for number in ids] for ids in probes], range(len(kept)))
    pairs = list(zip(expected, found, strict=True))
    difference = max(float((before - after).abs().max()) for before, after in pairs)
    allowed = TOLERANCE * max(1.0, *(float(before.abs().max()) for before in expected))
    if not difference <= allowed:  # also where it is not a number
        raise CheckpointError(
            f"the logits of the trimmed model differ from those of {opened.name} by up to {difference:.2g}, and "
            f"{allowed:.2g} is what rounding explains: nothing was written."
        )
    return difference


def _finish(draft: Path, out: Path, report: TrimReport) -> None:
    try:
        text = json.dumps(asdict(report), indent=2)
        (draft / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
        draft.replace(out)
    except OSError as error:
        raise OutputError(f"the checkpoint could not be written to {out}: {error.strerror}.") from error
