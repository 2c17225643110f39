"""A mujaz checkpoint: a plain Hugging Face checkpoint plus one file, ``mujaz.json``."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mujaz.configs.schema import PairConfig
from mujaz.errors import CheckpointError, OutputError
from mujaz.models.calibration import Calibration
from mujaz.models.multi_label import MultiLabel
from mujaz.models.presets import find_preset, unknown_model
from mujaz.models.selection_info import SelectionInfo
from mujaz.models.summary_options import LongArticles
from mujaz.models.windows import LongText

INFO_FILE = "mujaz.json"
TRAINED_FILE = "trained_texts.bin"  # see mujaz.training.trained_texts
FORMAT_VERSION = 1
FROM_NOTHING = "trained from nothing"  # stands in the place of a base model
EMBEDDED = Path(__file__).parent / "embedded"

Task = Literal["topic", "stance", "summary"]


MOSTLY = 0.9  # a model that learnt from fewer texts with titles knows texts without


class DataInfo(BaseModel):
    """What a checkpoint was trained on."""

    rows: int = Field(description="number of training rows")
    fingerprint: str = Field(description="sha256 over the training records, in order")
    files: list[str] = Field(default_factory=list, description="names of the training files")
    unlabelled: int = Field(default=0, description="further texts, of which a teacher alone said something")
    outliers: int = Field(default=0, description="further texts, which have none of the labels")
    targets: list[str] = Field(default_factory=list, description="stance: 12 digits of the sha256 of each target")
    titled: float | None = Field(
        default=None, description="share of the texts, shorter copies too, that began with their titles; None: of none"
    )


class CheckpointInfo(BaseModel):
    """The contents of ``mujaz.json``: what transformers cannot know of a checkpoint."""

    model_config = ConfigDict(extra="allow")  # a newer minor version may add fields; format_version guards the rest

    format_version: int = FORMAT_VERSION
    task: Task | Literal["pretraining"]
    labels: list[str] = Field(default_factory=list, description="label names, in the order of the logits")
    recipe: dict[str, Any] = Field(description="name, version, options and fingerprint of the text recipe")
    clean_article: bool = Field(default=False, description="whether page leftovers were stripped before the recipe")
    max_length: int = Field(gt=0, description="longest input in tokens, special tokens included")
    long: LongArticles | None = Field(default=None, description="what becomes of articles longer than max_length")
    long_text: LongText = Field(default_factory=LongText, description="what a classifier does with longer texts")
    pair: PairConfig | None = Field(default=None, description="how a stance model puts text and target together")
    prefix: str | None = Field(default=None, description="what stands before each article (sequence-to-sequence)")
    base_model: str = Field(description="what the training started from")
    teacher: str | list[str] | None = Field(
        default=None, description="whose answers it learnt besides, or instead of references"
    )
    versions: dict[str, str] = Field(default_factory=dict)
    data: DataInfo | None = None
    licence: str | None = Field(default=None, description="the strictest term of the base model and the data, if known")
    multi_label: MultiLabel | None = Field(default=None, description="of a classifier that gives several labels a text")
    calibration: Calibration | None = Field(default=None, description="of a classifier's probabilities, on dev")
    faithful: bool | None = Field(
        default=None, description="whether a summarizer prefers what the article supports best of what its beam found"
    )
    least: float | None = Field(
        default=None, description="score below which a summarizer that writes gives the article's beginning instead"
    )
    selection: SelectionInfo | None = Field(default=None, description="of a summarizer that chooses a stretch")

    @property
    def expects_titles(self) -> bool:
        """Whether it hardly learnt from a text without a title (:data:`MOSTLY`)."""
        return self.data is not None and (self.data.titled or 0.0) >= MOSTLY


def read_info(folder: Path) -> CheckpointInfo | None:
    """The ``mujaz.json`` of a checkpoint, or None where there is none.

    Raises:
        CheckpointError: the file is not readable, or of a format this version does not know.
    """
    path = folder / INFO_FILE
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and data.get("format_version", 0) > FORMAT_VERSION:
            raise CheckpointError(
                f"{path}: format version {data['format_version']}, but this mujaz reads up to {FORMAT_VERSION}. "
                "Upgrade mujaz: pip install -U mujaz."
            )
        return CheckpointInfo.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise CheckpointError(f"{path} is not a valid {INFO_FILE}: {problems}.") from error
    except (OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error


def write_info(folder: Path, info: CheckpointInfo) -> None:
    """Write ``mujaz.json`` into a checkpoint."""
    text = json.dumps(info.model_dump(exclude_none=True), ensure_ascii=False, indent=2)
    (folder / INFO_FILE).write_text(text + "\n", encoding="utf-8")


def store_info(folder: Path, info: CheckpointInfo) -> None:
    """Write ``mujaz.json`` again, with what was found out after the training.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        write_info(folder, info)
    except OSError as error:
        raise OutputError(f"{folder}: {INFO_FILE} cannot be written: {error.strerror or error}") from error


