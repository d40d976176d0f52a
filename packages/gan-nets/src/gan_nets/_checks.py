"""What every network asks of its input, in one sentence when it does not get it."""

from torch import Tensor


def check_images(x: Tensor, channels: int, *, network: str) -> None:
    """Raise ValueError unless x is (N, channels, H, W)."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(
            f"{network} expected images (N, {channels}, H, W); got {tuple(x.shape)}; "
            f"build it with in_channels equal to the images' channels"
        )


def check_positive(**sizes: int) -> None:
    """Raise ValueError for the first of the named sizes that is not a positive integer."""
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"expected {name} to be a positive integer; got {size!r}")
