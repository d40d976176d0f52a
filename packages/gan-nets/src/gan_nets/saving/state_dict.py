"""Load weights into a network exactly, or list in one sentence what does not fit."""

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn


def load_exactly(
    net: nn.Module,
    state: Mapping[str, Tensor],
    *,
    source: str,
    name_of: Callable[[str], str] = lambda key: key,
) -> None:
    """Copy `state` into `net`; the network is changed in place, and unchanged after an error.

    Args:
        net: the network.
        state: tensors under the network's own keys.
        source: name of the state in an error: a file's path or a family of checkpoints.
        name_of: from the network's key to the key in the source, for errors.

    Raises:
        ValueError: keys are missing or unexpected, or shapes differ; they are listed.
    """
    expected = net.state_dict()
    # Batch norm's counter is absent before PyTorch 0.4.1; torch then starts it at 0.
    missing = [k for k in expected if k not in state and not k.endswith("num_batches_tracked")]
    unexpected = [k for k in state if k not in expected]
    wrong = [k for k in state if k in expected and state[k].shape != expected[k].shape]
    problems = [
        _listed("missing keys", map(name_of, missing)),
        _listed("unexpected keys", map(name_of, unexpected)),
        _listed(
            "other shapes",
            (f"{name_of(k)} {tuple(state[k].shape)} for {tuple(expected[k].shape)}" for k in wrong),
        ),
    ]
    if any(problems):
        raise ValueError(f"{source} does not fit {type(net).__name__}: {'; '.join(filter(None, problems))}")
    net.load_state_dict(dict(state))


def _listed(title: str, items: Iterable[str], most: int = 8) -> str:
    """'title (count): a, b, ...', or an empty string for no items."""
    items = list(items)
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return f"{title} ({len(items)}): {', '.join(items[:most])}{rest}" if items else ""
