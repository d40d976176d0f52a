"""What holds for SRResNet, MSRResNet, RRDBNet, SRVGGNetCompact and the discriminators of super-resolution."""

import gan_nets
import pytest
import torch
from gan_nets import (
    MSRResNet,
    RRDBNet,
    SRGANDiscriminator,
    SRResNet,
    SRVGGNetCompact,
    VGGStyleDiscriminator,
    init_kaiming_,
)

SMALL = {
    "srresnet": lambda scale: SRResNet(scale=scale, blocks=1, width=4),
    "msrresnet": lambda scale: MSRResNet(scale=scale, blocks=1, width=4),
    "rrdb": lambda scale: RRDBNet(scale=scale, blocks=1, width=4, growth=2),
    "compact": lambda scale: SRVGGNetCompact(scale=scale, convs=1, width=4),
}
PLAIN = {
    "srresnet": (2, 3, 4, 8),
    "msrresnet": (2, 3, 4, 8),
    "rrdb": (1, 2, 4, 8, 16),
    "compact": (1, 2, 3, 4, 7),
}
every_scale = pytest.mark.parametrize(
    ("name", "scale"), [(name, scale) for name, scales in PLAIN.items() for scale in scales]
)
without_norm = pytest.mark.parametrize(
    "build",
    [
        lambda: SMALL["msrresnet"](2),
        lambda: SMALL["rrdb"](2),
        lambda: SMALL["compact"](2),
        lambda: SRVGGNetCompact(convs=1, width=4, activation="leakyrelu"),
        lambda: VGGStyleDiscriminator(width=2, size=8),
    ],
    ids=["msrresnet", "rrdb", "compact", "compact leaky", "vgg-style"],
)


def count(net):
    return sum(p.numel() for p in net.parameters())


