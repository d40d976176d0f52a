"""Rename the layers of a state dict, and load it into a network."""

from collections.abc import Mapping
from typing import TypeVar

from torch import Tensor, nn

from gan_nets.layers.norm import Norm
from gan_nets.saving.state_dict import load_exactly

Net = TypeVar("Net", bound=nn.Module)
StateDict = Mapping[str, Tensor]
Names = Mapping[str, str]  # from the original layer's path to ours

WRAPPERS = ("module.", "_orig_mod.")  # key prefixes of DataParallel and of torch.compile


def unwrapped(state: StateDict) -> dict[str, Tensor]:
    """The state without the key prefixes of wrappers."""
    for prefix in WRAPPERS:
        if state and all(key.startswith(prefix) for key in state):
            return unwrapped({key.removeprefix(prefix): value for key, value in state.items()})
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


def fit(net: Net, renamed: StateDict, names: Names, *, source: str) -> Net:
    """Load the renamed state into the network and return it in eval mode; errors list the original keys."""
    originals = {ours: theirs for theirs, ours in names.items()}

    def original(key: str) -> str:
        layer, _, leaf = key.rpartition(".")
        return f"{originals[layer]}.{leaf}" if layer in originals else key

    load_exactly(net, renamed, source=source, name_of=original)
    return net.eval()


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
