import copy

import pytest
import torch
from gan_nets import (
    MSRResNet,
    ResnetGenerator,
    RRDBNet,
    SRResNet,
    SRVGGNetCompact,
    UNetGenerator,
    apply_any_size,
    init_kaiming_,
    receptive_radius,
    tiled,
)
from torch import nn

LOCAL = {  # networks of convolutions, with the radius counted by hand
    # 9x9, two 3x3, the trunk, the 3x3 before the shuffle: 4 + 2 + 1 + 1; 9x9 at twice the size: 4 / 2.
    "srresnet": (lambda: SRResNet(scale=2, blocks=1, width=4), 10),
    # As above, but 9x9 at three times the size: ceil(4 / 3).
    "srresnet x3": (lambda: SRResNet(scale=3, blocks=1, width=4), 10),
    # 1 + 2 for a block; 1 before the shuffle; 2 at twice the size. Bilinear upsampling reaches less.
    "msrresnet": (lambda: MSRResNet(scale=2, blocks=1, width=4), 5),
    # 1 + 15 + 1, then 3x3 at twice, four times, four times, four times the size: 0.5 + 0.75, and nearest.
    "rrdb": (lambda: RRDBNet(scale=4, blocks=1, width=4, growth=2), 19),
    # The same in squares of 2x2 pixels, where the side of a square matters.
    "rrdb x2": (lambda: RRDBNet(scale=2, blocks=1, width=4, growth=2), None),
    # Four 3x3 convolutions before the shuffle.
    "compact": (lambda: SRVGGNetCompact(scale=3, convs=2, width=4), 4),
    "resnet": (lambda: ResnetGenerator(blocks=1, width=2, norm="batch"), None),
    "resnet modern": (
        lambda: ResnetGenerator(blocks=1, width=2, norm="batch", downsample="blurred", upsample="resized"),
        None,
    ),
    "unet": (lambda: UNetGenerator(depth=3, width=2, norm="batch"), None),
}


@pytest.fixture(params=LOCAL)
def local(request):
    """A network in evaluation mode and float64 with running statistics that differ from the initial ones."""
    torch.manual_seed(0)
    net = LOCAL[request.param][0]().double()
    init_kaiming_(net, scale=1)  # so that the farthest pixels matter more than rounding
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return net.eval()


def whole(net, x):
    with torch.no_grad():
        return apply_any_size(net, x)


@pytest.mark.parametrize("size", [(97, 61), (64, 131)])
def test_tiles_equal_the_whole_image(local, size):
    x = torch.randn(1, 3, *size, dtype=torch.float64)
    expected = whole(local, x)
    got = tiled(local, x, tile=2 * receptive_radius(local) + 17)
    scale = getattr(local, "scale", 1)
    assert got.shape == expected.shape == (1, 3, scale * size[0], scale * size[1])
    assert (got - expected).abs().max() < 1e-12 * expected.abs().max()


def test_a_blend_of_valid_pixels_changes_nothing(local):
    x = torch.randn(2, 3, 40, 150, dtype=torch.float64)
    expected = whole(local, x)
    got = tiled(local, x, tile=2 * receptive_radius(local) + 32, blend=11)
    assert (got - expected).abs().max() < 1e-12 * expected.abs().max()


