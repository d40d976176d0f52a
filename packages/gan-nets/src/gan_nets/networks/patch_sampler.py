"""Features of single places of feature maps, for a contrastive loss (Park et al. 2020, section 3)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive


class PatchSampler(nn.Module):
    """The vectors of some places of each feature map, through an MLP of two layers, of unit length.

    H_l in equation 3 of Park et al. 2020, "Contrastive Learning for Unpaired Image-to-Image Translation". It
    only serves the training, so it has no `save_pretrained`. Names of its parameters are those of the
    authors' code (`mlp_0.0.weight`, ...): their `latest_net_F.pth` fits `load_state_dict`.

    Args:
        channels: of each feature map.
        width: of the vectors and of the hidden layer; None for the feature maps' own vectors without an MLP.

    Raises:
        ValueError: an argument is out of its range; in `forward`, maps or positions do not fit.

    Examples:
        >>> maps = [torch.randn(2, 8, 16, 16), torch.randn(2, 16, 8, 8)]
        >>> sampler = PatchSampler([8, 16], width=4)
        >>> [tuple(vectors.shape) for vectors in sampler(maps, random_positions(maps, 5))]
        [(2, 5, 4), (2, 5, 4)]
    """

    def __init__(self, channels: Sequence[int], *, width: int | None = 256) -> None:
        super().__init__()
        if not channels:
            raise ValueError("expected the channels of one feature map or more; got none")
        self.channels = tuple(channels)
        self.width = width
        check_positive(**{f"channels of map {index}": each for index, each in enumerate(channels)})
        if width is not None:
            check_positive(width=width)
            for index, each in enumerate(channels):
                mlp = nn.Sequential(nn.Linear(each, width), nn.ReLU(), nn.Linear(width, width))
                self.add_module(f"mlp_{index}", mlp)

    def forward(self, maps: Sequence[Tensor], positions: Sequence[Tensor]) -> list[Tensor]:
        """Feature maps (N, C, H, W) and positions (P,) for each to vectors (N, P, width).

        Args:
            maps: one for each of `channels`.
            positions: integers h * W + w, which all images share; from `random_positions`. The same ones for
                an image and its translation.

        Returns:
            For each map (N, P, width), or (N, P, C) without an MLP; divided by their length + 1e-7.
        """
        found = tuple(each.shape[1] if each.ndim == 4 else 0 for each in maps)
        if found != self.channels or len(positions) != len(maps):
            raise ValueError(
                f"PatchSampler expected maps (N, C, H, W) of {list(self.channels)} channels, each with "
                f"positions; got maps {[tuple(each.shape) for each in maps]} and {len(positions)} positions"
            )
        vectors: list[Tensor] = []
        for index, (features, places) in enumerate(zip(maps, positions, strict=True)):
            x = features.flatten(2)[..., places.long()].mT  # (N, P, C)
            x = x if self.width is None else self.get_submodule(f"mlp_{index}")(x)  # (N, P, width)
            vectors.append(x / (x.norm(dim=2, keepdim=True) + 1e-7))
        return vectors


def random_positions(maps: Sequence[Tensor], count: int = 256) -> list[Tensor]:
    """For each feature map `count` different positions h * W + w, or all if there are fewer, at random.

    Random numbers come from torch's global generator on the CPU, whatever the device of the maps.

    Args:
        maps: (N, C, H, W) each; only height, width and device are used.
        count: positions in each map; 256 in Park et al. 2020.

    Returns:
        (P,) integers for each map, on its device.

    Raises:
        ValueError: `count` is below 1.

    Examples:
        >>> [len(positions) for positions in random_positions([torch.zeros(1, 8, 4, 4)], 256)]  # all 16
        [16]
    """
    check_positive(count=count)
    return [torch.randperm(each.shape[-2] * each.shape[-1])[:count].to(each.device) for each in maps]
