"""The precision that networks compute in; free of torch, for the command line."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "fp32", "bf16", "fp16"]


def autocast_dtype(precision: Precision, device: str) -> "torch.dtype | None":
    """The dtype of autocast on a type of device; None for the network's own.

    Raises:
        ValueError: for an unknown name, or for fp16 without a GPU.
    """
    import torch

    # "auto" is full precision also where bf16 is fast: pictures would differ by several of 255 levels.
    dtypes = {"auto": None, "fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
    if precision not in dtypes:
        raise ValueError(f"expected precision auto, fp32, bf16 or fp16; got '{precision}'")
    if precision == "fp16" and device == "cpu":
        raise ValueError("precision fp16 needs a GPU; use bf16 or fp32 on the CPU")
    return dtypes[precision]
