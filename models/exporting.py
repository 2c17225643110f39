"""Export a classifier for ONNX Runtime: a folder that asks for neither torch nor transformers nor mujaz.

Its tokenizer.json has the model's text recipe as its normalizer, so that any program with the tokenizers library and ONNX
Runtime prepares and scores text as mujaz does, less what `mujaz.models.tokenizer_recipe` names; ``predict.py`` shows how.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mujaz.errors import CheckpointError, MissingExtraError, OutputError, UsageError
from mujaz.models.articles import clean_article
from mujaz.models.checkpoint import CheckpointInfo, called, write_info
from mujaz.models.classifier import TextClassifier
from mujaz.models.encoding import TextEncoder
from mujaz.models.engines.scores import Scores
from mujaz.models.repair import join_surrogates
from mujaz.models.saving import save_tokenizer

MODEL_FILE = "model.onnx"
# What goes with it, of which no module imports another part of mujaz -> its name there.
_SCRIPTS = {name: name for name in ("arabic_words.py", "sentences.py", "window_places.py")}
_SCRIPTS["onnx_predict.py"] = "predict.py"
OPSET = 18  # what torch 2.13 writes without converting it down
LEAST_TEXTS = 200  # of these, one is half a percent
MOST_CHANGED = 0.005  # share of the answers that int8 may change, as with OpenVINO
CLOSE = 1e-3  # how far a logit may be from torch's, beside the largest of them
_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_SHAPES = ((1, 4), (3, 17))  # texts and tokens that are compared on, beside two texts as long as the model reads

_README = """\
# {name}, for ONNX Runtime

Exported from a mujaz checkpoint ({task}; {labels}). `tokenizer.json` prepares a text as the training did, but for rarities
(rare HTML entities, letters of two scripts in a word). `predict.py` asks for `onnxruntime`, `tokenizers` and `numpy`,
and for the other modules beside it:

```sh
python predict.py < texts.txt        # a text a line{target}
```

