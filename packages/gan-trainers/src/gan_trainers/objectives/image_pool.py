"""A pool of earlier generated images for a discriminator to learn from."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gan_trainers.base.distributed import gather_rows, own_rows
from gan_trainers.base.keyed import keyed_seed


class ImagePool:
    """Up to `capacity` earlier generated images, which keep a discriminator from forgetting them.

    Shrivastava et al. 2017, section 2.3, in CycleGAN's variant (Zhu et al. 2017, section 4): while the pool
    fills, each image is stored and returned. Once it is full, an image is returned with probability 1/2;
    otherwise it replaces a random stored image, which is returned instead.

    With several processes there is one pool for all: each has the same images, and takes those of the others
    in the order of the processes. So N processes equal one with N times the batch. What happens to the n-th
    image depends only on the seed and n.

    Args:
        capacity: largest number of images stored, whatever the batch size; 50 in CycleGAN. With 0, every
            image is returned.
        seed: of the decisions; different ones for pools that should decide independently.

    Attributes:
        same_on_every_process: that a checkpoint holds the pool once.

    Raises:
        ValueError: capacity is negative.

    Examples:
        >>> pool = ImagePool(capacity=50)
        >>> fake = torch.randn(4, 3, 8, 8)
        >>> torch.equal(pool.swap(fake), fake)  # while the pool fills
        True
    """

    same_on_every_process = True

    def __init__(self, capacity: int = 50, *, seed: int = 0) -> None:
        if capacity < 0:
            raise ValueError(f"expected a capacity of 0 or more images; got {capacity}")
        self._capacity = capacity
        self._seed = seed
        self._images: list[Tensor] = []
        self._swapped = 0  # images so far

    def swap(self, images: Tensor) -> Tensor:
        """Swap (N, C, H, W) for images of the same shape, without gradient; each is decided separately.

        Every process has to call it, with as many images of the same shape.
        """
        images = images.detach()
        if self._capacity == 0:
            return images
        return own_rows(torch.stack([self._swap_one(image) for image in gather_rows(images)]))

    def _swap_one(self, image: Tensor) -> Tensor:
        self._swapped += 1
        if len(self._images) < self._capacity:
            self._images.append(image.clone())
            return image
        # One random number decides and chooses: half of the numbers are slots.
        slot = keyed_seed(self._seed, self._swapped) % (2 * self._capacity)
        if slot >= self._capacity:
            return image
        # Moved, because images from a checkpoint are on the CPU. Stored images are never written to.
        stored, self._images[slot] = self._images[slot].to(image.device), image.clone()
        return stored

    def state_dict(self) -> dict[str, Any]:
        """The stored images, in order, and how many were swapped."""
        return {"images": list(self._images), "swapped": self._swapped}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the result of `state_dict`.

        Raises:
            ValueError: there are more images than `capacity`.
        """
        if len(state["images"]) > self._capacity:
            raise ValueError(
                f"expected at most {self._capacity} images for this pool; got {len(state['images'])}; "
                "use the capacity of the stored pool"
            )
        self._images = list(state["images"])
        self._swapped = state["swapped"]
