"""Label maps from images: by a segmentation network, or by the nearest class color."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_metrics._image import as_saved, check_images


def predict_labels(
    network: Callable[[Tensor], Tensor], images: Tensor, *, size: tuple[int, int] | None = None
) -> Tensor:
    """The class of each pixel according to a segmentation network.

    Args:
        network: from images (N, 3, H, W) in [-1, 1] to logits (N, classes, h, w), including any
            normalization; in evaluation mode.
        images: (N, 3, H, W) in [-1, 1]; values outside are clamped, as saving an image does.
        size: (height, width) of the maps, by default those of the images. Logits of another size are resized
            bilinearly before the largest is taken.

    Returns:
        (N, height, width) int64, without a graph.

    Raises:
        ValueError: the images are not floating point, far outside [-1, 1] or not (N, C, H, W), or `network`
            returns something else.

    Examples:
        >>> predict_labels(lambda x: torch.cat([x, -x], 1), torch.tensor([[[[0.5, -0.5]]]]))
        tensor([[[0, 1]]])
    """
    check_images(images, "predict_labels")
    height, width = size or images.shape[-2:]
    with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
        logits = _checked_logits(network(as_saved(images)), len(images))
        if logits.shape[-2:] != (height, width):
            logits = F.interpolate(logits.float(), (height, width), mode="bilinear")
        return logits.argmax(1)


def nearest_color_labels(images: Tensor, palette: Tensor | Sequence[Sequence[int]]) -> Tensor:
    """The class of each pixel of painted label maps: that with the nearest color.

    The authors of pix2pix and CycleGAN read the label maps that their generators painted in this way (issue
    115 of phillipi/pix2pix). Distances are Euclidean, in RGB of 8 bits, to which the images are rounded as in
    a file; of two equally near classes the first is taken. Memory does not grow with the number of classes.

    Args:
        images: (N, 3, H, W) RGB in [-1, 1], clamped.
        palette: (classes, 3), the RGB color of each class in integers of 0 to 255, as palettes of PNG files
            have them.

    Returns:
        (N, H, W) int64, 0 to classes - 1.

    Raises:
        ValueError: the images are not floating point, far outside [-1, 1] or not RGB, or the palette is not
            one of such integers.

    Examples:
        >>> palette = [(0, 0, 0), (255, 0, 0)]
        >>> nearest_color_labels(torch.tensor([0.8, -1.0, -0.9]).reshape(1, 3, 1, 1), palette)
        tensor([[[1]]])
    """
    check_images(images, "nearest_color_labels")
    if images.shape[1] != 3:
        raise ValueError(f"nearest_color_labels expects RGB images (N, 3, H, W); got {tuple(images.shape)}")
    colors = _checked_palette(palette)
    pixels = (as_saved(images) + 1).mul_(127.5).round_()  # below, float32 is exact on integers
    labels = torch.zeros_like(pixels[:, 0], dtype=torch.int64)
    nearest = torch.full_like(pixels[:, 0], torch.inf)
    for label, color in enumerate(colors.to(pixels).view(-1, 3, 1, 1)):
        distance = (pixels - color).square_().sum(1)
        labels.masked_fill_(distance < nearest, label)
        nearest = torch.minimum(nearest, distance)
    return labels


def _checked_logits(logits: object, images: int) -> Tensor:
    if isinstance(logits, Tensor) and logits.ndim == 4 and len(logits) == images:
        return logits
    got = tuple(logits.shape) if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
    raise ValueError(
        f"expected network to return logits (N, classes, h, w), here with N = {images}; got {got}; wrap it "
        'in such a function, as lambda x: network(x)["out"] for those of torchvision'
    )


def _checked_palette(palette: Tensor | Sequence[Sequence[int]]) -> Tensor:
    """The palette as (classes, 3) integers of 0 to 255."""
    colors = torch.as_tensor(palette)
    integers = not colors.is_floating_point() and not colors.is_complex() and colors.dtype != torch.bool
    if colors.ndim != 2 or colors.shape[1] != 3 or not len(colors) or not integers:
        raise ValueError(
            "nearest_color_labels expects a palette (classes, 3) of integers, 0 to 255; got "
            f"{tuple(colors.shape)} of {colors.dtype}; for values in [-1, 1] pass "
            "((palette + 1) * 127.5).round().to(torch.uint8)"
        )
    if colors.min() < 0 or colors.max() > 255:
        raise ValueError(
            "nearest_color_labels expects a palette of integers from 0 to 255; got "
            f"{int(colors.min())} to {int(colors.max())}"
        )
    return colors
