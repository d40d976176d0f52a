"""Networks in the form that exporters want: one path for every size, nothing drawn anew, on the CPU."""

import copy
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn.utils import parametrize

from gan_nets.layers.cpu.matmul import Double, Halve
from gan_nets.layers.cpu.rowwise import RowwiseConv
from gan_nets.layers.cpu.winograd import Conv3x3
from gan_nets.layers.noise import noise_maps
from gan_nets.networks.unet import DownBlock, UpBlock
from gan_nets.saving.pretrained import PretrainedModule

# Layers whose path on the CPU depends on the size; torch's own have the same weights and give the same.
PLAIN: dict[type, type] = {
    Conv3x3: nn.Conv2d,
    Halve: nn.Conv2d,
    RowwiseConv: nn.Conv2d,
    Double: nn.ConvTranspose2d,
}

MOST_PICTURES = 2**16  # in a batch; torch 2.6 wants a bound

Inputs: TypeAlias = tuple[Tensor, ...]


class PictureNet(nn.Module):
    """Pictures in, pictures out; batch, height and width are free."""

    names = ("input",)

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.channels, self.multiple = net.in_channels, net.size_multiple
        self.least = self._least()  # multiples that a side must have

    def _least(self) -> int:
        if self.multiple in (2, 4):  # torch.export takes RRDBNet's squares to more than one pixel only
            return 2
        try:
            self.net(*self.draw(1, 1, 1))
        except ValueError:  # reflected borders and instance norm need more than one pixel
            return 2
        return 1

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - its name in the exported file
        """(N, C, H, W) to (N, C', s * H, s * W)."""
        return self.net(input)

    def draw(self, batch: int, height: int, width: int) -> Inputs:
        """Pictures of `height` and `width` multiples."""
        return (torch.rand(batch, self.channels, height * self.multiple, width * self.multiple) * 2 - 1,)

    def free(self) -> dict[str, dict[int, Any]]:
        """Which sizes may vary."""
        sides = [Dim(name, min=self.least) for name in ("height", "width")]
        height, width = sides if self.multiple == 1 else [self.multiple * side for side in sides]
        return {"input": {0: Dim("batch", min=1, max=MOST_PICTURES), 2: height, 3: width}}


class NoiseNet(nn.Module):
    """Latents in, and labels where there are classes, pictures out; the batch is free.

    What is added to the features is drawn once, so that the same latents always give the same picture.
    """

    multiple = least = 1

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.latents, self.classes = net.latents, net.classes
        self.names = ("latents", "labels") if self.classes else ("latents",)
        self.options: dict[str, Any] = {}
        if hasattr(net, "noise_sizes"):
            self.options["noise"] = noise_maps("random", net.noise_sizes, torch.zeros(1))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latents) and (N,) to (N, C, size, size)."""
        return self.net(latents, *(() if labels is None else (labels,)), **self.options)

    def draw(self, batch: int, height: int, width: int) -> Inputs:  # noqa: ARG002 - the network's own
        """Latents, and labels where there are classes."""
        latents = torch.randn(batch, self.latents)
        return (latents, torch.randint(self.classes, (batch,))) if self.classes else (latents,)

    def free(self) -> dict[str, dict[int, Any]]:
        """Which sizes may vary."""
        batch = Dim("batch", min=1, max=MOST_PICTURES)
        return {name: {0: batch} for name in self.names}


Exportable: TypeAlias = PictureNet | NoiseNet


def exportable(net: PretrainedModule, *, without_dropout: bool) -> Exportable:
    """A copy of the network in float32 on the CPU, to be called with the inputs of the exported file.

    Raises:
        ValueError: it does not give pictures, or draws dropout anew each time.
    """
    name = type(net).__name__
    if net.usage.task in ("encode", "judge"):
        raise ValueError(
            f"expected a network that gives pictures; got {name}, whose task is to {net.usage.task}"
        )
    net = copy.deepcopy(net).cpu().float().eval().requires_grad_(False)
    for block in net.modules():
        if isinstance(block, UpBlock) and block.dropout and block.dropout_at_inference:
            if not without_dropout:
                raise ValueError(
                    f"{name} has dropout on at inference, so that no two of its pictures are alike and an "
                    "exported file can't be compared; leave it out by without_dropout (--without-dropout)"
                )
            block.dropout_at_inference = False
    return NoiseNet(net) if net.usage.task == "generate" else PictureNet(net)


def simplified(net: Exportable) -> Exportable:
    """The same function in plainer operations.

    Layers as torch has them, batch norm in elementary operations, and in place of spectral norm, which stands
    still at inference, the weights that it gives.
    """
    net = copy.deepcopy(net)
    for module in list(net.modules()):
        module.__class__ = PLAIN.get(type(module), type(module))
        if parametrize.is_parametrized(module, "weight"):
            # Not remove_parametrizations: it changes the class, which a copy shares with what it copies.
            weight = nn.Parameter(cast("Tensor", module.weight), requires_grad=False)
            module.__class__ = parametrize.type_before_parametrizations(module)
            del module.parametrizations
            module.weight = weight
        of_the_batch = isinstance(module, DownBlock | UpBlock) and module.batch_statistics
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                module.register_module(name, BatchNorm(child) if of_the_batch else RunningNorm(child))
    return net


class RunningNorm(nn.Module):
    """Batch norm with its running statistics; torch 2.6 fails to export its own with today's exporters."""

    scale: Tensor
    shift: Tensor

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        mean, variance = cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var)
        scale = (variance + norm.eps).rsqrt() * (norm.weight if norm.affine else 1)
        shift = (norm.bias if norm.affine else 0) - mean * scale
        self.register_buffer("scale", scale[:, None, None])
        self.register_buffer("shift", shift[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return x * self.scale + self.shift


class BatchNorm(nn.Module):
    """Batch norm with the statistics of the batch."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        x = x - x.mean((0, 2, 3), keepdim=True)
        variance = x.square().mean((0, 2, 3), keepdim=True)
        return x * (variance + self.eps).rsqrt() * self.weight[:, None, None] + self.bias[:, None, None]
