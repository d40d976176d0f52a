"""Whether weights fit a network of a recipe, and what differs if they do not."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from gan_trainers import OptionError
from torch import Tensor, nn

Shapes = dict[str, tuple[int, ...]]

RESULTS = ("smooth",)  # arguments that change no tensor, but what a network makes of the same weights


class StartingWeights(NamedTuple):
    """What a network starts from.

    Attributes:
        source: where it is from, as typed.
        kind: the network's class.
        arguments: of its constructor; none if it does not describe how it is built.
        state: its tensors.
    """

    source: str
    kind: str
    arguments: dict[str, Any]
    state: Mapping[str, Tensor]


def weights_of(source: str, network: nn.Module) -> StartingWeights:
    """The weights of a network that was loaded."""
    return StartingWeights(source, type(network).__name__, _arguments(network), network.state_dict())


def check_fits(
    name: str, network: nn.Module, weights: StartingWeights, options: Any, others: Sequence[str]
) -> None:
    """Make sure that weights fit a network, its buffers included.

    Arguments of a constructor that change no tensor, such as the probability of dropout, may differ, except
    for those of `RESULTS`.

    Args:
        name: of the network.
        network: of the recipe.
        weights: for it.
        options: of the recipe.
        others: names of the other networks that the same source is for.

    Raises:
        OptionError: they do not fit. It names the arguments that differ, and options of the same names.
    """
    kind, ours, theirs = type(network).__name__, _shapes(network.state_dict()), _shapes(weights.state)
    here = _arguments(network)
    same = all(weights.arguments[key] == here.get(key) for key in RESULTS if key in weights.arguments)
    if weights.kind == kind and ours == theirs and same:
        return
    advice = "choose options that build the same network, or give other weights"
    if weights.kind != kind:
        reason = f"it is a {weights.kind}, not a {kind}"
    elif changes := {key: each for key, each in weights.arguments.items() if _matters(network, key, each)}:
        reason = ", ".join(f"{key} is {each} there and {here[key]} here" for key, each in changes.items())
        if all(hasattr(options, key) for key in changes):
            advice = "give " + " ".join(_typed(key, each) for key, each in changes.items())
    else:
        reason, advice = _different_tensor(theirs, ours), "give other weights"
    alone = f", or start {others[0]}={weights.source} alone" if others else ""
    raise OptionError(f"--start: {weights.source} does not fit {name}: {reason}; {advice}{alone}")


def _typed(argument: str, value: object) -> str:
    """An option as it is typed."""
    name = argument.replace("_", "-")
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {value}"


def _arguments(network: nn.Module) -> dict[str, Any]:
    """The arguments of a network's constructor, as JSON holds them; none if it does not describe itself."""
    describe = getattr(network, "describe", None)
    if describe is None:
        return {}
    described = json.loads(json.dumps(describe()))
    return {key: value for key, value in described.items() if key not in ("class", "usage", "gan_nets")}


def _shapes(state: Mapping[str, Tensor]) -> Shapes:
    return {key: tuple(value.shape) for key, value in state.items()}


def _matters(network: nn.Module, argument: str, value: object) -> bool:
    """Whether the network has other tensors, or cannot be built, with another value of an argument."""
    arguments = _arguments(network)
    if arguments[argument] == value:
        return False
    if argument in RESULTS:
        return True
    try:
        with torch.device("meta"):
            other = type(network)(**arguments | {argument: value})
    except (ValueError, TypeError, RuntimeError):
        return True
    return _shapes(other.state_dict()) != _shapes(network.state_dict())


def _different_tensor(theirs: Shapes, ours: Shapes) -> str:
    """The first tensor in which they differ, in words."""
    key = next(key for key in (*ours, *theirs) if ours.get(key) != theirs.get(key))
    there, here = (f"{list(each[key])}" if key in each else "missing" for each in (theirs, ours))
    return f"its tensor {key} is {there} there and {here} here"
