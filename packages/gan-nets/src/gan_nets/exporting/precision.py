"""The precision of exported files; free of torch, for the command line."""

from typing import Literal, get_args

ExportPrecision = Literal["fp32", "fp16"]


def check_precision(precision: ExportPrecision) -> None:
    """Raise ValueError for another precision."""
    if precision not in get_args(ExportPrecision):
        raise ValueError(f"expected precision fp32 or fp16; got {precision!r}")
