"""All adversarial losses in one list, for the tests of their common properties."""

from functools import partial
from pathlib import Path

import gan_losses as gl
import pytest
from safetensors.torch import load_file
from torch import nn

ONE_SIDED = {
    "nonsaturating": gl.nonsaturating_generator_loss,
    "nonsaturating_smoothed": partial(gl.nonsaturating_generator_loss, target=0.9),
    "minimax": gl.minimax_generator_loss,
    "least_squares": gl.least_squares_generator_loss,
    "hinge": gl.hinge_generator_loss,
    "wasserstein": gl.wasserstein_generator_loss,
}
TWO_SIDED = {
    "nonsaturating": gl.nonsaturating_discriminator_loss,
    "nonsaturating_smoothed": partial(gl.nonsaturating_discriminator_loss, real_target=0.9, fake_target=0.2),
    "least_squares": gl.least_squares_discriminator_loss,
    "hinge": gl.hinge_discriminator_loss,
    "wasserstein": gl.wasserstein_discriminator_loss,
} | {
    f"relativistic_{pairing}_{side}_{comparison}": partial(
        getattr(gl, f"relativistic_{pairing}_{side}_loss"), comparison=comparison
    )
    for pairing in ("average", "paired")
    for side in ("generator", "discriminator")
    for comparison in ("bce", "least_squares", "hinge")
}


def of_fake_only(loss):
    return lambda _real, fake, **options: loss(fake, **options)


@pytest.fixture(params=TWO_SIDED.values(), ids=TWO_SIDED.keys())
def two_sided_loss(request):
    """A loss called as `(real_logits, fake_logits, *, reduction)`."""
    return request.param


@pytest.fixture(
    params=[*map(of_fake_only, ONE_SIDED.values()), *TWO_SIDED.values()],
    ids=[*(f"{name}_generator" for name in ONE_SIDED), *TWO_SIDED],
)
def any_loss(request):
    """The same call for every loss; the generators' losses ignore the real logits."""
    return request.param


@pytest.fixture
def parity():
    """Read one file of stored values: `(weights, inputs, outputs)`."""

    def read(name):
        tensors = load_file(Path(__file__).parent / "parity" / f"{name}.safetensors")

        def part(prefix):
            return {
                key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
            }

        return part("weights/"), part("input/"), part("output/")

    return read


class SmallDiscriminator(nn.Module):
    """The discriminator with which the stored gradient penalties were computed."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(256, 1)

    def forward(self, x):
        x = nn.functional.leaky_relu(self.conv1(x), 0.2)
        x = nn.functional.leaky_relu(self.conv2(x), 0.2)
        return self.fc(x.flatten(1))


@pytest.fixture
def discriminator():
    return SmallDiscriminator()
