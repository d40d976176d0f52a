"""Networks in low precision, with everything around them in float32."""

import os
from functools import wraps
from types import MethodType
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import convert_to_fp32
from torch import nn

Precision = Literal["auto", "fp32", "bf16", "fp16"]
"""Of a run's forwards; "auto": that of `accelerate launch`, else bf16 where it is fast, else fp32."""

AUTOCAST_TYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_precision(precision: Precision, accelerator: Accelerator) -> str:
    """A key of `AUTOCAST_TYPES` for `precision`.

    "auto" is the mixed precision of `accelerate launch` or its configuration, else bf16 where it is fast and
    float32 elsewhere.

    Raises:
        ValueError: for an unknown name, or for fp16 without a GPU.
    """
    device = accelerator.device.type
    chosen: str = precision
    if precision == "auto":
        configured = str(accelerator.mixed_precision)
        fast = "bf16" if fast_in_bf16(accelerator.device) else "fp32"
        chosen = configured if configured in ("bf16", "fp16") else fast
    if chosen not in AUTOCAST_TYPES:
        raise ValueError(f"expected precision auto, fp32, bf16 or fp16; got '{precision}'")
    if chosen == "fp16" and device == "cpu":
        raise ValueError("precision fp16 needs a GPU; use bf16 or fp32 on the CPU")
    return chosen


def fast_in_bf16(device: torch.device) -> bool:
    """Whether a device computes in bf16 faster than in float32: a GPU that has it, or a processor with AMX.

    A processor whose AMX is off by oneDNN's variable `ONEDNN_MAX_CPU_ISA` counts as one without.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper()
    limited = limit not in ("ALL", "DEFAULT") and "AMX" not in limit
    return device.type == "cpu" and not limited and torch.cpu._is_amx_tile_supported()


def autocast_(network: nn.Module, device: str, dtype: torch.dtype) -> None:
    """Make `network` compute under autocast to `dtype` and return float32, in place.

    Losses are then computed in float32, and the cast weights are dropped after each forward, before an
    optimizer can change them.
    """
    forward = type(network).forward

    @wraps(forward)
    def low_precision_forward(self: nn.Module, *inputs: Any, **named: Any) -> Any:
        with torch.autocast(device, dtype):
            outputs = forward(self, *inputs, **named)
        return convert_to_fp32(outputs)

    # A bound method: in a deep copy it is bound to the copy, so that an average uses its own weights.
    network.forward = MethodType(low_precision_forward, network)  # type: ignore[method-assign]
