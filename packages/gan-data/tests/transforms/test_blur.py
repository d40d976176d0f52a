import pytest
import torch
from gan_data import blur, gaussian_kernel, sinc_kernel
from torch.nn import functional as F

IMAGES = torch.rand(3, 3, 17, 14, generator=torch.Generator().manual_seed(0)).double() * 2 - 1


def test_each_image_has_its_own_kernel_and_a_reflected_border():
    kernels = torch.stack([gaussian_kernel(7, (2.0, 0.5), 0.4), sinc_kernel(7, 2.0), gaussian_kernel(7, 0.3)])
    kernels[1, 0, 5] += 0.5  # not symmetric
    for blurred, image, kernel in zip(blur(IMAGES, kernels), IMAGES, kernels, strict=True):
        padded = F.pad(image, (3, 3, 3, 3), mode="reflect")
        windows = padded.unfold(1, 7, 1).unfold(2, 7, 1)
        assert torch.allclose(blurred, (windows * kernel).sum((-1, -2)))


def test_a_kernel_of_one_weight_moves_the_image():
    kernel = torch.zeros(3, 5, 5)
    kernel[:, 4, 2] = 1  # the pixel two rows below
    assert torch.equal(blur(IMAGES, kernel)[..., :-2, :], IMAGES[..., 2:, :])


def test_images_smaller_than_the_kernel_are_reflected_again():
    row = torch.tensor([1.0, 2.0, 4.0]).view(1, 1, 1, 3)
    kernel = torch.zeros(1, 11, 11)
    kernel[:, 5, 0] = 1  # the pixel five columns to the left: 4 2 1 2 4 2 1 2 4
    assert blur(row, kernel).flatten().tolist() == [2.0, 1.0, 2.0]


def test_the_result_does_not_depend_on_the_precision_around_it():
    kernels = gaussian_kernel(9, 1.5).expand(3, -1, -1)
    expected = blur(IMAGES.float(), kernels)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(blur(IMAGES.float(), kernels), expected)
    assert blur(IMAGES.half(), kernels).dtype == torch.float32


def test_mistakes():
    for images, kernels in (
        (IMAGES, torch.ones(2, 3, 3)),
        (IMAGES, torch.ones(3, 4, 4)),
        (IMAGES, torch.ones(3, 3)),
        (IMAGES[0], torch.ones(3, 3, 3)),
    ):
        with pytest.raises(ValueError, match=r"kernels \(N, K, K\) with an odd K; got"):
            blur(images, kernels)
