"""What a checkpoint says about its networks, so that others can load them without the recipe."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import nn

from gan_trainers._ema import EMA


@runtime_checkable
class Describable(Protocol):
    """A network that says how it is built."""

    def describe(self) -> dict[str, Any]:
        """Its class and arguments, as plain data."""
        ...


def describe(modules: Mapping[str, nn.Module], weights: str, prefix: str) -> dict[str, Any]:
    """For each network that can describe itself: its description, and where its weights are.

    A network is described by its method `describe`, as those of gan-nets have it; others are left out. The
    weights of one that has an average are the average's.

    Args:
        modules: what a run keeps, by name.
        weights: the file that holds their states.
        prefix: what stands before their names there.

    Returns:
        For each name "network" (what `describe` gave), "weights" (the file) and "prefix" (of its keys there).
    """
    places = {name: (module, f"{prefix}{name}.") for name, module in modules.items()}
    for name, module in modules.items():
        if isinstance(module, EMA):
            del places[name]
            places[_name_of_source(module, modules) or name] = (module.average, f"{prefix}{name}.average.")
    return {
        name: {"network": module.describe(), "weights": weights, "prefix": place}
        for name, (module, place) in places.items()
        if isinstance(module, Describable)
    }


def _name_of_source(average: EMA[Any], modules: Mapping[str, nn.Module]) -> str | None:
    return next((name for name, module in modules.items() if module is average.network), None)
