"""Rename the layers of a state dict, and build the network that it fits."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from torch import Tensor, nn

from gan_nets.interop._sound import check_sound
from gan_nets.layers.norm import Norm
from gan_nets.saving.state_dict import build_exactly

Net = TypeVar("Net", bound=nn.Module)
StateDict = Mapping[str, Tensor]
Names = Mapping[str, str]  # from the original layer's path to ours

WRAPPERS = ("module.", "_orig_mod.")  # key prefixes of DataParallel and AveragedModel, and of torch.compile
COUNTERS = ("n_averaged",)  # AveragedModel's, beside its "module."


def unwrapped(state: StateDict) -> dict[str, Tensor]:
    """The state without the key prefixes of wrappers.

    Raises:
        ValueError: a key or a tensor is none that a network has.
    """
    check_sound(state, source="the checkpoint")
    inner = {key: value for key, value in state.items() if key not in COUNTERS}
    for prefix in WRAPPERS:
        if inner and all(key.startswith(prefix) for key in inner):
            return unwrapped({key.removeprefix(prefix): value for key, value in inner.items()})
    return dict(state)


def rename(state: StateDict, names: Names) -> dict[str, Tensor]:
    """The state under our names; keys of layers that are not in `names` stay as they are.

    Instance norms saved before PyTorch 0.4 have running statistics but no weight. They are never used, and
    dropped here.
    """
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        layer, _, leaf = key.rpartition(".")
        if leaf in ("running_mean", "running_var", "num_batches_tracked") and f"{layer}.weight" not in state:
            continue
        renamed[f"{names[layer]}.{leaf}" if layer in names else key] = value
    return renamed


def fit(make: Callable[[], Net], renamed: StateDict, names: Names, *, source: str) -> Net:
    """Build the network with the renamed state, in eval mode; errors list the original keys."""
    originals = {ours: theirs for theirs, ours in names.items()}

    def original(key: str) -> str:
        layer, _, leaf = key.rpartition(".")
        return f"{originals[layer]}.{leaf}" if layer in originals else key

    return build_exactly(make, renamed, source=source, name_of=original).eval()


def weight_shape(state: StateDict, layer: str, *, source: str) -> tuple[int, int]:
    """First two dimensions of a layer's weight.

    Raises:
        ValueError: it is missing, or no weight of a convolution.
    """
    key = f"{layer}.weight"
    if key not in state or state[key].ndim != 4:
        raise ValueError(
            f"{source} does not fit: expected a convolution's weight at {key!r}; "
            f"got the keys {', '.join(list(state)[:5])}, ..."
        )
    return state[key].shape[0], state[key].shape[1]


def count(state: StateDict, pattern: str, *, source: str) -> int:
    """How many different numbers the pattern's group matches in the keys.

    Raises:
        ValueError: none.
    """
    found = {match[1] for key in state if (match := re.match(pattern, key))}
    if not found:
        example = pattern.replace(r"(\d+)", "0").replace("\\", "")
        raise ValueError(
            f"{source} does not fit: expected keys such as '{example}weight'; "
            f"got {', '.join(list(state)[:5]) or 'no keys'}"
        )
    return len(found)


def norm_of(renamed: StateDict, *, first_normed: str) -> Norm:
    """The norm of the network: batch norm has weights; before instance norm convolutions have a bias."""
    if f"{first_normed}.norm.weight" in renamed:
        return "batch"
    return "instance" if f"{first_normed}.conv.bias" in renamed else "none"


def biased_norm_of(state: StateDict, layer: str) -> Norm:
    """The norm at the original's `layer` if all convolutions have a bias, as in pix2pixHD.

    "none" cannot be told from instance norm then, but the original code has batch and instance norm only.
    """
    return "batch" if f"{layer}.weight" in state else "instance"
