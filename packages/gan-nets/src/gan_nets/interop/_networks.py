"""Find the networks of known families in state dicts, also below a prefix of the keys."""

import re
from collections.abc import Mapping

from torch import Tensor

from gan_nets.interop._names import unwrapped
from gan_nets.interop._patterns import family_of, not_converted

DEEPEST = 4  # words of a prefix
AUXILIARY = ("discriminator", "encoder")  # words in the names of families that are no generators

States = Mapping[str, dict[str, Tensor]]


def networks_in(states: States) -> dict[str, dict[str, Tensor]]:
    """The networks by the name of their state dict and, where there is one, the prefix of their keys."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, state in states.items():
        found |= _below(name, state, DEEPEST)
    return found


def _below(name: str, state: dict[str, Tensor], depth: int) -> dict[str, dict[str, Tensor]]:
    keys = unwrapped(state)
    if family_of(keys) or not_converted(keys):
        return {name: state}
    groups: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        first, dot, rest = key.partition(".")
        if dot:
            groups.setdefault(first, {})[rest] = value
    found: dict[str, dict[str, Tensor]] = {}
    for first, group in groups.items() if depth else ():
        found |= _below(f"{name}.{first}".lstrip("."), group, depth - 1)
    return found


def generators(states: States) -> list[str]:
    """The names of those whose family is a generator's."""
    families = {name: family_of(unwrapped(state)) for name, state in states.items()}
    return [
        name for name, family in families.items() if family and not any(word in family for word in AUXILIARY)
    ]


def averaged(name: str) -> bool:
    """Whether a word of the name says that the weights are an average."""
    return "ema" in re.split(r"[^a-z]+", name.lower())
