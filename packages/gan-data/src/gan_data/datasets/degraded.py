"""Pairs of degraded and clean images."""

from collections.abc import Callable

from torch import Tensor
from torch.utils.data import Dataset

from gan_data.datasets._tensor_pair import TensorPair
from gan_data.datasets.images import Images


class Degraded(Dataset[TensorPair]):
    """Pairs (degraded, clean) from clean images and a degradation.

    Args:
        images: the clean images, already cropped.
        degrade: from (3, H, W) in [-1, 1] to the input of the network, such as `gan_data.grayscale` or
            `gan_data.Downscale(factor=4)`. Spawned data loader workers need a function that can be imported,
            not a lambda.

    Examples:
        >>> write_image("1.png", torch.rand(3, 64, 64) * 2 - 1)
        >>> pairs = Degraded(Images(".", size=32), Downscale(factor=4))
        >>> low, high = pairs[0]
        >>> low.shape, high.shape
        (torch.Size([3, 8, 8]), torch.Size([3, 32, 32]))
    """

    def __init__(self, images: Images, degrade: Callable[[Tensor], Tensor]) -> None:
        self.images = images
        self.degrade = degrade

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> TensorPair:
        clean = self.images[index]
        return self.degrade(clean), clean
