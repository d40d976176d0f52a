"""Rename the layers of a state dict, whatever it was saved through."""

from collections.abc import Mapping
from typing import TypeVar

from torch import Tensor, nn

from gan_nets.layers.norm import Norm
from gan_nets.saving.state_dict import load_exactly

Net = TypeVar("Net", bound=nn.Module)
StateDict = Mapping[str, Tensor]
Names = Mapping[str, str]  # from the original layer's path to ours


WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel, and of torch.compile


def unwrapped(state: StateDict) -> dict[str, Tensor]:
    """The state without what wrappers put before every key."""
    for prefix in WRAPPERS:
        if state and all(key.startswith(prefix) for key in state):
            return unwrapped({key.removeprefix(prefix): value for key, value in state.items()})
    return dict(state)


def rename(state: StateDict, names: Names) -> dict[str, Tensor]:
    """The state under our names; a key of a layer that is not in `names` stays as it is.

    Instance norms saved before PyTorch 0.4 carry running statistics without a weight, which nothing ever
    used: they are dropped.
    """
    renamed = {}
    for key, value in state.items():
        layer, _, leaf = key.rpartition(".")
        if leaf in ("running_mean", "running_var", "num_batches_tracked") and f"{layer}.weight" not in state:
            continue
        renamed[f"{names[layer]}.{leaf}" if layer in names else key] = value
    return renamed


def fit(net: Net, renamed: StateDict, names: Names, *, source: str) -> Net:
    """Load the renamed state into the net; errors name the original keys. The net comes back in eval mode."""
    originals = {ours: theirs for theirs, ours in names.items()}

    def original(key: str) -> str:
        layer, _, leaf = key.rpartition(".")
        return f"{originals[layer]}.{leaf}" if layer in originals else key

    load_exactly(net, renamed, source=source, name_of=original)
    return net.eval()


def weight_shape(state: StateDict, layer: str, *, source: str) -> tuple[int, int]:
    """First two sizes of a layer's weight, or ValueError if it is missing."""
    key = f"{layer}.weight"
    if key not in state or state[key].ndim != 4:
        raise ValueError(
            f"{source} does not fit: expected a convolution's weight at {key!r}; "
            f"got the keys {', '.join(list(state)[:5])}, ..."
        )
    return state[key].shape[0], state[key].shape[1]


def norm_of(renamed: StateDict, *, first_normed: str) -> Norm:
    """Batch norm has weights; instance norm has none, but the convolutions before it have a bias."""
    if f"{first_normed}.norm.weight" in renamed:
        return "batch"
    return "instance" if f"{first_normed}.conv.bias" in renamed else "none"


def biased_norm_of(state: StateDict, layer: str) -> Norm:
    """The norm at the original's `layer` where all convolutions have a bias, as in pix2pixHD.

    "none" leaves no trace there; the original code has batch and instance norm only.
    """
    return "batch" if f"{layer}.weight" in state else "instance"
