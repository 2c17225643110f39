"""``README.md`` of a checkpoint: a model card as the Hugging Face hub reads it, and the way there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, HfApi, ModelCard, ModelCardData

from mujaz.configs.data_schema import DataConfig
from mujaz.errors import OutputError
from mujaz.models.checkpoint import FROM_NOTHING, TRAINED_FILE, CheckpointInfo
from mujaz.models.presets import find_preset
from mujaz.training.calibration import outliers_line
from mujaz.training.evaluation import PREDICTIONS_FILE
from mujaz.training.metrics.percent import in_percent
from mujaz.training.report.report import REPORT_FILE

CARD_FILE = "README.md"
# What holds texts or references of the user's data, or is of no use to others: never uploaded.
PRIVATE = (
    REPORT_FILE,
    PREDICTIONS_FILE,
    TRAINED_FILE,
    "checkpoints/*",
    "tensorboard/*",
    "intermediate/*",
    "teacher/*",
    "config.yaml",
    "metrics.json",
)

# metric -> (the hub's type, its name)
_METRICS = {
    "summary": {name: ("rouge", name.replace("rouge", "ROUGE-")) for name in ("rouge1", "rouge2", "rougeL")},
    "labels": {"accuracy": ("accuracy", "Accuracy"), "macro_f1": ("f1", "Macro-F1")},
    "label sets": {
        "micro_f1": ("f1", "Micro-F1"),
        "macro_f1": ("f1", "Macro-F1"),
        "accuracy": ("accuracy", "Accuracy (exactly the right labels)"),
    },
}
# Said wherever the scores of a training without test data are shown.
SCORED_ON_DEV = "the scores are of the dev rows, which also chose the checkpoint and what was tuned after it"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_LICENCES = {
    "apache-2.0",
    "mit",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "gpl-3.0",
    "bsd-3-clause",
}


def model_card(
    info: CheckpointInfo,
    metrics: dict[str, Any] | None,
    *,
    split: str,
    rows: int,
    name: str,
    origin: str = "",
    problems: Sequence[str] = (),
    left_out: Mapping[str, int] | None = None,
) -> str:
    """A model card: metadata in YAML, then what a user of the model should know.

    Args:
        info: What ``mujaz.json`` says.
        metrics: Of the evaluation; None where there was none.
        split: What they are of.
        rows: How many texts that were.
        name: Of the model.
        origin: Where these texts come from; see :func:`origin_of`.
        problems: What was found wrong with the data: the scores are not to be trusted with them.
        left_out: Rows that the training left out: ``unusable`` (of all parts), ``repeated`` (of train and dev) and
            ``unsupported`` (of train).
    """
    data = card_data(info, metrics, split=split, name=name)
    return f"---\n{data.to_yaml()}\n---\n\n{_body(info, metrics, split, rows, name, origin, problems, left_out or {})}"


def origin_of(data: DataConfig, split: str, task: str) -> str:
    """Where the texts that a model is scored on come from, in words: ``split`` is ``test`` or ``dev``."""
    ways = {
        "stratified": "at random" + ("" if task == "summary" else ", labels in proportion"),
        "near_duplicates": "clusters of near-duplicates whole",
        "target": "by target",
        "group": f"groups of {data.split.column} whole",
        "date": f"the latest by {data.split.column}",
    }
    way = ways[data.split.by]
    if split == "test" and data.folds:
        return f"fold {data.fold} of {data.folds} of the training data, {way}"
    if split == "test" and data.split.held_out:
        return f"the rows of {', '.join(data.split.held_out)}, which the training did without"
    if data.test if split == "test" else data.dev:
        return "files of their own"
    share = data.test_fraction if split == "test" else data.dev_fraction
    return f"{share:.0%} of the training data, {way}"


def _longer(info: CheckpointInfo) -> str:
    """What mujaz does with longer texts, and plain transformers does not."""
    if info.task == "summary" or info.long_text is None or info.long_text.policy != "windows":
        return ""
    return (
        " Longer texts mujaz reads in windows, whose logits are pooled, and so they were for these scores; plain "
        "transformers cuts them."
    )


def card_data(info: CheckpointInfo, metrics: dict[str, Any] | None, *, split: str, name: str) -> ModelCardData:
    """The metadata of a card."""
    summary = info.task == "summary"
    licence, licence_name = _licence(info.licence)
    return ModelCardData(
        language="ar",
        pipeline_tag="token-classification"
        if info.selection
        else "summarization"
        if summary
        else "text-classification",
        library_name="transformers",
        tags=["mujaz", "arabic", info.task],
        license=licence,
        license_name=licence_name,
        base_model=_base_model(info.base_model),
        model_name=name,
        eval_results=_results(info, metrics or {}, split) or None,
    )


def push_to_hub(folder: Path, repo_id: str, *, private: bool = True, token: str | None = None) -> str:
    """Upload a checkpoint with its card, and without the report and the predictions, which hold texts of the data.

    Args:
        folder: The run.
        repo_id: ``owner/name``; made where it does not exist.
        private: Whether a new repository is.
        token: Of the hub; None takes the saved one.

    Returns:
        The address of the commit.
    """
    api = HfApi(token=token)
    api.create_repo(repo_id, private=private, exist_ok=True)
    return str(api.upload_folder(repo_id=repo_id, folder_path=folder, ignore_patterns=list(PRIVATE)))


def write_card(folder: Path, card: str) -> None:
    """Write ``README.md``.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        ModelCard(card).save(folder / CARD_FILE)
    except OSError as error:
        raise OutputError(f"the model card cannot be written to {folder}: {error.strerror or error}") from error


