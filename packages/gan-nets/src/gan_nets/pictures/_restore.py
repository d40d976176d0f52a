"""Results of networks as the tensors and arrays that were opened: the same kind, dtype and order of axes."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Picture = TypeVar("Picture", covariant=True)


class Opened(Protocol[Picture]):
    """A picture as a network takes it."""

    @property
    def pixels(self) -> Tensor:
        """Colors (N, C, H, W) in [-1, 1]."""
        ...

    @property
    def alpha(self) -> Tensor | None:
        """Channels that bypass the network, (N, K, H, W) in [-1, 1]: alpha, or the inks of CMYK."""
        ...

    def restore(self, pixels: Tensor, alpha: Tensor | None) -> Picture:
        """A picture of the original kind from new pixels and alpha, of the same or a larger size."""
        ...


@dataclass(frozen=True)
class OpenedTensor:
    """See `Opened`; with the dtype and number of dimensions of the tensor."""

    pixels: Tensor
    alpha: Tensor | None
    dtype: torch.dtype
    ndim: int

    def restore(self, pixels: Tensor, alpha: Tensor | None) -> Tensor:
        """A tensor (N, C, H, W) or (C, H, W) of the original dtype."""
        y = pixels if alpha is None else torch.cat([pixels, alpha], dim=1)
        y = y if self.ndim == 4 else y[0]
        return ((y + 1) * 127.5).round().to(torch.uint8) if self.dtype == torch.uint8 else y.to(self.dtype)


@dataclass(frozen=True)
class OpenedArray:
    """See `Opened`; with the dtype, number of dimensions and value of white of the array."""

    pixels: Tensor
    alpha: Tensor | None
    dtype: np.dtype[Any]
    ndim: int
    white: float

    def restore(self, pixels: Tensor, alpha: Tensor | None) -> NDArray[Any]:
        """An array (H, W) or (H, W, C) of the original dtype."""
        y = pixels if alpha is None else torch.cat([pixels, alpha], dim=1)
        values = ((y + 1) * (self.white / 2))[0].permute(1, 2, 0).contiguous().numpy()
        values = values[..., 0] if self.ndim == 2 and values.shape[-1] == 1 else values
        if self.dtype == bool:
            return values >= 0.5
        return values.astype(self.dtype) if self.dtype.kind == "f" else values.round().astype(self.dtype)
