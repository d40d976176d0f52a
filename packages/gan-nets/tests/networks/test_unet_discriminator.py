import pytest
import torch
import torch.nn.functional as F
from gan_nets import UNetDiscriminator, interop
from torch import nn


class Original(nn.Module):
    """Real-ESRGAN's discriminator as its paper describes it, with torch's old spectral norm and its keys."""

    def __init__(self, width):
        super().__init__()
        shapes = {1: (1, 2, 4), 2: (2, 4, 4), 3: (4, 8, 4), 4: (8, 4, 3), 5: (4, 2, 3), 6: (2, 1, 3)}
        self.conv0 = nn.Conv2d(3, width, 3, 1, 1)
        for number, (inside, outside, kernel) in (shapes | {7: (1, 1, 3), 8: (1, 1, 3)}).items():
            stride = 2 if kernel == 4 else 1
            conv = nn.Conv2d(inside * width, outside * width, kernel, stride, 1, bias=False)
            self.add_module(f"conv{number}", nn.utils.spectral_norm(conv))
        self.conv9 = nn.Conv2d(width, 1, 3, 1, 1)

    def forward(self, x, skips=True):
        def layer(number, x):
            return F.leaky_relu(self.get_submodule(f"conv{number}")(x), 0.2)

        def doubled(x):
            return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

        full = layer(0, x)
        half = layer(1, full)
        quarter = layer(2, half)
        x = layer(4, doubled(layer(3, quarter)))
        x = layer(5, doubled(x + quarter if skips else x))
        x = layer(6, doubled(x + half if skips else x))
        return self.conv9(layer(8, layer(7, x + full if skips else x)))


@pytest.fixture
def original():
    torch.manual_seed(0)
    net = Original(4)
    for _ in range(30):
        net(torch.rand(2, 3, 16, 16))  # spectral norm's vectors converge in training mode
    return net.eval()


@torch.no_grad()
def test_an_original_is_converted_with_equal_logits(original):
    net = interop.load_basicsr_unet_discriminator(original.state_dict())
    assert (net.in_channels, net.downs[0].out_channels) == (3, 8)
    x = torch.rand(2, 3, 24, 40)
    torch.testing.assert_close(net(2 * x - 1), original(x), atol=1e-5, rtol=1e-5)
    assert interop.detect(original.state_dict()) == "basicsr-unet-discriminator"
    wrapped = {f"module.{key}": value for key, value in original.state_dict().items()}
    assert torch.equal(interop.convert(wrapped)(x), net(x))


@torch.no_grad()
def test_skips_can_be_left_out(original):
    weights = interop.unet_discriminator_from_basicsr(original.state_dict())
    net = UNetDiscriminator(width=4, skips=False).eval()
    net.load_state_dict(weights)
    x = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(net(2 * x - 1), original(x, skips=False), atol=1e-5, rtol=1e-5)


def test_the_keys_of_another_network_are_listed_as_in_the_original(original):
    state = original.state_dict()
    del state["conv5.weight_u"]
    with pytest.raises(
        ValueError, match=r"missing keys \(1\): conv5.weight_u; unexpected keys \(1\): extra.w"
    ):
        interop.load_basicsr_unet_discriminator(state | {"extra.w": torch.zeros(1)})
    with pytest.raises(ValueError, match="UNetDiscriminatorSN checkpoint does not fit"):
        interop.load_basicsr_unet_discriminator({"conv1.weight": torch.zeros(1, 1, 3, 3)})


def test_the_parameters_of_the_paper():
    """3x3 and 4x4 convolutions of 64 to 512 channels; only the first and the last have biases."""
    with torch.device("meta"):
        net = UNetDiscriminator()
    downs = 16 * (64 * 128 + 128 * 256 + 256 * 512)
    ups = 9 * (512 * 256 + 256 * 128 + 128 * 64 + 2 * 64 * 64)
    expected = (27 * 64 + 64) + downs + ups + (9 * 64 + 1)
    assert sum(parameter.numel() for parameter in net.parameters()) == expected == 4_376_897


def test_unsuitable_crops_are_refused():
    with pytest.raises(ValueError, match="multiples of 8; got 16x20; take other crops"):
        UNetDiscriminator(width=2)(torch.zeros(1, 3, 16, 20))


def test_gradients_equal_finite_differences():
    torch.manual_seed(0)
    net = UNetDiscriminator(1, width=1).double().eval()
    x = torch.rand(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(net, (x,), atol=1e-5)
