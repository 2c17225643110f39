"""Which device and number format to compute in, chosen from the machine and said in one line."""

from __future__ import annotations

import re

import torch
from transformers import PretrainedConfig

from mujaz.errors import UsageError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

_KNOWN = re.compile(r"cpu(?::0)?|cuda(?::\d{1,3})?")
# Trained in bfloat16, whose range float16 does not have: activations overflow and the output is NaN (transformers#11735).
OVERFLOWS_IN_FLOAT16 = frozenset({"mt5", "t5", "umt5"})


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """The device to compute on.

    Args:
        device: ``auto`` (a CUDA GPU where there is one, else the CPU), ``cpu``, ``cuda``, ``cuda:1`` …, or torch's own.

    Raises:
        UsageError: the name is not a device, or the device is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = str(device) if isinstance(device, torch.device) else device
    if not isinstance(device, str) or not _KNOWN.fullmatch(device):
        raise UsageError(
            f"device {device!r} is not known: expected auto, cpu, cuda, cuda:N, or several: cuda:0,cuda:1."
        )
    chosen = torch.device(device)
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device '{device}' was asked for, but torch sees no CUDA GPU here. Use --device cpu or auto.")
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"device '{device}' was asked for, but torch sees {torch.cuda.device_count()} here, from cuda:0 on."
        )
    return chosen


def choose_devices(devices: str | torch.device = "auto") -> list[torch.device]:
    """One device as :func:`choose_device` has it, or several, separated by commas: ``cuda:0,cuda:1``.

    Raises:
        UsageError: One is not known or not there, or they are not of one kind.
    """
    names = [name.strip() for name in devices.split(",")] if isinstance(devices, str) else [devices]
    chosen = [choose_device(name) for name in names]
    if len({device.type for device in chosen}) > 1:
        raise UsageError(
            f"expected devices of one kind, found {devices}: the slower ones would keep the others waiting."
        )
    return chosen


def computes_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware; emulation is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or has_tiles()
    return False


def has_tiles() -> bool:
    """Whether the processor multiplies matrices in tile registers (AMX)."""
    return torch.cpu._is_amx_tile_supported()


def choose_dtype(precision: str, device: torch.device, config: PretrainedConfig) -> torch.dtype:
    """The number format to run a model in.

    Args:
        precision: ``auto`` takes bfloat16 where the device computes in it natively, else float32.
        device: Where the model will run.
        config: The model's configuration; mT5 and T5 overflow in float16.

    Raises:
        UsageError: the name is not known, or the model cannot run in that format.
    """
    if precision == "auto":
        return torch.bfloat16 if computes_bfloat16(device) else torch.float32
    if precision not in DTYPES:
        raise UsageError(f"precision '{precision}' is not known: expected auto, {', '.join(DTYPES)}.")
    if precision == "float16" and config.model_type in OVERFLOWS_IN_FLOAT16:
        raise UsageError(f"{config.model_type} overflows to NaN in float16. Use --precision bfloat16 or float32.")
    return DTYPES[precision]


def half_precision_note(config: PretrainedConfig, dtype: torch.dtype) -> str:
    """One line where a model that overflows in float16 was stored in it, and is run in another format; else empty."""
    if config.model_type not in OVERFLOWS_IN_FLOAT16 or config.dtype != torch.float16:
        return ""
    return f"{config.model_type} is stored in float16, in which it overflows to NaN: it runs in {dtype_name(dtype)}."


def thread_count(count: int) -> str:
    """``1 thread``, ``2 threads``: the last part of an engine's description."""
    return f"{count} thread{'' if count == 1 else 's'}"


def dtype_name(dtype: torch.dtype) -> str:
    """``torch.bfloat16`` as ``bfloat16``."""
    return str(dtype).removeprefix("torch.")
