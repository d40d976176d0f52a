import pytest
import torch
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
