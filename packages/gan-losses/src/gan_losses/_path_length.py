"""Path length regularization of StyleGAN2 (Karras et al. 2020)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_losses._scales import at_least_float32

_NO_GRADIENT = (
    "expected images with a gradient with respect to the styles; got none; generate them from these very "
    "styles, and not under torch.no_grad()"
)


class PathLengthPenalty(nn.Module):
    """(|J^T y| - a)^2, so that a step of a style changes images by the same amount everywhere.

    Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", equation 4: J is the Jacobian
    of the images with respect to the styles, y is noise, and a is the moving average of the lengths |J^T y|.
    Here y is divided by sqrt(H W), and the squared length is a mean over the layers. The weight of appendix
    B, ln 2 / (r^2 (ln r - ln 2)) at size r, is then 2 at every size; it belongs to the caller.

    Args:
        decay: of the moving average, at each call; it starts at 0.

    Attributes:
        average: a, a scalar buffer, to be saved with the optimizers.

    Raises:
        ValueError: the decay is not in [0, 1); in `forward`, the images do not depend on the styles, or the
            noise is not of their shape.

    Examples:
        >>> penalty = PathLengthPenalty()
        >>> styles = torch.randn(2, 4, 8, requires_grad=True)  # of 4 layers
        >>> images = styles.mean((1, 2)).reshape(2, 1, 1, 1).expand(2, 3, 16, 16)
        >>> penalty(images, styles).shape
        torch.Size([])
    """

    average: Tensor

    def __init__(self, decay: float = 0.99) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise ValueError(f"expected a decay from 0 to below 1; got {decay}; try 0.99")
        self.decay = decay
        self.register_buffer("average", torch.zeros(()))

    def forward(
        self,
        images: Tensor,
        styles: Tensor,
        *,
        mean: Callable[[Tensor], Tensor] = torch.mean,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The penalty, differentiable with respect to the generator's parameters; updates the average.

        Args:
            images: (N, C, H, W), generated from `styles` with gradients.
            styles: (N, layers, D), which the images were generated from; they require gradients.
            mean: over the lengths, for the moving average. torch's is that of the local batch;
                `gan_trainers.global_mean` that of all processes.
            noise: y, of the images' shape, from N(0, 1); sampled if absent.
            generator: source of y; torch's default one if absent. Its device may differ.

        Returns:
            A scalar, the mean over the N images.
        """
        if noise is None:
            device = generator.device if generator is not None else images.device
            noise = torch.randn(images.shape, generator=generator, device=device)
        if noise.shape != images.shape:
            raise ValueError(
                f"expected noise of the images' shape, {tuple(images.shape)}; got {tuple(noise.shape)}; "
                "sample it by torch.randn_like(images)"
            )
        noise = noise.to(images) / (images.shape[-2] * images.shape[-1]) ** 0.5
        if not (images.requires_grad and styles.requires_grad):
            raise ValueError(_NO_GRADIENT)
        # (N, layers, D); vector_norm's derivative is 0 at norm 0, that of the square root of a sum is not.
        with torch.autocast(images.device.type, enabled=False):
            (gradient,) = torch.autograd.grad(
                [(images * noise).sum()], [styles], create_graph=True, allow_unused=True
            )
        if gradient is None:
            raise ValueError(_NO_GRADIENT)
        lengths = torch.linalg.vector_norm(at_least_float32(gradient), dim=(1, 2)) / styles.shape[1] ** 0.5
        with torch.no_grad():
            self.average.lerp_(mean(lengths.detach()).to(self.average), 1 - self.decay)
        return (lengths - self.average.to(lengths)).square().mean()
