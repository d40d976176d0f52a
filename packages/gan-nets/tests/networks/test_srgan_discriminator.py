import pytest
import torch
from gan_nets import SRGANDiscriminator, VGGStyleDiscriminator


def test_crops_of_the_papers_size_are_not_pooled():
    torch.manual_seed(0)
    net = SRGANDiscriminator(width=2, hidden=4).eval()
    x = torch.randn(2, 3, 96, 96)
    maps = x
    for block in net.blocks:
        maps = block(maps)
    assert maps.shape == (2, 16, 6, 6)
    hidden = torch.nn.functional.leaky_relu(net.hidden(maps.flatten(1)), 0.2)
    assert torch.equal(net(x), net.output(hidden))


@pytest.mark.parametrize("size", [(16, 16), (33, 48), (128, 100)])
def test_crops_of_any_size_give_one_logit(size):
    assert SRGANDiscriminator(width=2, hidden=4).eval()(torch.zeros(3, 3, *size)).shape == (3, 1)


def test_unsuitable_crops_are_refused():
    with pytest.raises(ValueError, match="expected images of at least 16x16; got 16x15; take larger crops"):
        SRGANDiscriminator(width=2)(torch.zeros(1, 3, 16, 15))
    net = VGGStyleDiscriminator(width=2, size=16)
    with pytest.raises(ValueError, match="expected crops of 16x16; got 16x32; build it with size equal"):
        net(torch.zeros(1, 3, 16, 32))
    with pytest.raises(ValueError, match="power of two from 8 on; got 96"):
        VGGStyleDiscriminator(size=96)
