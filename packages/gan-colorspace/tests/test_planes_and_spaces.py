import subprocess
import sys

import gan_colorspace
import pytest
import torch
from gan_colorspace import LAB, RGB, YCRCB, ColorSpace, merge, split


@pytest.fixture
def image():
    return torch.rand(2, 3, 8, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_public_names():
    assert gan_colorspace.__all__ == [
        "LAB",
        "RGB",
        "YCRCB",
        "ColorSpace",
        "gray_to_rgb",
        "is_color",
        "lab_to_rgb",
        "merge",
        "rgb_to_gray",
        "rgb_to_lab",
        "rgb_to_ycrcb",
        "split",
        "ycrcb_to_rgb",
    ]


def test_split_and_merge(image):
    luma, chroma = split(image)
    assert torch.equal(luma, image[:, :1])
    assert torch.equal(chroma, image[:, 1:])
    assert torch.equal(merge(luma, chroma), image)
    assert torch.equal(merge(*split(image[0])), image[0])


def test_merge_keeps_the_wider_dtype(image):
    luma, chroma = split(image)
    merged = merge(luma, chroma.bfloat16())
    assert merged.dtype == torch.float32
    assert torch.equal(merged[:, :1], luma)


def test_split_and_merge_name_bad_input(image):
    luma, chroma = split(image)
    with pytest.raises(ValueError, match=r"split expects shape \(N, 3, H, W\)"):
        split(luma)
    with pytest.raises(ValueError, match=r"merge \(luma\) expects shape \(N, 1, H, W\)"):
        merge(chroma, luma)
    with pytest.raises(ValueError, match=r"merge \(chroma\) expects shape \(N, 2, H, W\)"):
        merge(luma, image)
    with pytest.raises(ValueError, match=r"got \(2, 1, 8, 6\) and \(2, 2, 4, 6\)"):
        merge(luma, chroma[..., :4, :])
    with pytest.raises(ValueError, match=r"got \(2, 1, 8, 6\) and \(2, 8, 6\)"):
        merge(luma, chroma[0])


@pytest.mark.parametrize("space", [RGB, YCRCB, LAB], ids=lambda space: space.name)
def test_a_round_trip_through_each_space(space, image):
    assert isinstance(space, ColorSpace)
    torch.testing.assert_close(space.to_rgb(space.from_rgb(image)), image, atol=2e-6, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="TF32 exists on CUDA only")
@pytest.mark.parametrize("space", [YCRCB, LAB], ids=lambda space: space.name)
def test_tf32_loses_nothing(space, image, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    converted = space.from_rgb(image.cuda())
    torch.testing.assert_close(converted.cpu(), space.from_rgb(image), atol=1e-6, rtol=0)
    torch.testing.assert_close(space.to_rgb(converted).cpu(), image, atol=2e-6, rtol=0)


def test_the_spaces_differ(image):
    assert [space.name for space in (RGB, YCRCB, LAB)] == ["rgb", "ycrcb", "lab"]
    assert torch.equal(RGB.from_rgb(image), image)
    assert (YCRCB.from_rgb(image) - LAB.from_rgb(image)).abs().mean() > 0.05


def test_importing_does_not_import_kornia():
    code = "import sys, gan_colorspace; sys.exit('kornia' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
