import pytest
import torch
import torch.nn.functional as F
from gan_nets.layers.equalized import EqualizedLinear
from gan_nets.networks._stylegan2_layers import ModulatedConv
from gan_nets.networks._styles import MappingNetwork


def modulated(conv, w):
    """Equations 1 to 3: the weights of each image, (N, out, in, k, k)."""
    style = w @ conv.style.weight.T * conv.style.weight.shape[1] ** -0.5 + conv.style.bias
    weight = (conv.weight / conv.weight[0].numel() ** 0.5) * style[:, None, :, None, None]
    return weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()


def test_modulated_convolution_is_that_of_the_equations():
    torch.manual_seed(0)
    conv = ModulatedConv(3, 5, styles=4).double()
    x, w = torch.randn(2, 3, 6, 7, dtype=torch.float64), torch.randn(2, 4, dtype=torch.float64)
    expected = [F.conv2d(x[i : i + 1], modulated(conv, w)[i], padding=1) for i in range(2)]
    torch.testing.assert_close(conv(x, w), torch.cat(expected), rtol=1e-6, atol=1e-6)


def test_demodulation_and_mapping_stay_in_full_precision_under_autocast():
    torch.manual_seed(0)
    conv, x, w = ModulatedConv(3, 5, styles=4), torch.randn(2, 3, 6, 7), torch.randn(2, 4)
    with torch.no_grad():
        conv.style.bias.fill_(300.0)  # whose square overflows in half precision
    torch.manual_seed(0)
    mapping, z = MappingNetwork(6, 8, layers=2, classes=2), (torch.randn(3, 6), torch.tensor([0, 1, 1]))
    expected, style = conv(x, w), mapping(*z)
    with torch.autocast("cpu", torch.float16):
        torch.testing.assert_close(conv(x, w).float(), expected, atol=0.02, rtol=0.02)
        assert torch.equal(mapping(*z), style)


def test_upsampling_is_bilinear_and_then_a_convolution():
    torch.manual_seed(0)
    conv = ModulatedConv(3, 5, styles=4, upsample=True).double()
    x, w = torch.randn(1, 3, 6, 6, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64)
    upsampled = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    # A transposed convolution applies its weights flipped, which makes no difference to learned weights.
    expected = F.conv2d(upsampled, modulated(conv, w)[0].flip(2, 3), padding=1)
    assert conv(x, w).shape == expected.shape == (1, 5, 12, 12)
    inner = (..., slice(3, -3), slice(3, -3))  # they differ at the edges, in the padding
    torch.testing.assert_close(conv(x, w)[inner], expected[inner], rtol=1e-6, atol=1e-6)


def test_equalized_learning_rate():
    layer = EqualizedLinear(4, 1, lr_multiplier=0.01, bias=3.0)
    with torch.no_grad():
        layer.weight.fill_(200.0)
    # 4 * 200 * 0.01 / sqrt(4) + 3
    assert layer(torch.ones(1, 4)).item() == pytest.approx(7.0)
    assert layer.bias.item() == pytest.approx(300.0)