`predict.py` is short: read it to do the same in another language. Inputs {inputs} of shape (texts, tokens), int64;
output `logits`, (texts, {number}). Temperature and thresholds stand in `mujaz.json`, and what is done with texts of more
than {longest} tokens (`long_text`).
{notes}"""


@dataclass(frozen=True)
class ExportReport:
    """What an export gave.

    Attributes:
        megabytes: Of model.onnx.
        difference: The farthest that a logit in float32 is from torch's, on random tokens.
        largest: The largest of those logits.
        texts: How many texts were compared on.
        same: The share of them whose answer is that of mujaz in float32, 0 to 1.
        notes: What a program that uses it has to see to itself: lines for people.
    """

    megabytes: float
    difference: float
    largest: float
    texts: int
    same: float
    notes: tuple[str, ...]


def export_onnx(
    classifier: TextClassifier,
    out: str | Path,
    *,
    int8: bool = False,
    texts: Sequence[str] = (),
    targets: Sequence[str] | None = None,
) -> ExportReport:
    """Write a classifier as model.onnx, with all that scoring a text takes.

    Args:
        classifier: Loaded with ``device="cpu", precision="float32"``.
        out: A folder that must not exist or be empty. It appears only when all is verified.
        int8: Weights in int8, activations too as they come (ONNX Runtime's dynamic quantization): a quarter of the size.
        texts: To compare on; int8 wants :data:`LEAST_TEXTS` at least. Those that mujaz calls empty are left out.
        targets: Of a stance model: as many.

    Raises:
        CheckpointError: torch cannot export it, or the result does not compute the same.
        UsageError: int8 changes over :data:`MOST_CHANGED` of the answers, there are too few texts, ``out`` holds something,
            or the classifier is elsewhere, in another precision, or has a recipe that segments words (Farasa).
        MissingExtraError: the extra ``onnx`` is not installed.
        OutputError: ``out`` cannot be written.
    """
    out = Path(out)
    _check(classifier, out, len(texts), int8=int8)
    draft = out.absolute().with_name(f"{out.absolute().name}.unverified")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        _write_model(classifier, draft / MODEL_FILE)
        difference, largest = _difference(classifier, draft / MODEL_FILE)
        if int8:
            _quantize(draft / MODEL_FILE)
        notes = _notes(classifier)
        _write_rest(classifier, draft)
        compared, same = _same(classifier, draft, texts, targets)
        if int8 and compared < LEAST_TEXTS:
            raise _too_few(compared)
        if int8 and same < 1 - MOST_CHANGED:
            raise UsageError(
                f"int8 changes {1 - same:.1%} of the answers to {compared} texts, and {MOST_CHANGED:.1%} are allowed. "
                "Leave int8 out."
            )
        if same < 1:
            notes += (
                "Some answers differ from mujaz's: by rounding, or by what tokenizer.json cannot say of the recipe.",
            )
        _write_readme(classifier, draft, notes)
        megabytes = (draft / MODEL_FILE).stat().st_size / 1e6
        if out.exists():
            out.rmdir()
        draft.rename(out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return ExportReport(megabytes, difference, largest, compared, same, notes)


def _check(classifier: TextClassifier, out: Path, texts: int, *, int8: bool) -> None:
    model = classifier.model
    if model.device.type != "cpu" or model.dtype != torch.float32:
        raise UsageError(
            f"expected a classifier on the CPU in float32, found {model.device.type} and {model.dtype}. Load it with "
            "device='cpu', precision='float32'."
        )
    for package in _PACKAGES:
        if not importlib.util.find_spec(package):
            raise MissingExtraError("exporting", package, "onnx")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} holds something: expected a folder that does not exist yet, or an empty one.")
    recipe = classifier.encoder.recipe
    if any(step.name == "farasa" for step in recipe.steps):
        raise UsageError(
            f"recipe '{recipe.name}' segments words in Java, which no tokenizer.json can: it is not exported."
        )
    if int8 and texts < LEAST_TEXTS:
        raise _too_few(texts)


def _too_few(texts: int) -> UsageError:
    return UsageError(
        f"int8 is compared with float32 on texts of yours: expected {LEAST_TEXTS} at least, none of them empty, found "
        f"{texts}. Give a file of them (--texts)."
    )


def _token_types(encoder: TextEncoder) -> bool:
    return "token_type_ids" in encoder.tokenizer.model_input_names


def _write_model(classifier: TextClassifier, path: Path) -> None:
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if _token_types(classifier.encoder) else [])]
    example = _random(classifier, *_SHAPES[1])
    wrapped = Scores(classifier.model, token_types=len(names) > 2).eval()
    try:
        with _quietly():
            program: Any = torch.onnx.export(
                wrapped,
                tuple(example[name] for name in names),
                dynamo=True,
                opset_version=OPSET,
                input_names=names,
                output_names=["logits"],
                dynamic_shapes=tuple({0: "texts", 1: "tokens"} for _ in names),
                external_data=False,
                verbose=False,
            )
            program.save(path, external_data=False)
    except OSError:
        raise
    except Exception as error:  # the exporter raises what each of its parts does
        kind = classifier.model.config.model_type
        raise CheckpointError(f"torch cannot export a model of type {kind}: {_first_line(error)}") from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the notes of exporter and quantizer on their own parts."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _random(classifier: TextClassifier, texts: int, tokens: int) -> dict[str, torch.Tensor]:
    """A batch of random tokens, of which the last text has half; all inputs that a model may have."""
    chance = torch.Generator().manual_seed(tokens)
    tokenizer = classifier.encoder.tokenizer
    known = min(len(tokenizer), int(classifier.model.config.vocab_size))
    ids = torch.randint(0, known, (texts, tokens), generator=chance)
    mask = torch.ones_like(ids)
    mask[-1, (tokens + 1) // 2 :] = 0
    ids = ids.masked_fill(mask == 0, tokenizer.pad_token_id)
    types = torch.zeros_like(ids)
    types[:, tokens // 2 :] = int(getattr(classifier.model.config, "type_vocab_size", 1) > 1)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def _difference(classifier: TextClassifier, path: Path) -> tuple[float, float]:
    """How far logits in float32 are from torch's at most, and the largest of those.

    Raises:
        CheckpointError: too far.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = [one.name for one in session.get_inputs()]
    found, expected = [], []
    for shape in (*_SHAPES, (2, classifier.max_length)):
        batch = {name: tensor for name, tensor in _random(classifier, *shape).items() if name in inputs}
        with torch.inference_mode():
            expected.append(classifier.model(**batch).logits.float().numpy())
        found.append(session.run(None, {name: tensor.numpy() for name, tensor in batch.items()})[0])
    ours, theirs = np.concatenate(expected), np.concatenate(found)
    farthest, largest = float(np.abs(theirs - ours).max()), float(np.abs(ours).max())
    if not farthest <= CLOSE * max(1.0, largest):
        raise CheckpointError(f"the exported model computes otherwise than torch: a logit differs by {farthest:.1e}.")
    return farthest, largest


def _quantize(path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = path.with_suffix(".float32")
    path.rename(whole)
    try:
        with _quietly():
            quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True)
    except OSError:
        raise
    except Exception as error:  # the quantizer raises what each of its parts does
        raise CheckpointError(f"ONNX Runtime cannot make int8 of it: {_first_line(error)}. Leave int8 out.") from error
    whole.unlink()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), repr(error))


