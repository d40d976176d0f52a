"""Load weights into a network exactly, or list in one sentence what does not fit."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from torch import Tensor, nn

from gan_nets.saving._outline import outline

Net = TypeVar("Net", bound=nn.Module)


def build_exactly(
    make: Callable[[], Net],
    state: Mapping[str, Tensor],
    *,
    source: str,
    name_of: Callable[[str], str] = lambda key: key,
) -> Net:
    """Build a network and copy `state` into it; the network takes no memory before all shapes are compared.

    Args:
        make: builds the network.
        state: tensors under the network's own keys.
        source: name of the state in an error: a file's path or a family of checkpoints.
        name_of: from the network's key to the key in the source, for errors.

    Raises:
        ValueError: keys are missing or unexpected, or shapes differ; they are listed.
    """
    try:
        planned = outline(make, len(state))
    except ValueError as error:  # of the constructor, which does not know the source
        raise ValueError(f"{source} does not fit: {error}") from error
    check_fits(planned, state, source=source, name_of=name_of)
    net = make()
    net.load_state_dict(dict(state))
    return net


def check_fits(
    net: nn.Module,
    state: Mapping[str, Tensor],
    *,
    source: str,
    name_of: Callable[[str], str] = lambda key: key,
) -> None:
    """Raise ValueError unless keys and shapes of `state` are the network's; both may be on "meta"."""
    expected = net.state_dict()
    # Batch norm's counter is absent before PyTorch 0.4.1; torch then starts it at 0.
    missing = [k for k in expected if k not in state and not k.endswith("num_batches_tracked")]
    unexpected = [k for k in state if k not in expected]
    shared = [k for k in state if k in expected]
    wrong = [k for k in shared if state[k].shape != expected[k].shape]
    kinds = [k for k in shared if _is_number(expected[k]) and not _is_number(state[k])]
    problems = [
        _listed("missing keys", map(name_of, missing)),
        _listed("unexpected keys", map(name_of, unexpected)),
        _listed(
            "other shapes",
            (f"{name_of(k)} {tuple(state[k].shape)} for {tuple(expected[k].shape)}" for k in wrong),
        ),
        _listed("other types", (f"{name_of(k)} {state[k].dtype}" for k in kinds)),
    ]
    if any(problems):
        raise ValueError(f"{source} does not fit {type(net).__name__}: {'; '.join(filter(None, problems))}")


def _is_number(value: Tensor) -> bool:
    """Whether it holds floating-point numbers of at least 16 bits."""
    return value.is_floating_point() and value.dtype.itemsize > 1


def _listed(title: str, items: Iterable[str], most: int = 8) -> str:
    """'title (count): a, b, ...', or an empty string for no items."""
    items = list(items)
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return f"{title} ({len(items)}): {', '.join(items[:most])}{rest}" if items else ""
