"""Descriptions of a checkpoint's networks, from which other programs load them without the recipe."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import nn

from gan_trainers.training.ema import EMA


@runtime_checkable
class Describable(Protocol):
    """A network that describes how it is built."""

    def describe(self) -> dict[str, Any]:
        """Its class and arguments, as plain data."""
        ...


def describe(modules: Mapping[str, nn.Module], weights: str, prefix: str) -> dict[str, Any]:
    """The description of each network that has one, and where its weights are.

    A network is described by its method `describe`, which those of gan-nets have; others are left out. For a
    network that has an average, the weights are those of the average.

    Args:
        modules: the registered networks, by name.
        weights: the file that holds their states.
        prefix: of their names in that file.

    Returns:
        For each name: "network" (the result of `describe`), "weights" (the file), "prefix" (of its keys).
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
