"""The encoder of pix2pixHD: one vector for each object of a picture (Wang et al. 2018, section 3.4)."""

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.norm import Norm
from gan_nets.networks.pix2pixhd import Trunk
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class InstanceEncoder(PretrainedModule):
    """Picture and instance map to features that are constant over each instance.

    Pictures (N, in_channels, H, W) in [-1, 1] and instances (N, 1, H, W), integers, to features
    (N, features, H, W) in [-1, 1] (tanh, then the mean over each instance). Height and width are multiples of
    `size_multiple` and at least twice that.

    Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    section 3.4. The keys and values of the official code fit:
    `gan_nets.interop.load_pix2pixhd_encoder`.

    Args:
        in_channels: channels of the pictures.
        features: channels of the features; 3 in the paper.
        width: channels at full size; they double at each halving.
        downsamplings: how many times the size is halved.
        norm: which normalisation follows the convolutions.

    Raises:
        ValueError: an argument out of its range; in `forward`, an input of the wrong shape or an instance
            map that does not belong to the pictures.
    """

    usage = Usage(task="encode")

    def __init__(
        self,
        in_channels: int = 3,
        features: int = 3,
        *,
        width: int = 16,
        downsamplings: int = 4,
        norm: Norm = "instance",
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, features=features, width=width, downsamplings=downsamplings)
        self.in_channels = in_channels
        self.size_multiple = 2**downsamplings
        self.trunk = Trunk(in_channels, width, downsamplings=downsamplings, blocks=0, norm=norm, pad_after=3)
        self.output = nn.Conv2d(width, features, 7)

    def forward(self, x: Tensor, instances: Tensor) -> Tensor:
        """(N, in_channels, H, W) and (N, 1, H, W) to (N, features, H, W) in [-1, 1]."""
        check_images(x, self.in_channels, network="InstanceEncoder")
        check_size(
            x,
            self.size_multiple,
            least=2 * self.size_multiple,
            network="InstanceEncoder",
            remedy="extend both pictures and map by gan_nets.pad_to_multiple",
        )
        _check_instances(instances, x)
        return instance_mean(torch.tanh(self.output(self.trunk(x))), instances)


def instance_mean(x: Tensor, instances: Tensor) -> Tensor:
    """Each pixel's value replaced by the mean over the pixels of its instance, channel by channel.

    An instance is what has the same number in the same map of the batch. Any integers will do; they need be
    neither consecutive nor few, and the result does not wait for the GPU to count them.

    Args:
        x: maps (N, C, H, W).
        instances: (N, 1, H, W), integers.

    Returns:
        (N, C, H, W), of x's type. The sums are float64: an instance may have half a million pixels.

    Raises:
        ValueError: `instances` are not integers, or not of x's size.
    """
    _check_instances(instances, x)
    slots = _slots(instances.flatten(1))[:, None]  # (N, 1, H*W)
    values = x.flatten(2).double()
    zeros = torch.zeros_like(values)
    sums = zeros.scatter_add(2, slots.expand_as(values), values)
    counts = zeros[:, :1].scatter_add(2, slots, torch.ones_like(values[:, :1]))
    means = sums / counts.clamp(min=1)
    return means.gather(2, slots.expand_as(values)).to(x.dtype).view_as(x)


def _slots(numbers: Tensor) -> Tensor:
    """(N, L) of any integers to (N, L) in 0 ... L - 1, equal where and only where they are equal in a row."""
    in_order, order = numbers.sort(dim=1)
    rank = (in_order[:, 1:] != in_order[:, :-1]).cumsum(dim=1)
    rank = torch.cat([torch.zeros_like(rank[:, :1]), rank], dim=1)
    return torch.empty_like(rank).scatter(1, order, rank)


def _check_instances(instances: Tensor, x: Tensor) -> None:
    expected = (x.shape[0], 1, *x.shape[-2:])
    if tuple(instances.shape) != expected:
        raise ValueError(
            f"expected an instance map {expected} for pictures {tuple(x.shape)}; "
            f"got {tuple(instances.shape)}; resize it to theirs by nearest neighbour"
        )
    if instances.is_floating_point() or instances.is_complex():
        raise ValueError(f"expected an instance map of integers; got {instances.dtype}; use its .long()")
