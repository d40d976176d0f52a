"""Spectral norm under torch's keys from before parametrizations: weight_orig, weight_u and weight_v."""

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor, nn

from gan_nets.interop._names import Names, StateDict, rename
from gan_nets.saving.state_dict import build_exactly

Net = TypeVar("Net", bound=nn.Module)

LEAVES = {  # today's keys by the old ones
    "weight_orig": "parametrizations.weight.original",
    "weight_u": "parametrizations.weight.0._u",
    "weight_v": "parametrizations.weight.0._v",
}


def rename_spectral(state: StateDict, names: Names) -> dict[str, Tensor]:
    """The state under our names, for layers with spectral norm and without."""
    renamed: dict[str, Tensor] = {}
    for key, value in rename(state, names).items():
        layer, _, leaf = key.rpartition(".")
        renamed[f"{layer}.{LEAVES.get(leaf, leaf)}"] = value
    return renamed


def fit_spectral(make: Callable[[], Net], renamed: StateDict, names: Names, *, source: str) -> Net:
    """Build the network with the renamed state, in eval mode; errors list the original keys."""
    originals = {ours: theirs for theirs, ours in names.items()}

    def original(key: str) -> str:
        for old, new in LEAVES.items():
            key = key.replace(f".{new}", f".{old}")
        layer, _, leaf = key.rpartition(".")
        return f"{originals.get(layer, layer)}.{leaf}"

    return build_exactly(make, renamed, source=source, name_of=original).eval()
