import pytest
import torch
import torch.nn.functional as F
from gan_nets import PatchDiscriminator, PixelDiscriminator


def test_parameter_counts_of_the_papers():
    with torch.device("meta"):
        pix2pix, cyclegan = PatchDiscriminator(6), PatchDiscriminator(3, norm="instance")
        pixel = PixelDiscriminator(6)
    counts = [sum(p.numel() for p in net.parameters()) for net in (pix2pix, cyclegan, pixel)]
    assert counts == [2_768_705, 2_764_737, 9_024]


def test_output_of_the_70x70_discriminator_is_30x30_at_256():
    with torch.device("meta"):
        out = PatchDiscriminator(6)(torch.empty(1, 6, 256, 256))
    assert out.shape == (1, 1, 30, 30)


@pytest.mark.parametrize(("layers", "side"), [(1, 16), (2, 34), (3, 70), (4, 142), (5, 286)])
def test_receptive_field_is_that_of_the_paper(layers, side):
    assert PatchDiscriminator(layers=layers, width=1).receptive_field == side


def test_receptive_field_of_the_pixel_discriminator():
    assert PixelDiscriminator().receptive_field == 1


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_one_logit_depends_on_exactly_its_receptive_field(layers):
    """Its gradient reaches as many pixels as the property says."""
    torch.manual_seed(0)
    net = PatchDiscriminator(layers=layers, width=2, norm="none")
    x = torch.randn(1, 3, 160, 160, requires_grad=True)
    logits = net(x)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == net.receptive_field


@pytest.mark.parametrize("layers", [1, 3, 5])
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_minimum_size_gives_one_logit_and_less_is_refused(layers, norm):
    net = PatchDiscriminator(layers=layers, width=2, norm=norm)
    least = net.minimum_size
    assert net(torch.randn(2, 3, least, least)).shape == (2, 1, 1, 1)
    with pytest.raises(ValueError, match=rf"at least {least}x{least}; got {least}x{least - 1}; enlarge"):
        net(torch.randn(2, 3, least, least - 1))


def test_the_error_for_no_layers_names_the_pixel_discriminator():
    with pytest.raises(ValueError, match="use PixelDiscriminator"):
        PatchDiscriminator(layers=0)


def test_logits_of_the_pixel_discriminator_depend_on_one_pixel_each():
    torch.manual_seed(0)
    net = PixelDiscriminator(width=4, norm="none")
    x = torch.randn(1, 3, 5, 7)
    shuffled = x.flip(2, 3)
    torch.testing.assert_close(net(shuffled), net(x).flip(2, 3))


def test_blurred_downsampling_is_a_blur_after_each_activation():
    """The equations of CUT's discriminator written out; the logits are as many as with strides."""
    torch.manual_seed(0)
    net = PatchDiscriminator(layers=2, width=4, norm="instance", downsample="blurred")
    x = torch.randn(2, 3, 32, 24)
    taps = torch.tensor([1.0, 2.0, 1.0]) / 4
    y = x
    for index, block in enumerate(net.blocks):
        y = F.conv2d(y, block.conv.weight, block.conv.bias, padding=1)
        y = F.leaky_relu(F.instance_norm(y) if index else y, 0.2)
        if index < 2:
            kernel = torch.outer(taps, taps).expand(y.shape[1], 1, 3, 3)
            y = F.conv2d(F.pad(y, (1,) * 4, mode="reflect"), kernel, stride=2, groups=y.shape[1])
    expected = F.conv2d(y, net.output.weight, net.output.bias, padding=1)
    torch.testing.assert_close(net(x), expected, atol=1e-5, rtol=1e-5)
    assert net(x).shape == PatchDiscriminator(layers=2, width=4)(x).shape
    assert PatchDiscriminator(width=1, downsample="blurred").receptive_field == 84


def test_a_blurred_logit_depends_on_its_receptive_field_and_the_minimum_size_gives_one():
    torch.manual_seed(0)
    net = PatchDiscriminator(layers=2, width=2, norm="none", downsample="blurred")
    x = torch.randn(1, 3, 96, 96, requires_grad=True)
    logits = net(x)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == net.receptive_field
    least = net.minimum_size
    assert net(torch.randn(1, 3, least, least)).shape == (1, 1, 1, 1)
    with pytest.raises(ValueError, match=f"at least {least}x{least}"):
        net(torch.randn(1, 3, least, least - 1))
    with pytest.raises(ValueError, match='downsample "strided" or "blurred"; got \'maxpool\''):
        PatchDiscriminator(downsample="maxpool")