def _licence(stated: str | None) -> tuple[str | None, str | None]:
    """The hub's id of a licence, or ``other`` and the name of it."""
    if not stated:
        return None, None
    known = re.sub(r"\s+", "-", stated.split("(")[0].strip().lower())
    if known in _LICENCES:
        return known, None
    return "other", re.sub(r"[^a-z0-9.]+", "-", stated.lower()).strip("-")


def _base_model(stated: str) -> str | None:
    """A hub id; a folder of this machine or a model from nothing is none."""
    preset = find_preset(stated)
    if preset:
        return preset.hub_id
    return stated if _HUB_ID.fullmatch(stated) and not Path(stated).exists() else None


def _results(info: CheckpointInfo, metrics: dict[str, Any], split: str) -> list[EvalResult]:
    summary = info.task == "summary"
    files = ", ".join(info.data.files) if info.data else "own data"
    return [
        EvalResult(
            task_type="summarization" if summary else "text-classification",
            dataset_type="private",
            dataset_name=f"{info.task} data ({files})",
            dataset_split=split,
            metric_type=kind,
            metric_name=title,
            metric_value=round(float(metrics[key]), 4),
        )
        for key, (kind, title) in _METRICS[_kind(info)].items()
        if key in metrics
    ]


def _kind(info: CheckpointInfo) -> str:
    return "summary" if info.task == "summary" else "label sets" if info.multi_label else "labels"


def _rows(info: CheckpointInfo, metrics: dict[str, Any]) -> list[str]:
    """Of the table of scores: name, value, bounds."""
    rows = []
    for key, (kind, title) in _METRICS[_kind(info)].items():
        if key in metrics:
            value, low, high = (in_percent(kind, score) for score in (metrics[key], *metrics["intervals"][key]))
            rows.append(f"| {title} | {value} | {low} to {high} |")
    return rows


def _sentence(info: CheckpointInfo) -> str:
    """What the model does, in a sentence."""
    return {
        "topic": f"Labels Arabic text with {'any' if info.multi_label else 'one'} of {len(info.labels)} topics: "
        f"{', '.join(info.labels)}.",
        "stance": f"Labels the stance of an Arabic text toward a target: {', '.join(info.labels)}.",
        "summary": "Chooses the stretch of an Arabic article that is most like its summary, and says it as a headline does."
        if info.selection
        else "Writes a short summary of an Arabic article.",
    }[info.task]


