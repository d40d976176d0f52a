"""Choose the state dict among the contents of a checkpoint."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gan_nets.interop._networks import averaged, generators, networks_in
from gan_nets.interop._sound import check_sound

# Endings of the keys that are buffers; the other tensors of a state dict are the parameters, in order.
BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "weight_u", "weight_v")
PREFERRED = ("g", "netg", "generator", "params", "state_dict", "model")  # if none has averaged weights
ENDINGS = ("", "_state_dict")
DEEPEST = 5  # dicts within dicts

State = dict[str, Tensor]


def take_state(content: Any, part: str | None, *, source: str) -> State:
    """The content itself if it is the state dict of one network, or one of those that it holds.

    Networks are searched in dicts of dicts, and by the first words of their keys in one flat dict.

    Args:
        content: the content of a file.
        part: the name of one network: of its dict ("netG"), or the first word of its keys ("generator" for
            generator.model.1.weight), with the names above it ("state_dict.generator") or without; by default
            averaged weights are preferred, then a generator.
        source: name of the content in an error.

    Raises:
        ValueError: there is no state dict, none has that name, or there are several and none is preferred.
    """
    states = _states(content)
    if not states:
        held = f"a dict with {list(content)[:5]}" if isinstance(content, Mapping) else type(content).__name__
        raise ValueError(f"{source} holds {held}; expected one state dict, or some by name")
    for state in states.values():
        check_sound(state, source=source)
    if part:
        return _named(part, states, source)
    networks = networks_in(states) or states
    name = _preferred(networks)
    if name is None:
        raise ValueError(f"{source} holds several networks; name one of its parts: {', '.join(networks)}")
    return networks[name]


def _states(content: Any) -> dict[str, State]:
    """State dicts by the path of names that leads to them. Of a dict in two places, the first counts.

    FastGAN stores averaged weights as a list of the parameters of "g".
    """
    found: dict[str, State] = {}
    seen: set[int] = set()

    def search(value: Any, path: tuple[str, ...]) -> None:
        if not isinstance(value, Mapping) or len(path) > DEEPEST or id(value) in seen:
            return
        seen.add(id(value))
        tensors = {key: each for key, each in value.items() if isinstance(each, Tensor)}
        plain = {key: each for key, each in tensors.items() if isinstance(key, str)}
        if plain and (len(plain) == len(value) or any("." in key for key in plain)):
            found[".".join(path)] = plain
        for key, each in value.items():
            if isinstance(key, str):
                search(each, (*path, key))

    search(content, ())
    parameters = content.get("g_ema") if isinstance(content, Mapping) else None
    if isinstance(parameters, list) and "g" in found:
        found["g_ema"] = _with_parameters(found["g"], parameters)
    return found


def _with_parameters(state: State, values: list[Tensor]) -> State:
    names = [key for key in state if not key.endswith(BUFFERS)]
    if len(names) != len(values):
        raise ValueError(f"expected 'g_ema' to have the {len(names)} parameters of 'g'; got {len(values)}")
    return state | dict(zip(names, values, strict=True))


def _named(part: str, states: dict[str, State], source: str) -> State:
    """The only network whose path ends with `part`; or all keys of one state dict that begin with it."""
    networks = states | networks_in(states)
    ending = [name for name in networks if f".{name}".endswith(f".{part}")]
    if part in networks or len(ending) == 1:
        name = part if part in networks else ending[0]
        return take_state(networks[name], None, source=f"{source}, in {name},")
    inside = [_below(f"{part}.", state) for state in states.values()]
    inside = [state for state in inside if state]
    if len(inside) == 1 and not ending:
        return inside[0]
    if list(networks) == [""]:
        raise ValueError(f"{source} is one state dict, without a part {part!r}; take it whole")
    held = "several parts" if ending or inside else "no part"
    known = ", ".join(name for name in networks if name)
    raise ValueError(f"{source} holds {held} {part!r}; name one of its parts: {known}")


def _below(prefix: str, state: State) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _preferred(networks: dict[str, State]) -> str | None:
    names = list(networks)
    for kind in (generators(networks), [name for name in names if averaged(name)]):
        names = [name for name in names if name in kind] or names
    if len(names) == 1:
        return names[0]
    last = {name: name.rpartition(".")[2].lower() for name in names}
    for word in (plain + ending for plain in PREFERRED for ending in ENDINGS):
        called = [name for name in names if last[name] == word]
        if called:
            return called[0] if len(called) == 1 else None
    return None
