"""SRResNet, MSRResNet, RRDBNet and the two discriminators of super-resolution."""

import gan_nets
import pytest
import torch
from gan_nets import (
    MSRResNet,
    RRDBNet,
    SRGANDiscriminator,
    SRResNet,
    VGGStyleDiscriminator,
    init_icnr_,
    init_kaiming_,
    interop,
)

SMALL = {
    "srresnet": lambda scale: SRResNet(scale=scale, blocks=1, width=4),
    "msrresnet": lambda scale: MSRResNet(scale=scale, blocks=1, width=4),
    "rrdb": lambda scale: RRDBNet(scale=scale, blocks=1, width=4, growth=2),
}
PLAIN = {"srresnet": (2, 3, 4, 8), "msrresnet": (2, 3, 4, 8), "rrdb": (1, 2, 4)}
every_scale = pytest.mark.parametrize(
    ("name", "scale"), [(name, scale) for name, scales in PLAIN.items() for scale in scales]
)
without_norm = pytest.mark.parametrize(
    "build",
    [
        lambda: SMALL["msrresnet"](2),
        lambda: SMALL["rrdb"](2),
        lambda: VGGStyleDiscriminator(width=2, size=8),
    ],
    ids=["msrresnet", "rrdb", "vgg-style"],
)


def count(net):
    return sum(p.numel() for p in net.parameters())


