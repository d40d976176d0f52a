"""Style transfer by optimization of an image (Gatys et al. 2016)."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import LBFGS

from gan_losses._perceptual import perceptual_loss
from gan_losses._style import GramNormalization, gram_matrix, style_loss

Features = Callable[[Tensor], Sequence[Tensor]]


class StyleWeights(NamedTuple):
    """The factors of the two losses (Gatys et al. 2016, equation 7, with alpha / beta = 1e-3).

    Examples:
        >>> StyleWeights(style=100.0)
        StyleWeights(content=1.0, style=100.0)
    """

    content: float = 1.0  # alpha
    style: float = 1e3  # beta


def mean_grams(
    features: Features,
    pictures: Sequence[Tensor],
    layers: Sequence[int],
    *,
    normalization: GramNormalization = "gatys",
) -> list[Tensor]:
    """The mean Gram matrix of pictures at each layer: the style of a picture, of several, or of a collection.

    As in the comparison with style transfer of Zhu et al. 2017 (CycleGAN, section 5.2), where the target is
    the average Gram matrix of the whole collection.

    Args:
        features: from (1, 3, H, W) in [-1, 1] to a list of feature maps.
        pictures: each (3, H, W) or (N, 3, H, W), in [-1, 1]; sizes may differ.
        layers: positions in the list of feature maps.
        normalization: see `gram_matrix`.

    Returns:
        (1, C, C) for each layer.

    Raises:
        ValueError: If there is no picture, a position is not in the list, or as in `gram_matrix`.

    Examples:
        >>> pictures = [torch.ones(3, 8, 8), torch.zeros(3, 16, 16)]  # of any sizes
        >>> (gram,) = mean_grams(lambda x: [x], pictures, [0], normalization="area")
        >>> gram[0, 0]  # the mean of 1 and 0
        tensor([0.5000, 0.5000, 0.5000])
    """
    if not len(pictures):
        raise ValueError("expected one picture of the style or more; got none")
    sums: list[Tensor] = []
    images = [image for picture in pictures for image in (picture if picture.ndim == 4 else picture[None])]
    for image in images:
        with torch.no_grad():
            maps = _chosen(features(image[None]), layers, "style_layers")
            grams = [gram_matrix(each, normalization=normalization) for each in maps]
        sums = grams if not sums else [total + gram for total, gram in zip(sums, grams, strict=True)]
    return [total / len(images) for total in sums]


def transfer_style(
    content: Tensor,
    styles: Sequence[Tensor],
    features: Features,
    *,
    content_layers: Sequence[int],
    style_layers: Sequence[int],
    weights: StyleWeights | None = None,
    layer_weights: Sequence[float] | None = None,
    normalization: GramNormalization = "gatys",
    steps: int = 500,
    start: Literal["content", "noise"] | Tensor = "content",
    progress: Callable[[int, float, float], None] | None = None,
) -> Tensor:
    """Images with the content of `content` and the style of `styles`, by L-BFGS over their pixels.

    Gatys et al. 2016, equation 7: alpha L_content + beta L_style, where L_content is 1/2 sum (F - P)^2 over
    the feature maps (equation 1) and L_style the `style_loss`. With another normalization than "gatys" both
    are means, which depend less on the size of the images. The paper takes VGG19 with average pooling,
    "conv4_2" for the content and "conv1_1" to "conv5_1" for the style.

    Each image is optimized by itself; random numbers come from torch's global generator.

    Args:
        content: (N, 3, H, W) in [-1, 1].
        styles: pictures (3, H', W') or (N, 3, H', W') in [-1, 1], whose mean Gram matrices are the target; or
            those matrices, (1, C, C) for each of `style_layers`, from `mean_grams` with the same
            normalization.
        features: the feature extractor, from (N, 3, H, W) in [-1, 1] to a list of feature maps:
            `VGG19Features`, a `gan_projected.Backbone`, or a function. Its parameters get no gradients.
        content_layers: the positions of the maps that keep the content.
        style_layers: the positions of the maps whose Gram matrices are the style.
        weights: alpha and beta; 1 and 1000 if None.
        layer_weights: of the style layers; if None, equal ones that sum to 1.
        normalization: see `style_loss`.
        steps: iterations of L-BFGS, at least 1; each evaluates the loss once or a few times.
        start: the first image: the content, white noise, or a tensor of its shape.
        progress: called after each evaluation with its number from 1, L_content and L_style, unweighted.

    Returns:
        The shape of `content`, in [-1, 1], on its device and of its type. At least float32.

    Raises:
        ValueError: If a shape, a position or an option is wrong.
        FloatingPointError: If the loss becomes infinite or not a number.

    Examples:
        >>> content, style = torch.zeros(1, 3, 8, 8), torch.rand(3, 8, 8)
        >>> pixels = lambda x: [x]  # in place of VGG19Features
        >>> transfer_style(content, [style], pixels, content_layers=[0], style_layers=[0], steps=2).shape
        torch.Size([1, 3, 8, 8])
    """
    _check(content, styles, steps, start)
    factors = weights or StyleWeights()
    shares = [1 / len(style_layers)] * len(style_layers) if layer_weights is None else layer_weights
    if all(style.ndim == 3 and style.shape[1] == style.shape[2] and len(style) == 1 for style in styles):
        grams = list(styles)
    else:
        grams = mean_grams(features, styles, style_layers, normalization=normalization)
    half_sum = normalization == "gatys"

    def transfer_one(image: Tensor, first: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = [each.clone() for each in _chosen(features(image), content_layers, "content_layers")]

        def losses(x: Tensor) -> tuple[Tensor, Tensor]:
            maps = features(x)
            ours = _chosen(maps, content_layers, "content_layers")
            scales = [each.numel() / 2 if half_sum else 1.0 for each in ours]  # mean square to half the sum
            near = perceptual_loss(ours, wanted, layer_weights=scales, distance="mse")
            chosen = _chosen(maps, style_layers, "style_layers")
            return near, style_loss(chosen, grams, layer_weights=shares, normalization=normalization)

        return _minimize(losses, first, factors, steps, progress)

    firsts = _first_images(content, start)
    learning = (
        [p for p in features.parameters() if p.requires_grad] if isinstance(features, nn.Module) else []
    )
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        return torch.cat(
            [transfer_one(*pair) for pair in zip(content.split(1), firsts.split(1), strict=True)]
        )
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


def _minimize(
    losses: Callable[[Tensor], tuple[Tensor, Tensor]],
    first: Tensor,
    weights: StyleWeights,
    steps: int,
    progress: Callable[[int, float, float], None] | None,
) -> Tensor:
    """The image at the end of L-BFGS, clamped to [-1, 1]."""
    x = first.detach().clone().requires_grad_()
    # All iterations in one call: a second call would evaluate the image where the first ended once more.
    optimizer = LBFGS(
        [x], max_iter=steps, max_eval=25 * steps, tolerance_grad=0, tolerance_change=0,
        history_size=20, line_search_fn="strong_wolfe",
    )  # fmt: skip
    evaluations = 0

    def closure() -> float:
        nonlocal evaluations
        with torch.enable_grad():
            near, like = losses(x)
            loss = weights.content * near + weights.style * like
        value, evaluations = loss.item(), evaluations + 1
        if not math.isfinite(value):
            raise FloatingPointError(
                f"the loss became {value} at evaluation {evaluations} (content {near.item()}, style "
                f"{like.item()}); try a lower weight of the style, or features in float32"
            )
        (gradient,) = torch.autograd.grad(loss, [x])
        x.grad = gradient.contiguous()  # of features in channels-last it is not, and L-BFGS flattens a view
        if progress is not None:
            progress(evaluations, near.item(), like.item())
        return value

    optimizer.step(closure)
    return x.detach().clamp(-1, 1)


def _first_images(content: Tensor, start: Literal["content", "noise"] | Tensor) -> Tensor:
    if isinstance(start, Tensor):
        return start.to(content)
    if start == "noise":
        return torch.randn(content.shape).to(content).mul(0.5).clamp(-1, 1)
    return content


def _chosen(maps: Sequence[Tensor], layers: Sequence[int], option: str) -> list[Tensor]:
    if not len(layers) or not all(0 <= layer < len(maps) for layer in layers):
        raise ValueError(
            f"expected {option} to be positions in the {len(maps)} feature maps, 0 to {len(maps) - 1}; "
            f"got {list(layers)}"
        )
    return [maps[layer] for layer in layers]


def _check(content: Tensor, styles: Sequence[Tensor], steps: int, start: str | Tensor) -> None:
    if content.ndim != 4 or content.shape[1] != 3 or not content.is_floating_point():
        raise ValueError(
            f"expected content as floating-point (N, 3, H, W) in [-1, 1]; got {tuple(content.shape)} of "
            f"{content.dtype}; add the batch dimension, or repeat a gray plane three times"
        )
    if isinstance(styles, Tensor) or not len(styles):
        kind = "a tensor" if isinstance(styles, Tensor) else "none"
        raise ValueError(f"expected a list of style pictures or Gram matrices; got {kind}; pass [picture]")
    if steps < 1:
        raise ValueError(f"expected at least 1 step; got {steps}")
    if isinstance(start, Tensor) and start.shape != content.shape:
        raise ValueError(
            f"expected a start of the content's shape {tuple(content.shape)}; got {tuple(start.shape)}"
        )
    if not isinstance(start, Tensor) and start not in ("content", "noise"):
        raise ValueError(f'expected start "content", "noise" or a tensor; got {start!r}')
