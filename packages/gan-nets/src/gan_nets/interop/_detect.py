"""Detect the family of a checkpoint from its keys."""

from collections.abc import Mapping
from typing import Any

from gan_nets._families import Family
from gan_nets.interop._names import unwrapped
from gan_nets.interop._parts import take_state
from gan_nets.interop._patterns import PATTERNS, family_of, not_converted
from gan_nets.interop._spandrel import beyond_families


def detect(state_dict: Mapping[str, Any]) -> Family:
    """The family of an original checkpoint.

    A ResNet generator with two downsamplings and instance norm is the same network under the same keys in
    CycleGAN's and in pix2pixHD's code; it is detected as "cyclegan-resnet".

    Args:
        state_dict: tensors by the original's keys, or the content of a file that holds them.

    Raises:
        ValueError: it is no known family, or one that is not converted here.

    Examples:
        >>> layers = ("net.0", (8, 3)), ("net.2", (16, 8)), ("net.5", (1, 16))
        >>> detect({f"{name}.weight": torch.zeros(*size, 1, 1) for name, size in layers})
        'pixel-discriminator'
    """
    state = unwrapped(take_state(state_dict, None, source="the checkpoint"))
    if what := not_converted(state):
        raise ValueError(f"the checkpoint is {what}")
    if family := family_of(state):
        return family
    raise ValueError(
        f"the checkpoint is of no known family ({', '.join(PATTERNS)}); got the keys "
        f"{', '.join(list(state)[:5]) or 'of nothing'}; {beyond_families(state)}"
    )
