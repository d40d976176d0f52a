"""Checks of what a network is given; each error is one sentence."""

from torch import Tensor


def check_images(x: Tensor, channels: int, *, network: str) -> None:
    """Raise ValueError unless x is (N, channels, H, W)."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(
            f"{network} expected images (N, {channels}, H, W); got {tuple(x.shape)}; "
            f"build it with in_channels equal to the images' channels"
        )


def check_images_and_labels(
    x: Tensor, labels: Tensor | None, *, channels: int, size: int, classes: int, network: str
) -> None:
    """Raise ValueError unless x is (N, channels, size, size), and there are labels exactly if classes."""
    check_images(x, channels, network=network)
    if x.shape[-2:] != (size, size):
        raise ValueError(
            f"{network} expected images of {size}x{size}; got {x.shape[-2]}x{x.shape[-1]}; build it with "
            "their size"
        )
    if (labels is not None) != bool(classes):
        wanted, got = ("labels", "none") if classes else ("no labels", "labels")
        raise ValueError(f"{network} with {classes} classes expected {wanted}; got {got}")


def check_least_size(x: Tensor, least: int, *, network: str, remedy: str = "enlarge them") -> None:
    """Raise ValueError unless height and width of x are at least `least`."""
    height, width = x.shape[-2:]
    if min(height, width) < least:
        raise ValueError(
            f"{network} expected images of at least {least}x{least}; got {height}x{width}; {remedy}"
        )


PADDED = "gan_nets.apply_any_size(net, x) pads and crops for you"


def check_size(x: Tensor, multiple: int, *, least: int = 0, network: str, remedy: str = PADDED) -> None:
    """Raise ValueError unless H and W of x are at least `least` and positive multiples of `multiple`."""
    check_least_size(x, least, network=network)
    height, width = x.shape[-2:]
    if not height or not width or height % multiple or width % multiple:
        raise ValueError(
            f"{network} expected height and width to be multiples of {multiple}; "
            f"got {height}x{width}; {remedy}"
        )


def check_positive(**sizes: object) -> None:
    """Raise ValueError for the first of the named sizes that is not a positive integer."""
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"expected {name} to be a positive integer; got {size!r}")
