"""Running a network in low precision while everything around it stays in float32."""

from collections.abc import Mapping
from functools import wraps
from typing import Any, Literal

import torch
from accelerate import Accelerator
from torch import Tensor, nn

Precision = Literal["auto", "fp32", "bf16", "fp16"]
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def choose_precision(precision: Precision, accelerator: Accelerator) -> torch.dtype | None:
    """The autocast type for `precision`, or None for float32.

    "auto" is what `accelerate launch` or its configuration asks for, else bf16 on a GPU that computes
    in it and float32 elsewhere.

    Raises:
        ValueError: for an unknown name, or fp16 where there is no GPU to make it worth its risks.
    """
    device = accelerator.device.type
    if precision == "auto":
        asked = accelerator.mixed_precision
        fast = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = asked if asked in _DTYPES else "bf16" if fast else "fp32"  # type: ignore[assignment]
    if precision == "fp16" and device == "cpu":
        raise ValueError("precision fp16 needs a GPU; use bf16 or fp32 on the CPU")
    if precision not in ("fp32", *_DTYPES):
        raise ValueError(f"expected precision auto, fp32, bf16 or fp16; got '{precision}'")
    return _DTYPES.get(precision)


def run_in(network: nn.Module, device: str, dtype: torch.dtype) -> None:
    """Make `network` compute under autocast to `dtype` and return float32, in place.

    Losses are then computed in float32, and the cast weights are dropped after each forward, before an
    optimiser can change them.
    """
    forward = network.forward

    @wraps(forward)
    def low_precision_forward(*inputs: Any, **named: Any) -> Any:
        with torch.autocast(device, dtype):
            outputs = forward(*inputs, **named)
        return _to_float32(outputs)

    network.forward = low_precision_forward  # type: ignore[method-assign]


def _to_float32(outputs: Any) -> Any:
    if isinstance(outputs, Tensor):
        return outputs.float() if outputs.is_floating_point() else outputs
    if isinstance(outputs, list | tuple):
        return type(outputs)(_to_float32(item) for item in outputs)
    if isinstance(outputs, Mapping):
        return {key: _to_float32(item) for key, item in outputs.items()}
    return outputs
