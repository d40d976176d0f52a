"""A network that spandrel builds, as a network of this package."""

import copy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn, Self

from torch import Tensor, nn

from gan_nets._version import __version__
from gan_nets.saving.usage import Usage

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor


class SpandrelNet(nn.Module):
    """A network for super-resolution or restoration, of an architecture that the package spandrel has.

    `gan_nets.load` makes it of a file, with gan-nets[spandrel]. It is for inference: it runs in evaluation
    mode and without gradients, in the dtype of its weights. Where spandrel has images in [0, 1], it has them
    in [-1, 1]: `(net(2 * x01 - 1) + 1) / 2` is what spandrel returns for x01.

    Args:
        descriptor: what `spandrel.ModelLoader` returns.

    Attributes:
        model: spandrel's module.
        architecture: its name in spandrel, such as "SwinIR".
        in_channels: of the input.
        out_channels: of the output.
        scale: how many times as large the output is.
        size_multiple: what height and width are padded to.
        least_size: the minimum height and width, to which smaller images are padded.
        tiles_differ: whether tiles differ from the whole image whatever their overlap is: spandrel
            discourages tiles, or pads images to squares.
        usage: its task is to "enlarge", or at scale 1 to "translate".

    Examples:
        >>> net = load("4x-swin.safetensors")  # doctest: +SKIP
        >>> net.architecture, net.scale  # doctest: +SKIP
    """

    def __init__(self, descriptor: "ImageModelDescriptor[nn.Module]") -> None:
        from spandrel import ModelTiling

        super().__init__()
        self.model, self._descriptor = descriptor.model, descriptor
        self.architecture = descriptor.architecture.name
        self.in_channels, self.out_channels = descriptor.input_channels, descriptor.output_channels
        self.scale = descriptor.scale
        self.size_multiple = descriptor.size_requirements.multiple_of
        self.least_size = max(descriptor.size_requirements.minimum, 1)
        self.tiles_differ = (
            descriptor.tiling is not ModelTiling.SUPPORTED or descriptor.size_requirements.square
        )
        self.usage = Usage("enlarge" if self.scale > 1 else "translate")
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to (N, C', s * H, s * W) in [-1, 1]; some architectures take N = 1 only."""
        return self._descriptor((x + 1) / 2) * 2 - 1

    def rebuild(self) -> Self:
        """A copy in evaluation mode."""
        return copy.deepcopy(self).eval()

    def describe(self) -> dict[str, Any]:
        """Class, architecture, usage, and the version of gan_nets, for the metadata of exported files."""
        return {
            "class": type(self).__name__,
            "architecture": self.architecture,
            "usage": asdict(self.usage),
            "gan_nets": __version__,
        }

    def save_pretrained(self, save_directory: object) -> NoReturn:
        """Raise ValueError: config.json has no layout for spandrel's architectures.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"{self.architecture} of spandrel can't be saved to {save_directory}: config.json has no layout "
            "for it; keep the file that it was loaded from, which gan_nets.load and the commands open"
        )
