"""What the generators that start from noise ask of their input."""

from torch import Tensor


def check_latents(z: Tensor, labels: Tensor | None, *, latents: int, classes: int, network: str) -> None:
    """Raise ValueError unless z is (N, latents) and labels are (N,) integers where there are classes."""
    if z.ndim != 2 or z.shape[1] != latents or not z.is_floating_point():
        raise ValueError(
            f"{network} expected noise (N, {latents}), floating-point; got {tuple(z.shape)} of {z.dtype}; "
            f"draw it by torch.randn(N, {latents})"
        )
    if (labels is not None) != bool(classes):
        wanted, got = ("labels", "none") if classes else ("no labels", "labels")
        raise ValueError(f"{network} with {classes} classes expected {wanted}; got {got}")
    if labels is not None and (labels.shape != z.shape[:1] or labels.is_floating_point()):
        raise ValueError(
            f"{network} expected labels ({len(z)},), integers; got {tuple(labels.shape)} of {labels.dtype}; "
            "of one-hot rows, take labels.argmax(1)"
        )


def check_power_of_two(size: int, *, least: int, most: int, network: str) -> None:
    """Raise ValueError unless size is a power of 2 from `least` to `most`."""
    if size not in [2**power for power in range(least.bit_length() - 1, most.bit_length())]:
        raise ValueError(
            f"{network} expected a size that is a power of 2 from {least} to {most}; got {size!r}; "
            "draw larger and resize"
        )
