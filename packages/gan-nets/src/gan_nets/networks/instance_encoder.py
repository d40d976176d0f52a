"""The encoder of pix2pixHD: a feature vector for each object of an image (Wang et al. 2018, section 3.4)."""

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.norm import Norm
from gan_nets.networks.pix2pixhd import Trunk
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class InstanceEncoder(PretrainedModule):
    """Image and instance map to features that are constant over each instance.

    Images (N, in_channels, H, W) in [-1, 1] and instances (N, 1, H, W), integers, to features
    (N, features, H, W) in [-1, 1] (tanh, then the mean over each instance). Height and width are multiples of
    `size_multiple` and at least twice that.

    Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    section 3.4. Checkpoints of the official code fit: `gan_nets.interop.load_pix2pixhd_encoder`.

    Args:
        in_channels: channels of the images.
        features: channels of the features; 3 in the paper.
        width: channels at full size; they double at each downsampling.
        downsamplings: how many times height and width are halved.
        norm: the normalization after the convolutions.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x or the instance map has the wrong shape
            or dtype.

    Examples:
        >>> encoder = InstanceEncoder(width=4, downsamplings=2)
        >>> instances = torch.zeros(1, 1, 32, 32, dtype=torch.int64)  # one object
        >>> features = encoder(torch.randn(1, 3, 32, 32), instances)
        >>> features.shape, features[0, 0].std() < 1e-6  # constant over the object
        (torch.Size([1, 3, 32, 32]), tensor(True))
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
            remedy="pad both images and instance map by gan_nets.pad_to_multiple",
        )
        _check_instances(instances, x)
        x = self.trunk(x)  # (N, width, H + 6, W + 6)
        x = torch.tanh(self.output(x))  # (N, features, H, W)
        return instance_mean(x, instances)  # (N, features, H, W)


def instance_mean(x: Tensor, instances: Tensor) -> Tensor:
    """Replace each pixel's value by the mean over the pixels of its instance, channel by channel.

    An instance is all pixels with the same number in the same map of the batch. The numbers may be any
    integers; they need not be consecutive, and on a GPU the host does not wait for them to be counted.

    Args:
        x: maps (N, C, H, W).
        instances: (N, 1, H, W), integers.

    Returns:
        (N, C, H, W), of x's dtype. The sums are float64, since an instance may have half a million pixels;
        float32 on devices that may lack float64 (MPS, XPU).

    Raises:
        ValueError: `instances` are not integers, or not of x's size.

    Examples:
        >>> x = torch.tensor([[[[1.0, 3.0, 5.0]]]])
        >>> instance_mean(x, torch.tensor([[[[7, 7, 8]]]])).flatten()
        tensor([2., 2., 5.])
    """
    _check_instances(instances, x)
    slots = _slots(instances.flatten(1))[:, None]  # (N, 1, H*W)
    widest = torch.float64 if x.device.type in ("cpu", "cuda") else torch.float32
    values = x.flatten(2).to(widest)  # (N, C, H*W)
    zeros = torch.zeros_like(values)
    sums = zeros.scatter_add(2, slots.expand_as(values), values)  # (N, C, H*W), one value a slot
    counts = zeros[:, :1].scatter_add(2, slots, torch.ones_like(values[:, :1]))  # (N, 1, H*W)
    means = sums / counts.clamp(min=1)
    return means.gather(2, slots.expand_as(values)).to(x.dtype).view_as(x)  # (N, C, H, W)


def _slots(numbers: Tensor) -> Tensor:
    """Renumber (N, L) integers to 0 ... L - 1, such that equal ones in a row stay equal and others differ."""
    in_order, order = numbers.sort(dim=1)
    rank = (in_order[:, 1:] != in_order[:, :-1]).cumsum(dim=1)
    rank = torch.cat([torch.zeros_like(rank[:, :1]), rank], dim=1)
    return torch.empty_like(rank).scatter(1, order, rank)


def _check_instances(instances: Tensor, x: Tensor) -> None:
    expected = (x.shape[0], 1, *x.shape[-2:])
    if tuple(instances.shape) != expected:
        raise ValueError(
            f"expected an instance map {expected} for images {tuple(x.shape)}; "
            f"got {tuple(instances.shape)}; resize it to theirs by nearest neighbor"
        )
    if instances.is_floating_point() or instances.is_complex():
        raise ValueError(f"expected an instance map of integers; got {instances.dtype}; use its .long()")
