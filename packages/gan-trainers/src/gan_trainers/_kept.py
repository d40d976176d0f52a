"""The objects that a run takes care of, by name: their states out and in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

State = dict[str, Any]


class Kept:
    """Networks, optimisers and other objects with a state, each under its name.

    Modules and optimisers are the same on every process and are stored once; whatever else is kept
    (an image pool, a controller) has a history of its own on each process and is stored for each.
    """

    def __init__(self) -> None:
        self._objects: dict[str, Any] = {}

    def add(self, name: str, kept: Any) -> None:
        """Take `kept` under `name`.

        Raises:
            TypeError: for an object without `state_dict` and `load_state_dict`.
            ValueError: for a name that is taken.
        """
        if name in self._objects:
            raise ValueError(f"'{name}' is kept already; choose another name")
        if not (hasattr(kept, "state_dict") and hasattr(kept, "load_state_dict")):
            raise TypeError(f"'{name}' has no state_dict and load_state_dict, so it cannot be kept")
        self._objects[name] = kept

    def modules(self) -> dict[str, nn.Module]:
        """The networks by name, averages of networks among them."""
        return {name: kept for name, kept in self._objects.items() if isinstance(kept, nn.Module)}

    def name_of(self, optimizer: Optimizer) -> str:
        """The name under which `optimizer` is kept.

        Raises:
            ValueError: if it is not.
        """
        for name, kept in self._objects.items():
            if kept is optimizer:
                return name
        raise ValueError("this optimiser is not kept; give it to run.keep() before the loop")

    def check(self, step: int) -> None:
        """Make sure that every weight is a finite number.

        A gradient may overflow although the loss was finite, so that logged terms look good for one
        more step than the weights do.

        Raises:
            FloatingPointError: naming the network, the parameter and `step`.
        """
        for name, module in self.modules().items():
            for key, parameter in module.named_parameters():
                if not parameter.isfinite().all():
                    raise FloatingPointError(f"weights of '{name}' ({key}) are not finite after step {step}")

    def shared_states(self) -> State:
        """The states that are the same on every process."""
        return {name: kept.state_dict() for name, kept in self._objects.items() if _is_shared(kept)}

    def own_states(self) -> State:
        """The states that this process has for itself."""
        return {name: kept.state_dict() for name, kept in self._objects.items() if not _is_shared(kept)}

    def load(self, states: Mapping[str, Any], folder: Path) -> None:
        """Restore every object's state; `folder` is the checkpoint that the errors name.

        Raises:
            ValueError: if the checkpoint holds other names, or a state that does not fit.
        """
        if states.keys() != self._objects.keys():
            raise ValueError(
                f"the checkpoint {folder} holds {sorted(states)}, not {sorted(self._objects)}: it is of "
                "another recipe; choose another folder"
            )
        for name, kept in self._objects.items():
            try:
                kept.load_state_dict(states[name])
            except (RuntimeError, ValueError, KeyError) as error:
                reason = " ".join(str(error).split())[:300]
                raise ValueError(
                    f"the checkpoint {folder} does not fit '{name}': {reason}; use the settings it was "
                    "made with, or choose another folder"
                ) from error
            if isinstance(kept, Optimizer):
                _match_layouts(kept)


def _is_shared(kept: Any) -> bool:
    return isinstance(kept, nn.Module | Optimizer)


def _match_layouts(optimizer: Optimizer) -> None:
    """Lay an optimiser's moments out in memory as its parameters are.

    Files hold plain layouts. A fused optimiser walks parameters and moments side by side in memory,
    and would silently pair the wrong elements if only one of them were channels-last.
    """
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[key] = torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)
