"""A check of the type of what a metric receives."""

from torch import Tensor


def require_tensor(value: object, caller: str) -> None:
    """Raise TypeError unless `value` is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{caller} expects a torch.Tensor; got {type(value).__name__}; "
            "for a NumPy array pass torch.from_numpy(array)"
        )