def _notes(classifier: TextClassifier) -> tuple[str, ...]:
    notes, encoder = [], classifier.encoder
    if classifier.info.expects_titles:
        notes.append(
            "It learnt hardly a text without its title: give it (in Python titles=; predict.py --titles, which reads title, "
            "tabulator, text)."
        )
    if encoder.clean_article:
        notes.append(
            "It learnt from articles without dateline, byline and page leftovers: take them off first (mujaz clean)."
        )
    return tuple(notes)


def _write_rest(classifier: TextClassifier, folder: Path) -> None:
    tokenizer, info = classifier.encoder.tokenizer, classifier.info
    save_tokenizer(folder, classifier.encoder)
    more = {"padding": tokenizer.pad_token_id, "reach": classifier.encoder.reach}
    read = {"max_length": classifier.max_length, "long_text": classifier.encoder.long.model_dump()}
    given = {**info.model_dump(), **read, "onnx": more}
    if info.task == "stance":
        given["pair"] = classifier.encoder.pair.model_dump()
    write_info(folder, CheckpointInfo.model_validate(given))
    for name, copy in _SCRIPTS.items():
        script = Path(__file__).with_name(name).read_text(encoding="utf-8")
        (folder / copy).write_text(script.replace("from mujaz.models.", "from "), encoding="utf-8")


def _write_readme(classifier: TextClassifier, folder: Path, notes: Sequence[str]) -> None:
    inputs = "input_ids, attention_mask" + (", token_type_ids" if _token_types(classifier.encoder) else "")
    readme = _README.format(
        name=called(classifier.info, classifier.folder),
        task=classifier.task,
        labels=", ".join(classifier.labels),
        target=", a tabulator, its target" if classifier.needs_target else "",
        inputs=inputs,
        number=len(classifier.labels),
        longest=classifier.max_length,
        notes="".join(f"\n{note}\n" for note in notes),
    )
    (folder / "README.md").write_text(readme, encoding="utf-8")


def _same(
    classifier: TextClassifier, folder: Path, texts: Sequence[str], targets: Sequence[str] | None
) -> tuple[int, float]:
    """How many texts can be compared, and the share of them to which what was exported gives the same answer."""
    from mujaz.models.onnx_predict import Classifier

    if not texts:
        return 0, 1.0
    expected = classifier.predict(texts, targets)
    found = Classifier(folder).predict([_given(classifier.encoder, text) for text in texts], targets)
    pairs = [(one, other) for one, other in zip(found, expected, strict=True) if not other.problem]
    if classifier.multi_label:
        same = [set(one["labels"]) == set(other.labels or ()) for one, other in pairs]
    else:
        same = [one["label"] == other.label for one, other in pairs]
    return len(pairs), float(np.mean(same)) if same else 1.0


def _given(encoder: TextEncoder, text: str) -> str:
    """A text as the notes say that it is to be given."""
    text = join_surrogates(text)  # the tokenizers library takes no half of a pair
    return clean_article(text) if encoder.clean_article else text
