"""The operations of a Core ML model in torch, as the documentation of coremltools defines them.

They are those that the networks of this package are converted to.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

DTYPES: Mapping[str, torch.dtype] = {
    "fp16": torch.float16,
    "fp32": torch.float32,
    "int32": torch.int32,
}


def evaluate(program: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    """The output of a program of coremltools.

    Args:
        program: with one function, "main", of one output.
        inputs: by name.

    Raises:
        ValueError: an operation is none of the known ones.
    """
    function = program.functions["main"]
    values: dict[str, Any] = dict(inputs)
    for operation in function.operations:
        if operation.op_type == "const":
            continue
        if operation.op_type not in OPERATIONS:
            raise ValueError(f"the check has no operation {operation.op_type} of Core ML")
        arguments = {name: _value(each, values) for name, each in operation.inputs.items()}
        result = OPERATIONS[operation.op_type](**arguments)
        results = result if isinstance(result, tuple) else (result,)
        values |= {output.name: each for output, each in zip(operation.outputs, results, strict=True)}
    return values[function.outputs[0].name]


def _value(variable: Any, values: Mapping[str, Any]) -> Any:
    """A tensor that was computed, or a constant: a tensor of floats, else plain numbers."""
    if isinstance(variable, list | tuple):
        return [_value(each, values) for each in variable]
    if variable is None or variable.name in values:
        return None if variable is None else values[variable.name]
    constant = variable.val
    if isinstance(constant, np.ndarray) and constant.dtype.kind == "f":
        return torch.from_numpy(constant)
    return constant.tolist() if isinstance(constant, np.ndarray | np.generic) else constant


def _sides(pad: list[int]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right), in torch's order."""
    top, bottom, left, right = pad[-4:]
    return left, right, top, bottom


def _pad(x: Tensor, pad: list[int], mode: str, constant_val: float) -> Tensor:
    sides = _sides(pad)
    return F.pad(x, sides, "constant", constant_val) if mode == "constant" else F.pad(x, sides, mode)


def _padded(x: Tensor, pad_type: str, pad: list[int]) -> Tensor:
    return F.pad(x, _sides(pad)) if pad_type == "custom" else x


def _conv(
    x: Tensor,
    weight: Tensor,
    strides: list[int],
    pad_type: str,
    pad: list[int],
    dilations: list[int],
    groups: int,
    bias: Tensor | None = None,
) -> Tensor:
    x = _padded(x, pad_type, pad)
    return F.conv2d(x, weight, bias, strides, dilation=dilations, groups=groups)


def _conv_transpose(
    x: Tensor,
    weight: Tensor,
    strides: list[int],
    pad_type: str,
    pad: list[int],
    dilations: list[int],
    groups: int,
    bias: Tensor | None = None,
    output_shape: list[int] | None = None,
) -> Tensor:
    y = F.conv_transpose2d(x, weight, bias, strides, groups=groups, dilation=dilations)
    left, right, top, bottom = _sides(pad) if pad_type == "custom" else (0, 0, 0, 0)
    y = y[..., top : y.shape[-2] - bottom, left : y.shape[-1] - right]
    if output_shape is not None and list(y.shape) != output_shape:
        raise ValueError(f"the check knows conv_transpose to {tuple(y.shape)} only; got {output_shape}")
    return y


def _crop(x: Tensor, crop_height: list[int], crop_width: list[int]) -> Tensor:
    (top, bottom), (left, right) = crop_height, crop_width
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def _avg_pool(
    x: Tensor,
    kernel_sizes: list[int],
    strides: list[int],
    pad_type: str,
    pad: list[int],
    exclude_padding_from_average: bool,
    ceil_mode: bool,
) -> Tensor:
    assert not ceil_mode
    pool = partial(F.avg_pool2d, kernel_size=kernel_sizes, stride=strides)
    y = pool(_padded(x, pad_type, pad))
    weights = _padded(torch.ones_like(x), pad_type, pad)
    return y / pool(weights) if exclude_padding_from_average else y


def _upsample(
    mode: str, x: Tensor, scale_factor_height: float, scale_factor_width: float, **corners: bool
) -> Tensor:
    return F.interpolate(x, scale_factor=(scale_factor_height, scale_factor_width), mode=mode, **corners)


def _expand_dims(x: Tensor, axes: list[int]) -> Tensor:
    for axis in sorted(axes):
        x = x.unsqueeze(axis)
    return x


OPERATIONS: Mapping[str, Callable[..., Tensor | tuple[Tensor, ...]]] = {
    "add": lambda x, y: x + y,
    "avg_pool": _avg_pool,
    "cast": lambda x, dtype: x.to(DTYPES[dtype]),
    "concat": lambda values, axis, interleave: torch.cat(values, axis),  # noqa: ARG005 - never interleaved
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "crop": _crop,
    "expand_dims": _expand_dims,
    "gather": lambda x, indices, axis, batch_dims: x.index_select(axis, indices),  # noqa: ARG005 - it is 0
    "instance_norm": lambda x, epsilon, gamma=None, beta=None: F.instance_norm(
        x, weight=gamma, bias=beta, eps=epsilon
    ),
    "leaky_relu": lambda x, alpha: F.leaky_relu(x, alpha),
    "linear": lambda x, weight, bias=None: F.linear(x, weight, bias),
    "mul": lambda x, y: x * y,
    "pad": _pad,
    "pixel_shuffle": lambda x, upscale_factor: F.pixel_shuffle(x, upscale_factor),
    "pixel_unshuffle": lambda x, downscale_factor: F.pixel_unshuffle(x, downscale_factor),
    "prelu": lambda x, alpha: F.prelu(x, alpha),
    "real_div": lambda x, y: x / y,
    "reduce_mean": lambda x, axes, keep_dims: x.mean(axes, keepdim=keep_dims),
    "relu": lambda x: F.relu(x),
    "reshape": lambda x, shape: x.reshape(shape),
    "rsqrt": lambda x, epsilon: (x + epsilon).rsqrt(),
    "sigmoid": lambda x: x.sigmoid(),
    "silu": lambda x: F.silu(x),
    "split": lambda x, num_splits, axis: x.chunk(num_splits, axis),
    "sqrt": lambda x: x.sqrt(),
    "sub": lambda x, y: x - y,
    "tanh": lambda x: x.tanh(),
    "upsample_bilinear": partial(_upsample, "bilinear"),
    "upsample_nearest_neighbor": partial(_upsample, "nearest"),
}
