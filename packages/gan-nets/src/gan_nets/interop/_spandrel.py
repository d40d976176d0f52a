"""State dicts of the architectures that the package spandrel knows; it is an extra."""

import warnings
from importlib.util import find_spec

from gan_nets.interop._names import StateDict, unwrapped
from gan_nets.interop._patterns import BY_SPANDREL
from gan_nets.interop._sound import check_finite
from gan_nets.networks.spandrel_net import SpandrelNet

LONGEST = 300  # characters of what is quoted of spandrel's errors


def spandrel_net(state_dict: StateDict) -> SpandrelNet | None:
    """The network that spandrel builds for a state dict, in eval mode and float32.

    Spandrel gets tensors by name: none of its own readers of files is used.

    Args:
        state_dict: tensors by the original's keys; it is not changed.

    Returns:
        None if spandrel is not installed, or does not know the architecture.

    Raises:
        ValueError: the state dict does not fit its architecture, has NaN or infinity, or is of a network that
            takes more than an image.
    """
    state = unwrapped(state_dict)
    architecture = _architecture_of(state)
    if architecture is None:
        return None
    check_finite(state)
    from spandrel import ImageModelDescriptor, ModelLoader

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, for the authors of architectures
            descriptor = ModelLoader().load_from_state_dict(state)
    except Exception as error:  # a stranger's tensors may be of any shape and type
        reason = " ".join(str(error).split())[:LONGEST] or type(error).__name__
        raise ValueError(
            f"spandrel takes the checkpoint for {architecture}, which it does not fit: {reason}"
        ) from error
    if not isinstance(descriptor, ImageModelDescriptor):
        raise ValueError(f"{architecture} takes a mask besides the image; expected a network of images alone")
    return SpandrelNet(descriptor)


def beyond_families(state: StateDict) -> str:
    """What can be done with a state dict of no known family, as a clause."""
    if not _is_installed():
        return f"if it is of another network for super-resolution or restoration, {BY_SPANDREL}"
    architecture = _architecture_of(state)
    if architecture is None:
        return "spandrel does not know it either"
    return (
        f"it is {architecture} of spandrel, for which there is no folder layout: gan_nets.load and the "
        "commands open its file"
    )


def _architecture_of(state: StateDict) -> str | None:
    """The name of the architecture that spandrel detects, if it is installed and knows the keys."""
    if not _is_installed():
        return None
    from spandrel import MAIN_REGISTRY, canonicalize_state_dict

    keys = canonicalize_state_dict(dict(state))
    for known in MAIN_REGISTRY.architectures("detection"):
        if known.detect(keys):
            return known.architecture.name
    return None


def _is_installed() -> bool:
    return find_spec("spandrel") is not None
