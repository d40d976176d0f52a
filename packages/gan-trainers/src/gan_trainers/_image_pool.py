"""The history of generated images that a discriminator learns from."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class ImagePool:
    """Up to `capacity` earlier images, so that a discriminator does not forget what it has seen through.

    Shrivastava et al. 2017, section 2.3, as CycleGAN has it (Zhu et al. 2017, section 4): while the pool
    fills, each image is stored and given back; once it is full, an image is given back with probability 1/2,
    and otherwise takes the place of a stored one, which is given back instead.

    It draws from torch's global generator on the CPU, whatever device the images are on.

    Args:
        capacity: most images stored, each of them alone whatever the batches' size; 50 in CycleGAN. 0 gives
            every image back.

    Raises:
        ValueError: capacity is negative.
    """

    def __init__(self, capacity: int = 50) -> None:
        if capacity < 0:
            raise ValueError(f"expected a capacity of 0 or more images; got {capacity}")
        self._capacity = capacity
        self._images: list[Tensor] = []

    def swap(self, images: Tensor) -> Tensor:
        """Give images (N, C, H, W), without gradient, for `images`; the decision is taken for each alone."""
        images = images.detach()
        if self._capacity == 0:
            return images
        return torch.stack([self._swap_one(image) for image in images])

    def _swap_one(self, image: Tensor) -> Tensor:
        if len(self._images) < self._capacity:
            self._images.append(image.clone())
            return image
        # One draw decides and chooses: half of the numbers are slots.
        slot = int(torch.randint(2 * self._capacity, (), device="cpu"))
        if slot >= self._capacity:
            return image
        # Moved, as a checkpoint gives images back on the CPU. What is stored is never written to again.
        stored, self._images[slot] = self._images[slot].to(image.device), image.clone()
        return stored

    def state_dict(self) -> dict[str, Any]:
        """The stored images in their order."""
        return {"images": list(self._images)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave.

        Raises:
            ValueError: there are more images than the pool has room for.
        """
        if len(state["images"]) > self._capacity:
            raise ValueError(
                f"expected at most {self._capacity} images for this pool; got {len(state['images'])}; "
                "make the pool as large as the stored one"
            )
        self._images = list(state["images"])
