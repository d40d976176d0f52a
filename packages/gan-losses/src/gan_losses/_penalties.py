"""Penalties on the discriminator's gradient with respect to its input.

Each takes the discriminator as a callable and images that need no gradient, and returns a mean over the batch
that is differentiable with respect to the discriminator's parameters. The discriminator runs in at least
float32, outside autocast, since squared gradients underflow in half precision. Note:

- The logits of the batch are summed before they are differentiated, so each image gets its own gradient,
  unless batch normalization mixes the images.
- A network whose forward enters autocast, as after `gan_trainers.Run.register` or accelerate's `prepare`,
  does so here too. Pass `lambda x: type(net).forward(net, x)`, which bypasses that forward and leaves the
  network unchanged; `unwrap_model(net, keep_fp32_wrapper=False)` would end its mixed precision.
- A discriminator compiled by `net.compile()` cannot be differentiated twice. Pass `net.forward`, which is not
  compiled.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from gan_losses._scales import Logits, as_list, at_least_float32, check_same_shape

Discriminator: TypeAlias = Callable[[Tensor], Logits]
"""A module or function from images (N, C, H, W) to logits of any shape, or a list of them."""


def gradient_penalty(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    *,
    target: float = 1.0,
    mix: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """(|grad D(x)| - target)^2 at random points between real and fake (Gulrajani et al. 2017, equation 3).

    The penalty of WGAN-GP: x = u real + (1 - u) fake with one u ~ U[0, 1) for each image, and the norm is
    over all of an image's values. The weight (lambda = 10 in the paper) belongs to the caller.

    Args:
        discriminator: Maps images to logits, a tensor or a list of them (summed).
        real: (N, ...) real images.
        fake: (N, ...) generated images of the same shape.
        target: The norm without a penalty.
        mix: u, (N,) in [0, 1]; sampled if absent.
        generator: Source of u; torch's default one if absent. Its device may differ.

    Returns:
        A scalar, the mean over the N images.

    Raises:
        ValueError: If the shapes differ, there is not one u for each image, or the logits have no gradient
            with respect to the images.

    Examples:
        >>> gradient_penalty(lambda x: 3 * x.sum(1), torch.ones(8, 1), torch.zeros(8, 1))  # (|3| - 1)^2
        tensor(4.)
    """
    check_same_shape("real and fake images", real, fake)
    real, fake = at_least_float32(real), at_least_float32(fake)
    if mix is None:
        mix = _sample(torch.rand, (len(real),), real, generator)
    if mix.shape != (len(real),):
        raise ValueError(
            f"expected mix with one number for each of {len(real)} images; got shape {tuple(mix.shape)}; "
            f"sample it by torch.rand({len(real)})"
        )
    mix = mix.to(real).view(-1, *[1] * (real.ndim - 1))
    return _norm_penalty(discriminator, torch.lerp(fake, real, mix), target)


def dragan_penalty(
    discriminator: Discriminator,
    real: Tensor,
    *,
    target: float = 1.0,
    noise: Literal["uniform", "normal"] = "uniform",
    noise_scale: float = 0.5,
    generator: torch.Generator | None = None,
) -> Tensor:
    """(|grad D(x)| - target)^2 around real images (DRAGAN, Kodali et al. 2017, equation 1).

    x = real + noise_scale std(real) n with n sampled for every value: "uniform" in [0, 1), as in the authors'
    code, or "normal" as in the paper (where the standard deviation is a constant, not proportional to the
    batch's). The weight (lambda = 10 in the paper) belongs to the caller.

    Args:
        discriminator: Maps images to logits, a tensor or a list of them (summed).
        real: (N, ...) real images.
        target: The norm without a penalty, the paper's k.
        noise: The distribution of n.
        noise_scale: Size of the noise relative to the standard deviation of all of the batch's values.
        generator: Source of n; torch's default one if absent. Its device may differ.

    Returns:
        A scalar, the mean over the N images.

    Raises:
        ValueError: If the noise is unknown, or the logits have no gradient with respect to the images.

    Examples:
        >>> dragan_penalty(lambda x: 3 * x.sum(1), torch.randn(8, 1))  # (|3| - 1)^2
        tensor(4.)
    """
    samplers = {"uniform": torch.rand, "normal": torch.randn}
    if noise not in samplers:
        raise ValueError(f'expected noise "uniform" or "normal"; got {noise!r}; use one of the two')
    real = at_least_float32(real)
    perturbation = _sample(samplers[noise], real.shape, real, generator) * (noise_scale * real.std())
    return _norm_penalty(discriminator, real + perturbation, target)


def r1_penalty(discriminator: Discriminator, real: Tensor) -> Tensor:
    """|grad D(real)|^2 (Mescheder et al. 2018, equation 9), without the equation's factor gamma/2.

    Args:
        discriminator: Maps images to logits, a tensor or a list of them (summed).
        real: (N, ...) real images.

    Returns:
        A scalar: the sum of squares over each image, then the mean over the N images.

    Raises:
        ValueError: If the logits have no gradient with respect to the images.

    Examples:
        >>> r1_penalty(lambda x: 3 * x.sum(1), torch.ones(8, 2))  # 3^2 + 3^2
        tensor(18.)
    """
    return _input_gradient(discriminator, real).square().sum(dim=1).mean()


def r2_penalty(discriminator: Discriminator, fake: Tensor) -> Tensor:
    """|grad D(fake)|^2 (Mescheder et al. 2018, equation 10), without the equation's factor gamma/2.

    Args:
        discriminator: Maps images to logits, a tensor or a list of them (summed).
        fake: (N, ...) generated images; their generator gets no gradient.

    Returns:
        A scalar: the sum of squares over each image, then the mean over the N images.

    Raises:
        ValueError: If the logits have no gradient with respect to the images.

    Examples:
        >>> r2_penalty(lambda x: 3 * x.sum(1), torch.zeros(8, 2))  # 3^2 + 3^2
        tensor(18.)
    """
    return r1_penalty(discriminator, fake)


def _norm_penalty(discriminator: Discriminator, points: Tensor, target: float) -> Tensor:
    gradient = _input_gradient(discriminator, points)
    # The derivative of vector_norm is 0 at norm 0; that of the square root of a sum of squares is NaN.
    return (torch.linalg.vector_norm(gradient, dim=1) - target).square().mean()


def _input_gradient(discriminator: Discriminator, images: Tensor) -> Tensor:
    """(N, values of one image): the gradient of the summed logits, differentiable where grad mode is on."""
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad(), torch.autocast(images.device.type, enabled=False):
        gradient = _differentiate(discriminator, at_least_float32(images.detach()), create_graph)
    if gradient is None:
        raise ValueError(
            "expected logits that depend on the images; got logits without a gradient; "
            "the discriminator must not detach its input or run under torch.no_grad()"
        )
    return gradient.flatten(1)


def _differentiate(discriminator: Discriminator, images: Tensor, create_graph: bool) -> Tensor | None:
    images.requires_grad_()  # here, since torch 2.6 cannot compile the contexts above after a graph break
    total = torch.stack([logits.sum() for logits in as_list(discriminator(images))]).sum()
    if not total.requires_grad:
        return None
    return torch.autograd.grad(total, images, create_graph=create_graph, allow_unused=True)[0]


def _sample(
    sampler: Callable[..., Tensor], shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None
) -> Tensor:
    """Sample on the generator's device, for a tensor that may be on another device."""
    device = like.device if generator is None else generator.device
    return sampler(shape, generator=generator, device=device, dtype=like.dtype).to(like.device)