def test_parameter_counts():
    """Of the originals at their usual sizes; of the paper's networks by hand.

    SRResNet: 9x9 convolutions 3*81*64+64 and 64*81*3+3; 33 of 3x3 with batch norm, 64*9*64 + 2*64 each; two
    of 64*9*256 + 256; a slope for each of 1 + 16 + 2 PReLUs. The discriminator: 3x3 convolutions of
    3, 64, 64, 128, 128, 256, 256, 512 to 64, 64, 128, ..., 512 channels; dense 512*36 to 1024 to 1.
    """
    with torch.device("meta"):
        assert count(MSRResNet()) == 1_517_571
        assert count(RRDBNet()) == 16_697_987
        assert count(VGGStyleDiscriminator()) == 14_499_401
        srresnet = 15_616 + 15_555 + 33 * (36_864 + 128) + 2 * 147_712 + 19
        assert count(SRResNet()) == srresnet
        pairs = [(64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
        convolutions = 1_792 + sum(9 * inside * outside + 2 * outside for inside, outside in pairs)
        assert count(SRGANDiscriminator()) == convolutions + 18_432 * 1024 + 1024 + 1025


@every_scale
def test_any_size_becomes_scale_times_as_large(name, scale):
    net = SMALL[name](scale).eval()
    for height, width in [(1, 1), (5, 3)]:
        x = torch.zeros(2, 3, net.size_multiple * height, net.size_multiple * width)
        assert net(x).shape == (2, 3, scale * x.shape[2], scale * x.shape[3])


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("scale", [5, 0])
def test_a_scale_that_is_lacking_is_refused(name, scale):
    expected = ", ".join(map(str, PLAIN[name][:-1])) + f" or {PLAIN[name][-1]}"
    with pytest.raises(ValueError, match=rf"expected scale {expected}; got {scale}; enlarge by the next"):
        SMALL[name](scale)


@pytest.mark.parametrize("name", SMALL)
def test_another_width_or_scale_of_checkpoint_is_refused(name, tmp_path):
    SMALL[name](2).save_pretrained(tmp_path)
    cls = type(SMALL[name](2))
    with pytest.raises(ValueError, match=r"does not fit .* other shapes .*\(4, .* for \(8, "):
        cls.from_pretrained(tmp_path, width=8)
    with pytest.raises(ValueError, match=r"does not fit"):
        cls.from_pretrained(tmp_path, scale=4)


def test_the_degradation_is_kept_with_the_weights(tmp_path):
    SRResNet(scale=2, blocks=1, width=4, degradation="lanczos").save_pretrained(tmp_path)
    loaded = gan_nets.load(tmp_path)
    assert (loaded.degradation, loaded.scale) == ("lanczos", 2)


@pytest.mark.parametrize("name", ["msrresnet", "rrdb"])
def test_black_and_white_of_the_original_are_those_of_the_package(name):
    """With all weights 0 BasicSR returns 0 for its [0, 1], plus the enlarged picture in MSRResNet."""
    net = SMALL[name](2)
    init_kaiming_(net, scale=0)
    x = torch.full((1, 3, 4, 4), 0.5)
    assert torch.allclose(net(x), torch.tensor(0.5 if name == "msrresnet" else -1.0))


def test_one_plane_to_three_and_back():
    """MSRResNet adds the input to its output, so that the channels have to allow it."""
    assert MSRResNet(1, 3, scale=2, blocks=1, width=4)(torch.zeros(1, 1, 4, 4)).shape == (1, 3, 8, 8)
    with pytest.raises(ValueError, match=r"as many out_channels as in_channels.*got 4 and 3; use SRResNet"):
        MSRResNet(4, 3)


def test_the_scale_of_an_original_with_other_channels_can_be_told():
    """Four planes in and one out: to be taken for scale 2 unless one says what it is."""
    original = RRDBNet(4, 1, scale=4, blocks=1, width=4, growth=2)
    names = {"input": "conv_first", "trunk": "conv_body", "full_size": "conv_hr", "output": "conv_last"}
    state = {}
    for key, value in original.state_dict().items():
        layer, _, leaf = key.rpartition(".")
        parts = layer.split(".")
        if parts[0] == "ups":
            layer = f"conv_up{int(parts[1]) + 1}"
        elif parts[0] == "blocks":
            layer = f"body.{parts[1]}.rdb{int(parts[3]) + 1}.conv{int(parts[5]) + 1}"
        state[f"{names.get(layer, layer)}.{leaf}"] = value
    x = torch.randn(1, 4, 3, 5)
    assert torch.equal(interop.load_basicsr_rrdbnet(state, scale=4)(x), original(x))
    assert interop.load_basicsr_rrdbnet(state).scale == 2


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_scale_of_an_original_shows_in_its_weights(scale):
    original = MSRResNet(1, 1, scale=scale, blocks=1, width=4)
    names = {"input": "conv_first", "full_size": "conv_hr", "output": "conv_last"}
    names |= {"blocks.0.first": "body.0.conv1", "blocks.0.second": "body.0.conv2"}
    names |= {"ups.0.conv": "upconv1", "ups.1.conv": "upconv2"}
    layers = {key: key.rpartition(".") for key in original.state_dict()}
    state = {f"{names[layer]}.{leaf}": original.state_dict()[key] for key, (layer, _, leaf) in layers.items()}
    loaded = interop.load_basicsr_msrresnet(state)
    assert loaded.scale == scale
    x = torch.randn(1, 1, 3, 5)
    assert torch.equal(loaded(x), original(x))
    with pytest.raises(ValueError, match="expected upconv1 to make 4 or 9 times 4; got 8"):
        interop.load_basicsr_msrresnet(
            {key: value for key, value in state.items() if "upconv2" not in key}
            | {"upconv1.weight": torch.zeros(8, 4, 3, 3)}
        )


def test_averaged_weights_of_a_basicsr_file_come_first(tmp_path):
    state = {"a": torch.zeros(1)}
    torch.save({"params": {"a": torch.ones(1)}}, tmp_path / "net.pth")
    assert interop.read_checkpoint(tmp_path / "net.pth") == {"a": torch.ones(1)}
    torch.save({"params": {"a": torch.ones(1)}, "params_ema": state}, tmp_path / "net.pth")
    assert interop.read_checkpoint(tmp_path / "net.pth") == state


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
def test_crops_of_any_size_get_one_logit(size):
    assert SRGANDiscriminator(width=2, hidden=4).eval()(torch.zeros(3, 3, *size)).shape == (3, 1)


def test_unsuitable_crops_are_refused():
    with pytest.raises(ValueError, match="expected crops of at least 16x16; got 16x15; take larger crops"):
        SRGANDiscriminator(width=2)(torch.zeros(1, 3, 16, 15))
    net = VGGStyleDiscriminator(width=2, size=16)
    with pytest.raises(ValueError, match="expected crops of 16x16; got 16x32; build it with size equal"):
        net(torch.zeros(1, 3, 16, 32))
    with pytest.raises(ValueError, match="power of two from 8 on; got 96"):
        VGGStyleDiscriminator(size=96)
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
def test_gradients_in_both_layouts_equal_float64(build):
    torch.manual_seed(0)
    reference = build().double()
    x = torch.randn(2, 3, 8, 8)
    wanted = gradients(reference, x.double())
    for layout in (torch.contiguous_format, torch.channels_last):
        net = build()
        net.load_state_dict(reference.state_dict())
        got = gradients(net.to(memory_format=layout), x.to(memory_format=layout))
        scale = max(gradient.norm() for gradient in wanted)
        for ours, theirs in zip(got, wanted, strict=True):
            assert (ours.double() - theirs).norm() < 1e-5 * scale


def gradients(net, x):
    x = x.clone(memory_format=torch.preserve_format).requires_grad_()
    net(x).square().mean().backward()
    return [x.grad, *(p.grad for p in net.parameters())]


class TestInitialisation:
    @pytest.mark.parametrize("scale", [2, 3, 4, 8])
    def test_icnr_makes_squares_of_equal_pixels(self, scale):
        """A pixel shuffle's checkerboard is the difference within its squares: there is none at the start."""
        torch.manual_seed(0)
        up = SRResNet(scale=scale, blocks=1, width=4).ups[0]
        x = torch.randn(1, 4, 5, 5)
        squares = up(x).unfold(2, up.factor, up.factor).unfold(3, up.factor, up.factor).flatten(4)
        assert squares.std(-1).min() > 1e-3
        init_icnr_(up)
        squares = up(x).unfold(2, up.factor, up.factor).unfold(3, up.factor, up.factor).flatten(4)
        assert squares.std(-1).max() < 1e-6
        assert squares.std() > 0.1

    def test_icnr_keeps_each_squares_first_filter(self):
        net = MSRResNet(scale=3, blocks=1, width=4)
        before = net.ups[0].conv.weight[::9].clone()
        init_icnr_(net)
        assert torch.equal(net.ups[0].conv.weight[4::9], before)

    def test_icnr_needs_a_pixel_shuffle(self):
        with pytest.raises(ValueError, match="RRDBNet has none"):
            init_icnr_(SMALL["rrdb"](4))

    def test_kaiming_is_scaled(self):
        net = MSRResNet(scale=2, blocks=1, width=64)
        init_kaiming_(net, scale=0.5, generator=torch.Generator().manual_seed(0))
        weight = net.blocks[0].first.weight
        assert weight.std().item() == pytest.approx(0.5 * (2 / (9 * 64)) ** 0.5, rel=0.02)
        assert net.input.bias.abs().max() == 0
