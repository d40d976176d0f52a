"""An augmentation whose probability adapts to the training."""

from typing import Generic

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gan_augment.base.augmentation import Augmentation, ParametersT


class Adaptive(nn.Module, Generic[ParametersT]):
    """Raises the probability of an augmentation while an error is positive, and lowers it while negative.

    Every `interval` calls of `adjust`, the probability changes by a fixed amount for each image seen, in the
    direction of the sign of the mean error, and stays in [0, 1] (Karras et al. 2020, "Training Generative
    Adversarial Networks with Limited Data", section 3). The object is called like the augmentation itself.

    Its state is tensors: the probability, and the errors accumulated since it last changed. With several
    processes, every `adjust` sums the errors over all of them with torch's default process group. So the
    state is equal on all processes and is stored once, and N processes equal one with N times the batch.
    (If the caller had to average instead, forgetting it would let the processes diverge silently.) Every
    process has to call `adjust`, as it has to call the optimizers.

    Args:
        augment: the augmentation.
        images_to_full: the number of images after which the probability can reach 1 from 0. 500,000 is the
            paper's, for trainings of millions of images; shorter trainings need fewer.
        interval: calls of `adjust` between two changes of the probability.

    Attributes:
        augment: as given.

    Raises:
        ValueError: `images_to_full` or `interval` is not positive.

    Examples:
        >>> adaptive = Adaptive(ADA(), images_to_full=1000, interval=1)
        >>> fake = adaptive(torch.zeros(8, 3, 16, 16))  # before the discriminator
        >>> adaptive.adjust(overfitting(torch.ones(8)), images=8)  # every logit is positive
        >>> adaptive.augment.p  # 8 / 1000
        tensor(0.0080)
    """

    _gathered: Tensor
    _calls: Tensor

    def __init__(
        self, augment: Augmentation[ParametersT], *, images_to_full: float = 500_000, interval: int = 4
    ) -> None:
        super().__init__()
        if images_to_full <= 0 or interval < 1:
            raise ValueError(
                f"expected positive images_to_full and interval; got {images_to_full} and {interval}"
            )
        self.augment = augment
        self._images_to_full = images_to_full
        self._interval = interval
        self.register_buffer("_gathered", torch.zeros(2))  # sum of the errors over images, number of images
        self.register_buffer("_calls", torch.zeros((), dtype=torch.long))

    @property
    def p(self) -> Tensor:
        """The current probability, a scalar tensor; log it."""
        return self.augment.p

    def forward(
        self,
        images: Tensor,
        parameters: ParametersT | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """`images`, augmented."""
        return self.augment(images, parameters, generator=generator)

    def sample(self, images: Tensor, *, generator: torch.Generator | None = None) -> ParametersT:
        """Sample the augmentation's parameters for `images`."""
        return self.augment.sample(images, generator=generator)

    @torch.no_grad()
    def adjust(self, error: Tensor | float, *, images: int) -> None:
        """Accumulate an error, and change the probability every `interval` calls; call it once a step.

        Nothing is read back from the device. Infinite and NaN errors are ignored.

        Args:
            error: a scalar, positive if there should be more augmentation: `overfitting(real_logits)`,
                `loss_gap(real_loss, fake_loss)`, or one of your own. The mean over this process's batch.
            images: the number of real images in that mean, on this process.

        Raises:
            ValueError: the error is not one number, or the probability was cast to half precision.
        """
        step = self._step(error, images)
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(step)
        self._gathered += step
        self._calls += 1
        errors, seen = self._gathered.unbind()
        due = self._calls >= self._interval
        self.p.add_(due * errors.sign() * seen / self._images_to_full).clamp_(0, 1)
        self._gathered.masked_fill_(due, 0)
        self._calls.masked_fill_(due, 0)

    def _step(self, error: Tensor | float, images: int) -> Tensor:
        """(2,): what one call adds to `_gathered`."""
        if self.p.dtype not in (torch.float32, torch.float64):
            raise ValueError(
                f"expected a probability in float32 or float64; got {self.p.dtype}, which loses small "
                "steps; leave the augmentation in float32, it accepts half-precision images"
            )
        mean = torch.as_tensor(error, device=self._gathered.device).to(self._gathered.dtype)
        if mean.numel() != 1:
            raise ValueError(
                f"expected one number as the error; got {tuple(mean.shape)}; take its mean over the batch"
            )
        step = torch.cat([mean.view(1) * images, mean.new_full((1,), images)])
        return torch.where(step.isfinite().all(), step, 0)  # a NaN would stay in the sum
