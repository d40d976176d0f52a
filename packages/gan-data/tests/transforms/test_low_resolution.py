import pickle

import pytest
import torch
from gan_data import Downscale, downscale, from_uint8, jpeg, jpeg_noise, to_uint8

SMOOTH = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kernel", ["matlab-bicubic", "plain-bicubic", "area", "nearest", "lanczos"])
def test_is_what_a_file_would_hold(kernel):
    image = torch.sign(torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0)))
    small = Downscale(4, kernel)(image)
    assert torch.equal(from_uint8(to_uint8(small)), small)
    assert torch.equal(to_uint8(small), downscale(to_uint8(image), 4, kernel))


def test_jpeg_comes_last():
    image = SMOOTH[0] * 2 - 1
    assert torch.equal(Downscale(2, "area", 20)(image), jpeg(Downscale(2, "area")(image), 20))


def test_noise_comes_last():
    image, small = SMOOTH[0] * 2 - 1, Downscale(2, "area")(SMOOTH[0] * 2 - 1)
    torch.manual_seed(3)
    expected = jpeg_noise(small, 3)
    torch.manual_seed(3)
    assert torch.equal(Downscale(2, "area", noise=3)(image), expected)
    assert not torch.equal(expected, small)


def test_from_a_range_the_quality_is_sampled_with_torchs_seed():
    image, degrade = SMOOTH[0] * 2 - 1, Downscale(2, jpeg_quality=(5, 90))
    torch.manual_seed(0)
    first, second = degrade(image), degrade(image)
    torch.manual_seed(0)
    assert torch.equal(degrade(image), first)
    assert not torch.equal(first, second)


def test_it_has_a_name_and_can_be_pickled():
    degrade = Downscale(4, "lanczos", (30, 60))
    assert pickle.loads(pickle.dumps(degrade)) == degrade
    assert str(degrade) == "lanczos, JPEG 30 to 60"
    assert str(Downscale(jpeg_quality=75)) == "matlab-bicubic, JPEG 75"
    assert str(Downscale()) == "matlab-bicubic"
    assert str(Downscale(2, "area", noise=3)) == "area, noise 3"


def test_mistakes():
    with pytest.raises(ValueError, match="expected kernel to be one of"):
        Downscale(4, "cubic")
    with pytest.raises(ValueError, match="quality from 1 to 95; got 0"):
        Downscale(jpeg_quality=(0, 50))
    with pytest.raises(ValueError, match=r"\(least, most\) JPEG quality; got \(60, 50\)"):
        Downscale(jpeg_quality=(60, 50))
    with pytest.raises(ValueError, match="jpeg_quality and noise exclude each other"):
        Downscale(jpeg_quality=75, noise=1)
    with pytest.raises(ValueError, match="noise level from 0 to 3; got 4"):
        Downscale(noise=4)
