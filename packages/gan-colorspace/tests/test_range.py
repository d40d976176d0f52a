"""Values that were not scaled to [-1, 1] are refused, with the formula."""

import pytest
import torch
from gan_colorspace import gray_to_rgb, lab_to_rgb, rgb_to_gray, rgb_to_lab, rgb_to_ycrcb, ycrcb_to_rgb

FROM_RGB = [rgb_to_lab, rgb_to_ycrcb, rgb_to_gray]
EVERY = [*FROM_RGB, lab_to_rgb, ycrcb_to_rgb]


@pytest.fixture
def image():
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("convert", FROM_RGB, ids=lambda f: f.__name__)
def test_bytes_as_floats_are_refused(image, convert):
    with pytest.raises(
        ValueError, match=rf"{convert.__name__} expects values in \[-1, 1\]; got .*image / 127.5 - 1"
    ):
        convert(image * 255)


def test_the_usual_ranges_of_other_spaces_are_refused(image):
    with pytest.raises(ValueError, match=r"lab_to_rgb expects .*; pass L / 50 - 1, a / 110, b / 110"):
        lab_to_rgb(image * torch.tensor([100, 128, -128]).view(3, 1, 1))
    with pytest.raises(ValueError, match=r"ycrcb_to_rgb expects .*; pass Y / 127\.5 - 1, \(Cr - 128\)"):
        ycrcb_to_rgb(image * 255)
    with pytest.raises(ValueError, match="gray_to_rgb expects values in"):
        gray_to_rgb(image[:, :1] * 255)


@pytest.mark.parametrize("convert", EVERY, ids=lambda f: f.__name__)
def test_colors_that_networks_predict_pass(image, convert):
    assert convert(image * 16 - 8).shape[-2:] == (8, 8)


@pytest.mark.parametrize("convert", EVERY, ids=lambda f: f.__name__)
def test_empty_meta_and_vmapped_images_pass(image, convert):
    assert convert(image[:0]).shape[0] == 0
    assert convert(image.to("meta")).is_meta
    torch.testing.assert_close(torch.func.vmap(convert)(image), convert(image))
