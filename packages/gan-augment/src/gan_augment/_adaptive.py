"""An augmentation whose probability follows the training."""

from typing import Generic

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gan_augment._augmentation import Augmentation, Draws


class Adaptive(nn.Module, Generic[Draws]):
    """Raises the probability of an augmentation while an error is positive, and lowers it while negative.

    Every `interval` calls of `adjust` the probability moves by a fixed amount for each image seen, towards
    the sign of the error's mean (Karras et al. 2020, "Training Generative Adversarial Networks with Limited
    Data", section 3), and stays in [0, 1]. Call it as the augmentation itself.

    Its state is tensors: the probability, and what was gathered since it last moved. On several processes
    each `adjust` adds the errors of all of them, so that the state is the same everywhere, is stored once,
    and N processes equal one with N times the batch. It asks torch's own process group, where there is one:
    a mean that the caller had to take would sooner or later be forgotten, and the processes would drift apart
    without a sign. So every process has to call `adjust`, as it has to call the optimisers.

    Args:
        augment: what happens with the probability.
        images_to_full: how many images take a probability of 0 to 1, at the fastest. 500,000 is the paper's,
            for trainings of millions of images; shorter ones need fewer.
        interval: calls of `adjust` from one move to the next.

    Attributes:
        augment: as given.

    Raises:
        ValueError: `images_to_full` or `interval` is not positive.
    """

    _gathered: Tensor
    _calls: Tensor

    def __init__(
        self, augment: Augmentation[Draws], *, images_to_full: float = 500_000, interval: int = 4
    ) -> None:
        super().__init__()
        if images_to_full <= 0 or interval < 1:
            raise ValueError(
                f"expected positive images_to_full and interval; got {images_to_full} and {interval}"
            )
        self.augment = augment
        self._images_to_full = images_to_full
        self._interval = interval
        self.register_buffer(
            "_gathered", torch.zeros(2)
        )  # the sum of the errors over images, and their number
        self.register_buffer("_calls", torch.zeros((), dtype=torch.long))

    @property
    def p(self) -> Tensor:
        """The present probability, a scalar tensor; log it."""
        return self.augment.p

    def forward(
        self, images: Tensor, draws: Draws | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """What the augmentation makes of `images`."""
        return self.augment(images, draws, generator=generator)

    def draw(self, images: Tensor, *, generator: torch.Generator | None = None) -> Draws:
        """What the augmentation draws for `images`."""
        return self.augment.draw(images, generator=generator)

    @torch.no_grad()
    def adjust(self, error: Tensor | float, *, images: int) -> None:
        """Take note of an error, and move the probability if it is time; call it once a step.

        No value is read back: the device goes on working. An error that is infinite or not a number counts
        for nothing.

        Args:
            error: a scalar, positive if there should be more augmentation: `overfitting(real_logits)`,
                `loss_gap(real_loss, fake_loss)`, or one of your own. The mean over this process's batch.
            images: how many real images it is the mean over, on this process.

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
                "steps; leave the augmentation in float32, as it takes half-precision images all the same"
            )
        mean = torch.as_tensor(error, device=self._gathered.device).to(self._gathered.dtype)
        if mean.numel() != 1:
            raise ValueError(
                f"expected one number as the error; got {tuple(mean.shape)}; take its mean over the batch"
            )
        step = torch.cat([mean.view(1) * images, mean.new_full((1,), images)])
        return torch.where(step.isfinite().all(), step, 0)  # one NaN would spoil the sum for good
