"""What every network asks of its input, in one sentence when it does not get it."""

from torch import Tensor


def check_images(x: Tensor, channels: int, *, network: str) -> None:
    """Raise ValueError unless x is (N, channels, H, W)."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(
            f"{network} expected images (N, {channels}, H, W); got {tuple(x.shape)}; "
            f"build it with in_channels equal to the images' channels"
        )


PADDED = "gan_nets.apply_any_size(net, x) pads and crops for you"


def check_size(x: Tensor, multiple: int, *, least: int, network: str, remedy: str = PADDED) -> None:
    """Raise ValueError unless height and width of x are multiples of `multiple`, and at least `least`."""
    height, width = x.shape[-2:]
    if height < least or width < least:
        raise ValueError(
            f"{network} expected pictures of at least {least}x{least}; got {height}x{width}; enlarge them"
        )
    if height % multiple or width % multiple:
        raise ValueError(
            f"{network} expected height and width to be multiples of {multiple}; "
            f"got {height}x{width}; {remedy}"
        )


def check_positive(**sizes: int) -> None:
    """Raise ValueError for the first of the named sizes that is not a positive integer."""
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"expected {name} to be a positive integer; got {size!r}")
