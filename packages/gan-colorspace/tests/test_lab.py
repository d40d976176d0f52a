import builtins
from pathlib import Path

import pytest
import torch
from gan_colorspace import lab_to_rgb, rgb_to_lab
from safetensors.torch import load_file
from torch.utils._python_dispatch import TorchDispatchMode

PARITY = load_file(Path(__file__).parent / "parity" / "color.safetensors")
SCALE = torch.tensor([50.0, 110.0, 110.0]).reshape(3, 1, 1)
SHIFT = torch.tensor([50.0, 0.0, 0.0]).reshape(3, 1, 1)


class NoFloat64(TorchDispatchMode):
    """Refuses float64 tensors on the meta device, which stands for one that lacks the type."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        made = result if isinstance(result, (tuple, list)) else [result]
        doubles = [x for x in made if isinstance(x, torch.Tensor) and x.dtype == torch.float64]
        assert not any(x.device.type == "meta" for x in doubles), func
        return result


@pytest.fixture
def rgb():
    return torch.rand(2, 3, 33, 21, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_golden_values():
    # CIE L*a*b* (D65) of the sRGB primaries as in textbooks, to two decimals.
    colors = {
        (1, 1, 1): (100.0, 0.0, 0.0),
        (-1, -1, -1): (0.0, 0.0, 0.0),
        (1, -1, -1): (53.24, 80.09, 67.20),
        (-1, 1, -1): (87.73, -86.18, 83.18),
        (-1, -1, 1): (32.30, 79.19, -107.86),
    }
    rgb = torch.tensor(list(colors), dtype=torch.float32).reshape(-1, 3, 1, 1)
    lab = torch.tensor(list(colors.values())).reshape(-1, 3, 1, 1)
    torch.testing.assert_close(rgb_to_lab(rgb) * SCALE + SHIFT, lab, atol=0.02, rtol=0)


def test_parity_with_kornia():
    lab = rgb_to_lab(2 * PARITY["input/rgb"] - 1)
    torch.testing.assert_close(lab * SCALE + SHIFT, PARITY["output/kornia_lab"], atol=1e-4, rtol=0)
    torch.testing.assert_close(
        lab_to_rgb(lab).clamp(-1, 1), 2 * PARITY["output/kornia_lab_back"] - 1, atol=3e-5, rtol=0
    )


def test_round_trip_and_range():
    side = torch.linspace(-1, 1, 33)
    rgb = torch.stack(torch.meshgrid(side, side, side, indexing="ij")).reshape(3, 33, -1)
    lab = rgb_to_lab(rgb)
    assert lab.abs().max() <= 1 + 1e-6
    assert (lab_to_rgb(lab) - rgb).abs().max() < 2e-6
    assert (lab_to_rgb(rgb_to_lab(rgb.double())) - rgb.double()).abs().max() < 1e-5


def test_half_precision_loses_nothing_under_autocast(rgb):
    image = rgb.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        lab = rgb_to_lab(image)
        back = lab_to_rgb(lab)
    assert lab.dtype == back.dtype == torch.float32
    assert (back - image.float()).abs().max() < 2e-6


def test_gradcheck(rgb):
    image = rgb[:1, :, :2, :2].double().requires_grad_()
    assert torch.autograd.gradcheck(rgb_to_lab, image)
    assert torch.autograd.gradcheck(lab_to_rgb, image * 0.3)


def test_gradients_everywhere_in_the_predictable_range():
    # A dark plane with extreme chroma is far outside the RGB cube; black and white are its corners.
    side = torch.linspace(-1, 1, 17)
    lab = torch.stack(torch.meshgrid(side, side, side, indexing="ij")).reshape(1, 3, 17, -1).requires_grad_()
    rgb = lab_to_rgb(lab)
    rgb.square().sum().backward()
    assert rgb.isfinite().all()
    assert lab.grad is not None
    assert lab.grad.isfinite().all()
    for channel in range(3):  # each plane changes the color, for any values of the other two
        direction = torch.zeros_like(lab)
        direction[:, channel] = 1
        _, moved = torch.func.jvp(lab_to_rgb, (lab.detach(),), (direction,))
        assert moved.abs().amax(1).min() > 0.05


@pytest.mark.parametrize("value", [-1.0, -1.2, 1.2])
def test_black_and_colors_outside_the_cube_have_gradients(value):
    gray = torch.full((1, 3, 2, 2), value, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(rgb_to_lab, gray)
    rgb_to_lab(gray)[:, 0].sum().backward()
    assert gray.grad is not None
    assert (gray.grad > 0).all()  # brighter in every channel


@pytest.mark.parametrize("function", [rgb_to_lab, lab_to_rgb])
def test_single_image_and_compiled_agree(function, rgb):
    torch.testing.assert_close(function(rgb[0]), function(rgb)[0], atol=0, rtol=0)
    compiled = torch.compile(function, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(rgb), function(rgb), atol=1e-6, rtol=0)


@pytest.mark.parametrize("function", [rgb_to_lab, lab_to_rgb])
def test_without_kornia_the_error_names_the_extra(function, rgb, monkeypatch):
    imported = builtins.__import__

    def without_kornia(name, *args, **kwargs):
        if name.split(".")[0] == "kornia":
            raise ImportError("No module named 'kornia'")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_kornia)
    with pytest.raises(ImportError, match="pip install kornia"):
        function(rgb)


@pytest.mark.parametrize("function", [rgb_to_lab, lab_to_rgb])
def test_bad_input_is_named(function):
    with pytest.raises(ValueError, match=rf"{function.__name__} expects shape .* got \(2, 1, 8, 8\)"):
        function(torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match=r"got torch\.int64"):
        function(torch.zeros(1, 3, 8, 8, dtype=torch.int64))


@pytest.mark.parametrize("convert", [rgb_to_lab, lab_to_rgb])
def test_no_float64_is_made_on_a_device_that_may_lack_it(convert):
    with NoFloat64():
        assert convert(torch.zeros(1, 3, 4, 4, device="meta")).dtype == torch.float32