def test_the_radius_is_no_larger_than_needed(local):
    """One pixel less (one multiple less) gives a different result."""
    multiple = local.size_multiple
    radius = receptive_radius(local)
    x = torch.randn(1, 3, 40, 3 * radius // multiple * multiple + 40, dtype=torch.float64)
    less = (radius - 1) // multiple * multiple
    middle = x.shape[-1] // 2 // multiple * multiple
    cut = whole(local, x[..., middle:])
    scale = cut.shape[-1] // (x.shape[-1] - middle)
    difference = (whole(local, x)[..., scale * middle :] - cut).abs().amax((0, 1, 2))
    assert difference[scale * less : scale * radius].max() > 0
    assert difference[scale * radius :].max() < 1e-12


@pytest.mark.parametrize("name", [name for name in LOCAL if LOCAL[name][1]])
def test_the_radius_is_the_one_counted_by_hand(name):
    build, radius = LOCAL[name]
    assert receptive_radius(build().eval()) == radius


def test_the_radius_of_a_stack():
    """5x5, then 3x3 with gaps of 4 pixels, down only: 2 + 4, and 1x7 across: 3."""
    stack = nn.Sequential(
        nn.Conv2d(2, 2, 5, padding=2), nn.Conv2d(2, 2, (3, 1), padding=(4, 0), dilation=(4, 1))
    )
    assert receptive_radius(stack, channels=2) == 6
    assert receptive_radius(nn.Conv2d(1, 1, (1, 7), padding=(0, 3)), channels=1) == 3
    assert receptive_radius(nn.Conv2d(3, 1, 1)) == 0


def test_measuring_does_not_change_the_network():
    net = SRResNet(scale=2, blocks=1, width=4).eval()
    before = copy.deepcopy(net.state_dict())
    with torch.autocast("cpu", torch.bfloat16):
        receptive_radius(net)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert net.input.weight.dtype == torch.float32


@pytest.mark.parametrize(
    "net",
    [
        ResnetGenerator(blocks=1, width=2, norm="instance").eval(),
        SRResNet(scale=2, blocks=1, width=2).train(),
        UNetGenerator(depth=2, width=2, batch_statistics_at_inference=True).eval(),
    ],
    ids=["instance norm", "training", "batch statistics"],
)
def test_networks_that_depend_on_the_whole_image_are_named(net):
    statistics = copy.deepcopy(net.state_dict())
    with pytest.raises(
        ValueError, match=rf"got {type(net).__name__}, whose output depends on the whole image"
    ):
        tiled(net, torch.zeros(1, 3, 64, 64), tile=32)
    assert all(torch.equal(value, statistics[key]) for key, value in net.state_dict().items())


class Windows(nn.Module):
    """The mean of each window of some pixels; no size_multiple says where windows begin."""

    def __init__(self, side):
        super().__init__()
        self.side = side

    def forward(self, x):
        padding = [-length % self.side for length in x.shape[-2:]]
        padded = nn.functional.pad(x, (0, padding[1], 0, padding[0]))
        means = nn.functional.avg_pool2d(padded, self.side)
        repeated = means.repeat_interleave(self.side, -1).repeat_interleave(self.side, -2)
        return repeated[..., : x.shape[-2], : x.shape[-1]]


@pytest.mark.parametrize("side", [2, 3, 8])
def test_a_network_whose_windows_would_begin_elsewhere_in_a_tile_is_named(side):
    net = Windows(side)
    with pytest.raises(ValueError, match="got Windows, whose output depends on where a pixel is"):
        receptive_radius(net)
    net.size_multiple = side  # tiles begin with a window
    x = torch.rand(1, 3, 48, 72)
    assert receptive_radius(net) == 0
    torch.testing.assert_close(tiled(net, x, tile=24), net(x))


class Recording(nn.Module):
    """Doubles an image, and records the sizes of its inputs."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, x):
        self.sizes.append(tuple(x.shape[-2:]))
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


@pytest.mark.parametrize("size", [(50, 33), (7, 100), (33, 32), (1, 200), (64, 64)])
@pytest.mark.parametrize(("overlap", "blend"), [(0, 0), (3, 0), (0, 9), (5, 12)])
def test_weights_sum_to_one_and_no_tile_is_larger_than_given(size, overlap, blend):
    net, x = Recording(), torch.randn(2, 3, *size, dtype=torch.float64)
    got = tiled(net, x, tile=32, overlap=overlap, blend=blend)
    torch.testing.assert_close(got, Recording()(x), atol=1e-14, rtol=0)
    assert set(net.sizes) == {(min(size[0], 32), min(size[1], 32))}


def test_without_a_blend_the_values_are_unchanged():
    x = torch.randn(1, 3, 70, 45)
    assert torch.equal(tiled(Recording(), x, tile=20, overlap=4), Recording()(x))


def test_an_image_smaller_than_a_tile_is_one_tile():
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=1, width=2).eval()  # instance norm: no radius is measured
    x = torch.randn(1, 3, 13, 30)
    assert torch.equal(tiled(net, x, tile=32), whole(net, x))


class Centered(nn.Module):
    """Subtracts the mean, as instance norm does: the simplest network that depends on the whole image."""

    def forward(self, x):
        return x - x.mean((2, 3), keepdim=True)


@pytest.mark.parametrize("blend", [0, 8, 16])
def test_a_blend_turns_the_step_between_different_tiles_into_a_slope(blend):
    """Three tiles of an image that is 0 on the left and 1 on the right have the means 0, 1/2 and 1."""
    x = torch.cat([torch.zeros(1, 1, 8, 64), torch.ones(1, 1, 8, 64)], dim=-1)
    means = x - tiled(Centered(), x, tile=64, overlap=8, blend=blend)
    torch.testing.assert_close(means[..., [0, -1]].flatten(0, 2)[0], torch.tensor([0.0, 1.0]))
    assert means.diff(dim=-1).max().item() == pytest.approx(0.5 / max(blend, 1), abs=1e-5)
    assert means.diff(dim=-1).min() > -1e-6


def test_no_gradient_is_computed():
    x = torch.randn(1, 3, 40, 40, requires_grad=True)
    assert not tiled(SRResNet(scale=2, blocks=1, width=2).eval(), x, tile=32).requires_grad


def test_wrong_use_is_refused():
    x = torch.zeros(1, 3, 64, 64)
    with pytest.raises(
        ValueError,
        match="of at least 21 pixels, for the overlap of 10 and the blend of 0; got 20; take",
    ):
        tiled(SRResNet(scale=2, blocks=1, width=2).eval(), x, tile=20)
    with pytest.raises(ValueError, match="expected tile to be a positive integer; got 0"):
        tiled(Recording(), x, tile=0)
    with pytest.raises(
        ValueError,
        match="expected a module to measure the receptive radius of; got function; give an overlap",
    ):
        tiled(lambda x: x, x, tile=32)
    with pytest.raises(
        ValueError, match=r"whole number of times as large as the input; got \(1, 3, 16, 16\)"
    ):
        tiled(nn.AvgPool2d(2), x, tile=32, overlap=0)


class Normalized(nn.Sequential):
    """Each kind of layer that depends on the whole image, twice."""

    size_multiple = 2

    def __init__(self):
        torch.manual_seed(0)
        group, instance, batch = nn.GroupNorm(2, 6), nn.InstanceNorm2d(6), nn.BatchNorm2d(6, affine=True)
        for norm in (group, batch):
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
        running = nn.InstanceNorm2d(6, track_running_stats=True).eval()
        batch.track_running_stats, batch.running_mean, batch.running_var = False, None, None
        super().__init__(
            nn.Conv2d(3, 6, 3, padding=1), group, nn.Tanh(), nn.Conv2d(6, 6, 2, stride=2), instance, running,
            nn.Conv2d(6, 6, 3, padding=1), batch, nn.Upsample(scale_factor=4), nn.Conv2d(6, 3, 3, padding=1),
        )  # fmt: skip
        self.eval()


WITH_STATISTICS = {
    "resnet": lambda: ResnetGenerator(blocks=1, width=2),
    "unet": lambda: UNetGenerator(depth=2, width=2, batch_statistics_at_inference=True),
    "norms": Normalized,
}


@pytest.mark.parametrize("name", WITH_STATISTICS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_with_statistics_of_the_whole_image_tiles_equal_it(name, layout):
    """The image is dark and flat on one side, so that statistics of tiles are far from those of the whole."""
    torch.manual_seed(0)
    net = WITH_STATISTICS[name]().eval()
    x = torch.randn(2, 3, 45, 123, dtype=torch.float64)
    x[..., 60:] = 0.1 * x[..., 60:] - 1
    x = x.contiguous(memory_format=layout)
    expected = torch.cat([whole(net.double(), one) for one in x.split(1)])
    got = tiled(net, x, tile=96, statistics="picture")
    assert (got - expected).abs().max() < 1e-9 * expected.abs().max()
    apart = tiled(net, x, tile=96, overlap=28)
    assert (apart - expected).abs().max() > 0.05 * expected.abs().max()


def test_batch_norm_with_running_statistics_is_not_measured():
    net = SRResNet(scale=2, blocks=1, width=2).eval()
    statistics = copy.deepcopy(net.state_dict())
    x = torch.randn(1, 3, 60, 45)
    assert torch.equal(tiled(net, x, tile=40, statistics="picture"), tiled(net, x, tile=40))
    assert all(torch.equal(value, statistics[key]) for key, value in net.state_dict().items())