def test_parameter_counts():
    """Of the originals at their usual sizes; of the paper's networks by hand.

    SRResNet: 9x9 convolutions 3*81*64+64 and 64*81*3+3; 33 of 3x3 with batch norm, 64*9*64 + 2*64 each; two
    of 64*9*256 + 256; a slope for each of 1 + 16 + 2 PReLUs. The discriminator: 3x3 convolutions of
    3, 64, 64, 128, 128, 256, 256, 512 to 64, 64, 128, ..., 512 channels; dense 512*36 to 1024 to 1.
    Real-ESRGAN's compact networks: convolutions of 3*9*64 + 64 and 64*9*48 + 48; 16 or 32 of 64*9*64 + 64;
    64 slopes after each but the last.
    """
    with torch.device("meta"):
        assert count(MSRResNet()) == 1_517_571
        assert count(RRDBNet()) == 16_697_987
        assert count(VGGStyleDiscriminator()) == 14_499_401
        assert count(SRVGGNetCompact()) == 1_792 + 27_696 + 16 * 36_928 + 17 * 64  # realesr-animevideov3
        assert count(SRVGGNetCompact(convs=32)) == 1_213_296  # realesr-general-x4v3
        srresnet = 15_616 + 15_555 + 33 * (36_864 + 128) + 2 * 147_712 + 19
        assert count(SRResNet()) == srresnet
        pairs = [(64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
        convolutions = 1_792 + sum(9 * inside * outside + 2 * outside for inside, outside in pairs)
        assert count(SRGANDiscriminator()) == convolutions + 18_432 * 1024 + 1024 + 1025


@every_scale
def test_the_output_is_scale_times_as_large(name, scale):
    net = SMALL[name](scale).eval()
    for height, width in [(1, 1), (5, 3)]:
        x = torch.zeros(2, 3, net.size_multiple * height, net.size_multiple * width)
        assert net(x).shape == (2, 3, scale * x.shape[2], scale * x.shape[3])


@pytest.mark.parametrize("name", ["srresnet", "msrresnet", "rrdb"])
@pytest.mark.parametrize("scale", [5, 0])
def test_an_unknown_scale_is_refused(name, scale):
    expected = ", ".join(map(str, PLAIN[name][:-1])) + f" or {PLAIN[name][-1]}"
    with pytest.raises(
        ValueError, match=rf"expected scale {expected}; got {scale}; take the next larger one"
    ):
        SMALL[name](scale)


@pytest.mark.parametrize("name", SMALL)
def test_weights_of_another_width_or_scale_are_refused(name, tmp_path):
    SMALL[name](2).save_pretrained(tmp_path)
    cls = type(SMALL[name](2))
    with pytest.raises(ValueError, match=r"does not fit .* other shapes .*\(4, .* for \(8, "):
        cls.from_pretrained(tmp_path, width=8)
    with pytest.raises(ValueError, match=r"does not fit"):
        cls.from_pretrained(tmp_path, scale=4)


def test_the_degradation_is_stored_with_the_weights(tmp_path):
    SRResNet(scale=2, blocks=1, width=4, degradation="lanczos").save_pretrained(tmp_path)
    loaded = gan_nets.load(tmp_path)
    assert (loaded.degradation, loaded.scale) == ("lanczos", 2)


@pytest.mark.parametrize("name", ["msrresnet", "rrdb", "compact"])
def test_the_value_range_of_the_original_is_mapped_to_that_of_the_package(name):
    """With all weights 0 BasicSR returns 0 in its [0, 1], or the upsampled image, which two networks add."""
    net = SMALL[name](2)
    init_kaiming_(net, scale=0)
    x = torch.full((1, 3, 4, 4), 0.5)
    assert torch.allclose(net(x), torch.tensor(-1.0 if name == "rrdb" else 0.5))


def test_msrresnet_takes_one_channel_to_three():
    """It adds the input to its output, so the channels must allow that."""
    assert MSRResNet(1, 3, scale=2, blocks=1, width=4)(torch.zeros(1, 1, 4, 4)).shape == (1, 3, 8, 8)
    for channels in (4, 3), (3, 1):
        sentence = f"as many out_channels as in_channels.*got {channels[0]} and {channels[1]}; use SRResNet"
        with pytest.raises(ValueError, match=sentence):
            MSRResNet(*channels)


@pytest.mark.parametrize("network", [SRResNet, MSRResNet])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_smooth_networks_leave_no_grid_on_a_constant_image(network, scale):
    """Whatever the weights are; without, the phases of the pixel shuffle differ."""
    flat, inner = torch.full((1, 3, 32, 32), 0.3), slice(12 * scale, -12 * scale)
    torch.manual_seed(0)
    for smooth, expected in ((True, True), (False, False)):
        net = network(scale=scale, blocks=1, width=8, smooth=smooth).eval()
        y = net(flat)[0, :, inner, inner]
        is_flat = torch.allclose(y, y[:, :1, :1].expand_as(y), atol=1e-6)
        assert is_flat == expected


def test_smooth_upsampling_is_a_mean_of_the_pixels_above_and_to_the_left():
    net = MSRResNet(blocks=1, width=2, scale=2, smooth=True)
    up = net.ups[0]
    x = torch.randn(1, 2, 4, 5)
    plain = torch.nn.functional.pixel_shuffle(up.conv(x), 2)
    y = up(x)
    assert y.shape == plain.shape
    torch.testing.assert_close(y[..., 0, 0], plain[..., 0, 0])  # the border is repeated
    torch.testing.assert_close(y[..., 3, 2], plain[..., 2:4, 1:3].mean((-2, -1)))


def test_compact_worked_out_by_hand():
    """Slopes of two channels, and the places of a pixel shuffle: images of 1x1, so the middle weights count.

    x01 = 0.5; first (0.5, -0.5 * 0.5) = (0.5, -0.25), then (0.5, -0.25 * 0.25); (0.5 + 8 * -0.0625) = 0, to
    which the biases 0, 1, 2, 3 are added.
    """
    net = SRVGGNetCompact(1, 1, scale=2, convs=1, width=2)
    init_kaiming_(net, scale=0)
    with torch.no_grad():
        net.input.conv.weight[:, 0, 1, 1] = torch.tensor([1.0, -1.0])
        net.input.act.weight.copy_(torch.tensor([7.0, 0.5]))
        net.blocks[0].conv.weight[..., 1, 1] = torch.eye(2)
        net.blocks[0].act.weight.copy_(torch.tensor([7.0, 0.25]))
        net.output.weight[..., 1, 1] = torch.tensor([1.0, 8.0])
        net.output.bias.copy_(torch.arange(4.0))
    expected = torch.tensor([[[[0.0, 2.0], [4.0, 6.0]]]])  # 2 (residual + 0.5) - 1
    assert torch.equal(net(torch.zeros(1, 1, 1, 1)), expected)


def test_compact_adds_the_input_enlarged_by_nearest_neighbor():
    net = SRVGGNetCompact(1, 2, scale=3, convs=1, width=2)
    init_kaiming_(net, scale=0)
    x = torch.tensor([[[[-1.0, 0.25], [0.5, 1.0]]]])
    row, other = [-1.0] * 3 + [0.25] * 3, [0.5] * 3 + [1.0] * 3
    assert torch.equal(net(x), torch.tensor([row] * 3 + [other] * 3).expand(1, 2, 6, 6))


def test_arguments_of_compact_are_checked():
    for name in ("scale", "convs"):
        with pytest.raises(ValueError, match=f"expected {name} to be a positive integer; got 0"):
            SRVGGNetCompact(**{name: 0})
    with pytest.raises(ValueError, match=r"expected activation .* or \"leakyrelu\"; got 'gelu'"):
        SRVGGNetCompact(activation="gelu")
    with pytest.raises(ValueError, match=r"as many out_channels as in_channels.*got 3 and 1; use SRResNet"):
        SRVGGNetCompact(3, 1)


def test_a_size_that_is_no_multiple_is_refused():
    with pytest.raises(ValueError, match="expected height and width to be multiples of 2; got 4x5"):
        SMALL["rrdb"](2)(torch.zeros(1, 3, 4, 5))


@without_norm
def test_wrong_channels_and_widths_are_one_clear_sentence(build):
    net = build()
    with pytest.raises(ValueError, match=rf"{type(net).__name__} expected images \(N, 3, H, W\); got"):
        net(torch.zeros(1, 4, 8, 8))
    with pytest.raises(ValueError, match="expected width to be a positive integer; got 0"):
        type(net)(width=0)


@without_norm
def test_gradients_in_both_layouts_equal_those_in_float64(build):
    torch.manual_seed(0)
    reference = build().double()
    x = torch.randn(2, 3, 8, 8)
    expected = gradients(reference, x.double())
    for layout in (torch.contiguous_format, torch.channels_last):
        net = build()
        net.load_state_dict(reference.state_dict())
        got = gradients(net.to(memory_format=layout), x.to(memory_format=layout))
        scale = max(gradient.norm() for gradient in expected)
        for ours, theirs in zip(got, expected, strict=True):
            assert (ours.double() - theirs).norm() < 1e-5 * scale


def gradients(net, x):
    x = x.clone(memory_format=torch.preserve_format).requires_grad_()
    net(x).square().mean().backward()
    return [x.grad, *(p.grad for p in net.parameters())]
