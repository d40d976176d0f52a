"""Networks with the inputs of an exported file, on the CPU, without random numbers of their own."""

from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.export import Dim

from gan_nets.layers.wrappers import without_wrappers
from gan_nets.networks.spandrel_net import SpandrelNet
from gan_nets.networks.unet import UpBlock
from gan_nets.saving.pretrained import PretrainedModule

MOST_IMAGES = 2**16  # in a batch; torch 2.6 needs a bound

Inputs: TypeAlias = tuple[Tensor, ...]


class ImageExport(nn.Module):
    """Images to images; batch, height and width are free."""

    names = ("input",)

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.channels, self.multiple = net.in_channels, net.size_multiple
        self.least = self._least()  # least height and width, in multiples

    def _least(self) -> int:
        if isinstance(self.net, SpandrelNet):  # torch.export traces many of them for more than one pixel only
            return max(2, -(-self.net.least_size // self.multiple))
        if self.multiple in (2, 4):  # torch.export takes pixel_unshuffle to more than one pixel only
            return 2
        try:
            self.net(*self.sample(1, 1, 1))
        except ValueError:  # reflection padding and instance norm need more than one pixel
            return 2
        return 1

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - its name in the exported file
        """(N, C, H, W) to (N, C', s * H, s * W)."""
        return self.net(input)

    def sample(self, batch: int, height: int, width: int) -> Inputs:
        """Random images of `height` and `width` multiples."""
        return (torch.rand(batch, self.channels, height * self.multiple, width * self.multiple) * 2 - 1,)

    def dynamic_shapes(self, *, batch: bool = True, most: int | None = None) -> dict[str, dict[int, Any]]:
        """The dimensions that are free, for torch.export.

        Args:
            batch: whether that of the batch is.
            most: pixels of height and width.
        """
        multiples = None if most is None else most // self.multiple
        sides = [Dim(name, min=self.least, max=multiples) for name in ("height", "width")]
        height, width = sides if self.multiple == 1 else [self.multiple * side for side in sides]
        return {"input": _batch(free=batch) | {2: height, 3: width}}


class LatentsExport(nn.Module):
    """Latents, and labels if there are classes, to images; the batch is free.

    Noise maps are sampled once, so that the same latents always give the same image.
    """

    multiple = least = 1

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.latents, self.classes = net.latents, net.classes
        self.names = ("latents", "labels") if self.classes else ("latents",)
        self.options: dict[str, Any] = {}
        if hasattr(net, "noise_sizes"):
            self.options["noise"] = [torch.randn(1, 1, size, size) for size in net.noise_sizes]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latents) and (N,) to (N, C, size, size)."""
        return self.net(latents, *(() if labels is None else (labels,)), **self.options)

    def sample(self, batch: int, height: int, width: int) -> Inputs:  # noqa: ARG002 - the network's own
        """Random latents, and labels if there are classes."""
        latents = torch.randn(batch, self.latents)
        return (latents, torch.randint(self.classes, (batch,))) if self.classes else (latents,)

    def dynamic_shapes(
        self,
        *,
        batch: bool = True,
        most: int | None = None,  # noqa: ARG002 - the network's own size
    ) -> dict[str, dict[int, Any]]:
        """The dimensions that are free, for torch.export: that of the batch, if it is."""
        free = _batch(free=batch)
        return dict.fromkeys(self.names, free)


def _batch(*, free: bool) -> dict[int, Any]:
    return {0: Dim("batch", min=1, max=MOST_IMAGES)} if free else {}


Exportable: TypeAlias = ImageExport | LatentsExport


def pretrained(net: nn.Module) -> PretrainedModule | SpandrelNet:
    """The network itself, without the wrapper that it may be in.

    Raises:
        ValueError: it is none of this package.
    """
    inner = without_wrappers(net)
    inner = getattr(inner, "_orig_mod", inner)  # of torch.compile
    if not isinstance(inner, PretrainedModule | SpandrelNet):
        raise ValueError(
            f"expected a network of gan_nets; got {type(inner).__name__}; torch.export takes any"
        )
    return inner


def exportable(net: PretrainedModule | SpandrelNet, *, without_dropout: bool) -> Exportable:
    """A copy of the network in float32 on the CPU, called with the inputs of the exported file.

    It is rebuilt from arguments and weights, so that it has plain layers whatever kernels `net` uses.

    Raises:
        ValueError: the network gives no images, or samples dropout at inference.
    """
    name = type(net).__name__
    if net.usage.task in ("encode", "discriminate"):
        raise ValueError(
            f"expected a network that gives images; got {name}, whose task is to {net.usage.task}"
        )
    net = net.rebuild().cpu().float().requires_grad_(False)
    for block in net.modules():
        if isinstance(block, UpBlock) and block.dropout.p and block.dropout_at_inference:
            if not without_dropout:
                raise ValueError(
                    f"{name} has dropout on at inference, so that its output is random and an exported file "
                    "cannot be compared with it; leave dropout out by without_dropout (--without-dropout)"
                )
            block.dropout_at_inference = False
    return LatentsExport(net) if net.usage.task == "generate" else ImageExport(net)