def embedded_models() -> tuple[str, ...]:
    """Names of the models that are part of the package."""
    if not EMBEDDED.is_dir():
        return ()
    return tuple(sorted(path.name for path in EMBEDDED.iterdir() if (path / "config.json").is_file()))


def called(info: CheckpointInfo, folder: Path | None) -> str:
    """What people know a loaded model by: its folder and its origin; an embedded model, or one of the hub, by its name.

    Args:
        info: Its ``mujaz.json``, or what was assumed.
        folder: Where it was loaded from.
    """
    origin, whole = info.base_model, folder.resolve() if folder else None
    if whole is None or EMBEDDED.resolve() in whole.parents or whole.parent.name == "snapshots":  # of the hub's cache
        return origin
    if origin == FROM_NOTHING:
        return f"{whole.name}, {origin}"
    return (
        origin if Path(origin).name == whole.name else f"{whole.name}, from {origin.removesuffix(f', {FROM_NOTHING}')}"
    )


def locate(name: str | Path) -> Path:
    """The local folder of a model, fetched from the hub where it has to be.

    Args:
        name: A folder, an embedded model (``topic``), a preset (``arabert``) or a hub id (``owner/name``). A folder of
            that name wins over everything else.

    Raises:
        CheckpointError: nothing of that name exists, or the hub cannot be reached.
    """
    folder = Path(os.path.expanduser(name))  # Path's own raise where there is no such user, or a name is too long
    if os.path.isdir(folder):
        if (folder / "adapter_config.json").is_file():
            raise CheckpointError(
                f"{folder} is an adapter without its model. The checkpoint that the training left, with the adapter "
                "merged, lies in the folder above it."
            )
        if not (folder / "config.json").is_file():
            raise CheckpointError(f"{folder} is not a checkpoint: it has no config.json. {_nearby(folder)}".strip())
        return folder
    text = str(name)
    if text in embedded_models():
        return EMBEDDED / text
    preset = find_preset(text)
    if preset is not None:
        return _fetch(preset.hub_id)
    if os.path.isfile(folder):
        around = folder.parent
        hint = f" The one that it lies in: {around}" if (around / "config.json").is_file() else ""
        raise CheckpointError(f"{name} is a file: expected the folder of a checkpoint.{hint}")
    if text.count("/") != 1 or folder.is_absolute() or text.startswith((".", "~")):
        if len(folder.parts) > 1 and (near := _near_folder(folder)):  # else it may be an embedded model or a preset
            raise CheckpointError(f"no model folder '{text}'; did you mean '{near}'?")
        raise unknown_model(text, embedded_models())
    if os.path.isdir(folder.parent):  # runs/topic-smal is a slip of the pen, not owner and name on the hub
        near = _near_folder(folder)
        hint = f"; did you mean '{near}'?" if near else f". {_nearby(folder.parent)}"
        raise CheckpointError(f"no model folder '{text}'{hint}")
    return _fetch(text)


def _nearby(folder: Path) -> str:
    found = sorted(path.parent.name for path in folder.glob("*/config.json"))
    return f"Checkpoints in {folder}: {', '.join(found)}." if found else "Did the training finish?"


def _near_folder(folder: Path) -> Path | None:
    """A folder that there is, of nearly the same path."""
    here = Path(folder.anchor)
    for part in folder.parts[bool(folder.anchor) :]:
        try:
            names = [] if os.path.isdir(here / part) else [one.name for one in here.iterdir() if one.is_dir()]
        except OSError:  # not ours to look into
            return None
        if not (near := difflib.get_close_matches(part, names, n=1) if names else [part]):
            return None
        here /= near[0]
    return here if here.is_dir() else None


_TIMEOUT = 10  # seconds for the hub to answer


def _fetch(hub_id: str) -> Path:
    """Download a model once; only what transformers reads, and no second copy of the weights."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    ignore = ["*.h5", "*.msgpack", "*.ot", "*.onnx", "*.tflite", "*/*"]
    try:
        try:
            # One request, tried once: a list of the files alone is asked for six times where there is no network.
            names = [file.rfilename for file in HfApi().model_info(hub_id, timeout=_TIMEOUT).siblings or ()]
        except HfHubHTTPError:
            raise  # the hub has answered
        except Exception:  # it cannot be reached, by whatever library: what the cache holds is what there is
            names = []
        if any(name.endswith(".safetensors") for name in names):
            ignore.append("*.bin")
        return Path(snapshot_download(hub_id, ignore_patterns=ignore))
    except Exception as error:  # of the hub, of the file system, of whatever library makes the connection
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        near = _near_folder(Path(hub_id))
        slip = f"no folder '{hub_id}' here; did you mean '{near}'? As a hub id: " if near else ""
        raise CheckpointError(
            f"{slip}model '{hub_id}' is not in the local cache and could not be fetched from the Hugging Face hub "
            f"({reason}). Check the name and the network, or give the folder of a local copy."
        ) from error
