"""The hyperparameters that a program gives its optimizers, and what a resumed run does when they changed."""

from typing import Any

from torch import Tensor
from torch.optim import Optimizer

Hyperparameters = dict[str, Any]


def hyperparameters(optimizer: Optimizer) -> Hyperparameters:
    """The class of an optimizer and the values of its parameter groups, as plain data."""
    groups = [
        {key: plain for key, value in group.items() if key != "params" and _is_plain(plain := _plain(value))}
        for group in optimizer.param_groups
    ]
    return {"class": type(optimizer).__name__, "groups": groups}


def follow_changes(
    name: str, optimizer: Optimizer, before: Hyperparameters, now: Hyperparameters
) -> list[str]:
    """Give an optimizer whose state was restored the values that changed since the checkpoint.

    A value that the loop sets itself, such as a scheduled learning rate, is the checkpoint's until then.

    Args:
        name: of the optimizer, for the result.
        optimizer: after its `load_state_dict`.
        before: what the program that wrote the checkpoint gave it.
        now: what this program gave it.

    Returns:
        The changes, one "lr of 'name': old -> new" each.

    Raises:
        ValueError: naming a value that the optimizer's state depends on.
    """
    changes: list[str] = []
    for group, old, new in zip(optimizer.param_groups, before["groups"], now["groups"], strict=True):
        for key in sorted(old.keys() & new.keys()):
            if old[key] == new[key]:
                continue
            if not _can_change(key, old[key], new[key]):
                raise ValueError(f"it was written with {key}={old[key]} and this run has {key}={new[key]}")
            group[key] = group[key].new_tensor(new[key]) if isinstance(group[key], Tensor) else new[key]
            changes.append(f"{key} of '{name}': {old[key]} -> {new[key]}")
    return list(dict.fromkeys(changes))


def _can_change(key: str, old: Any, new: Any) -> bool:
    """Whether the new value fits the old state: without momentum, for example, there is none in the state."""
    if key == "momentum" and bool(old) != bool(new):
        return False
    values = [*(old if isinstance(old, tuple) else (old,)), *(new if isinstance(new, tuple) else (new,))]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor) and value.numel() == 1:
        return value.item()
    return tuple(_plain(each) for each in value) if isinstance(value, list | tuple) else value


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(not isinstance(each, tuple) and _is_plain(each) for each in value)
    return value is None or isinstance(value, bool | int | float | str)