def _body(
    info: CheckpointInfo,
    metrics: dict[str, Any] | None,
    split: str,
    rows: int,
    name: str,
    origin: str,
    problems: Sequence[str],
    left_out: Mapping[str, int],
) -> str:
    lines = [f"# {name}", "", _sentence(info), "", "## Use", "", "```python", *_usage(info), "```", ""]
    lines += [
        f"Text is prepared by the recipe `{info.recipe['name']}`, which also stands in the tokenizer, so that plain "
        f"transformers reads it alike. It reads up to {info.max_length:,} tokens.{_longer(info)}{_pair(info)}",
        "",
        "## Training",
        "",
        _origin(info.base_model)
        + (f" {info.data.rows:,} training texts." if info.data else "")
        + _left_out(left_out)
        + _teaching(info)
        + _outliers(info),
        "",
    ]
    if metrics:
        lines += [
            "## Scores",
            "",
            f"On the {split} data{origin and f' ({origin})'}, {rows:,} texts, in percent.",
            "",
            *([f"Mind that {SCORED_ON_DEV}.", ""] if split == "dev" else []),
            *(part for one in problems for part in (f"**Wrong with the data: {one}.**", "")),
            "| metric | value | 95 % interval |",
            "|---|---|---|",
            *_rows(info, metrics),
        ]
        if "tokenization" in metrics:
            lines += ["", f"ROUGE signature: `{metrics['tokenization']}`."]
        lines.append("")
    if info.multi_label:
        shown = ", ".join(f"{n} {t:.3f}" for n, t in zip(info.labels, info.multi_label.thresholds, strict=True))
        lines += [f"A text gets each label whose probability (sigmoid) reaches its threshold: {shown}.", ""]
    if info.calibration:
        lines += [
            f"When mujaz reads the model, its logits are divided by a temperature of {info.calibration.temperature:.3f} "
            f"before they become probabilities. Calibration error on dev "
            f"{info.calibration.ece_before:.2%} before, {info.calibration.ece_after:.2%} after{_on_test(metrics, split)}.",
            "",
        ]
    if line := outliers_line(metrics or {}):
        lines += [f"Of {split}, {line}.", ""]
    lines += ["## Licence", "", info.licence or "Not stated. See those of the base model and of the data.", ""]
    return "\n".join(lines)


def _on_test(metrics: dict[str, Any] | None, split: str) -> str:
    """The calibration error on data that the temperature was not fitted on."""
    found = (metrics or {}).get("probabilities", {})
    if split == "dev" or "uncalibrated" not in found:
        return ""
    return f"; on {split} {found['uncalibrated']['ece']:.2%} without it, {found['ece']:.2%} with it"


def _origin(base_model: str) -> str:
    if base_model == FROM_NOTHING:
        return "Trained from nothing."
    return f"Started from {_base_model(base_model) or Path(base_model).name}."


def _left_out(rows: Mapping[str, int]) -> str:
    kinds = {
        "unusable": "without a text or an answer, or that cannot be read (data.skip_unusable)",
        "repeated": "that repeat others (data.drop_duplicates)",
        "unsupported": "of the training whose summaries say what their texts do not (data.support)",
    }
    parts = [f"{rows[kind]:,} {what}" for kind, what in kinds.items() if rows.get(kind)]
    return f" Rows left out: {'; '.join(parts)}." if parts else ""


def _teaching(info: CheckpointInfo) -> str:
    if info.teacher is None:
        return ""
    further = f", and on {info.data.unlabelled:,} texts besides" if info.data and info.data.unlabelled else ""
    names = [info.teacher] if isinstance(info.teacher, str) else info.teacher
    by = " and ".join(_base_model(name) or Path(name).name for name in names)
    return f" Taught by {by} on them{further}."


def _outliers(info: CheckpointInfo) -> str:
    if not info.data or not info.data.outliers:
        return ""
    return (
        f" It learnt to be unsure of {info.data.outliers:,} further texts, which have none of the labels: a least "
        "precision (`--min-precision`) leaves most of their like without one."
    )


def _pair(info: CheckpointInfo) -> str:
    """How the two segments are made, or what stands before the one, for those who make them without mujaz."""
    if info.prefix:
        return f" Before each article stands `{info.prefix}`, which mujaz puts there, and plain transformers does not."
    if info.pair is None:
        return ""
    target = f"the target as `{info.pair.template}`"
    first, second = (target, "the text") if info.pair.order == "target_first" else ("the text", target)
    return f" The first segment is {first}, the second {second}."


def _usage(info: CheckpointInfo) -> list[str]:
    if info.task == "summary":
        return [
            "from mujaz import Summarizer",
            "",
            'summarizer = Summarizer.from_pretrained("…")',
            "summarizer.summarize([article])[0].text",
        ]
    target = ', ["…"]' if info.task == "stance" else ""
    return [
        "from mujaz import TextClassifier",
        "",
        'classifier = TextClassifier.from_pretrained("…")',
        f"classifier.predict([text]{target})[0].{'labels' if info.multi_label else 'label'}",
    ]
