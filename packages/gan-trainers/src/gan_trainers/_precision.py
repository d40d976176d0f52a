"""Running a network in low precision while everything around it stays in float32."""

from functools import wraps
from types import MethodType
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import convert_to_fp32
from torch import nn

Precision = Literal["auto", "fp32", "bf16", "fp16"]

AUTOCAST_TYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_precision(precision: Precision, accelerator: Accelerator) -> str:
    """A key of `AUTOCAST_TYPES` for `precision`.

    "auto" is what `accelerate launch` or its configuration asks for, else bf16 on a GPU that computes
    in it and float32 elsewhere.

    Raises:
        ValueError: for an unknown name, or fp16 where there is no GPU to make it worth its risks.
    """
    device = accelerator.device.type
    chosen: str = precision
    if precision == "auto":
        asked = str(accelerator.mixed_precision)
        fast = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        chosen = asked if asked in ("bf16", "fp16") else "bf16" if fast else "fp32"
    if chosen not in AUTOCAST_TYPES:
        raise ValueError(f"expected precision auto, fp32, bf16 or fp16; got '{precision}'")
    if chosen == "fp16" and device == "cpu":
        raise ValueError("precision fp16 needs a GPU; use bf16 or fp32 on the CPU")
    return chosen


def run_in(network: nn.Module, device: str, dtype: torch.dtype) -> None:
    """Make `network` compute under autocast to `dtype` and return float32, in place.

    Losses are then computed in float32, and the cast weights are dropped after each forward, before an
    optimiser can change them.
    """
    forward = type(network).forward

    @wraps(forward)
    def low_precision_forward(self: nn.Module, *inputs: Any, **named: Any) -> Any:
        with torch.autocast(device, dtype):
            outputs = forward(self, *inputs, **named)
        return convert_to_fp32(outputs)

    # A bound method, because a deep copy's is then bound to the copy: averages call their own weights.
    network.forward = MethodType(low_precision_forward, network)  # type: ignore[method-assign]
