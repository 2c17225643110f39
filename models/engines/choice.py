"""Which engine and number format a classifier runs in: a table of what was asked and what the machine has."""

from __future__ import annotations

from dataclasses import dataclass

from mujaz.errors import UsageError

ENGINES = ("auto", "torch", "openvino")
PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8")


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to compute with.

    Attributes:
        device: ``cpu`` or ``cuda``.
        bfloat16: Whether it multiplies bfloat16 in hardware.
        packs: Whether torch packs this model's weights for that; see :mod:`mujaz.models.engines.lean_encoder`.
        tiles: Whether the processor has tile registers (AMX), whose bfloat16 is as fast as what OpenVINO makes of int8.
        converted: Number formats that the model was converted to for OpenVINO before, where OpenVINO is installed.
        quantizes: Whether all is installed that a conversion to int8 needs.
    """

    device: str
    bfloat16: bool
    packs: bool
    tiles: bool = False
    converted: frozenset[str] = frozenset()
    quantizes: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine (``torch`` or ``openvino``), a number format, and a line on what would be faster, where something would."""

    engine: str
    precision: str
    hint: str = ""

    @property
    def torch_precision(self) -> str:
        """What to load the torch model in: it is converted from float32."""
        return "float32" if self.engine == "openvino" else self.precision


def choose_engine(engine: str, precision: str, machine: Machine) -> Choice:
    """The engine and number format to run in.

    Args:
        engine: One of ENGINES. ``auto`` never converts: that takes longer than small runs, so OpenVINO is taken only where
            a conversion is there already, passed its check, and is faster than torch: int8 and bfloat16 but for processors
            with tiles, bfloat16 there too where torch cannot pack the weights.
        precision: One of PRECISIONS; ``int8`` takes OpenVINO.
        machine: What there is.

    Raises:
        UsageError: a name is not known, or the two do not go together or with the device.
    """
    for name, value, known in (("engine", engine, ENGINES), ("precision", precision, PRECISIONS)):
        if value not in known:
            raise UsageError(f"{name} '{value}' is not known: expected {', '.join(known)}.")
    if precision == "int8" and engine == "torch":
        raise UsageError("precision int8 is OpenVINO's. Use --engine openvino, or --precision bfloat16 or float32.")
    native = "bfloat16" if machine.bfloat16 else "float32"
    if engine == "openvino" or precision == "int8":
        if machine.device != "cpu":
            raise UsageError(f"OpenVINO computes on the CPU here, not on {machine.device}. Use --device cpu.")
        if precision == "float16":
            raise UsageError("OpenVINO computes in float32, bfloat16 or int8 here. Use --precision bfloat16.")
        return Choice("openvino", native if precision == "auto" else precision)
    if engine == "auto" and machine.device == "cpu":
        if precision == "auto" and "int8" in machine.converted and not machine.tiles:
            return Choice("openvino", "int8", "--precision bfloat16 or float32 does without int8")
        quicker = "bfloat16" in machine.converted and not (machine.packs and machine.tiles)
        if native == "bfloat16" and precision in ("auto", "bfloat16") and quicker:
            return Choice("openvino", "bfloat16")
    asked = (engine, precision) == ("auto", "auto") and machine.quantizes and not machine.tiles
    hint = "--precision int8 is faster here: it is made of the first texts, checked, and taken again by later runs"
    return Choice("torch", native if precision == "auto" else precision, hint if asked else "")
