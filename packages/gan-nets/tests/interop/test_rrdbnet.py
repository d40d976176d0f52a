"""ESRGAN's generator under its three sets of keys and at every scale, against its layers written out here."""

import pytest
import torch
import torch.nn.functional as F
from gan_nets import RRDBNet, interop

WIDTH, GROWTH, BLOCKS = 4, 2, 2


def places(layout, ups):
    """The original's names: input, trunk, upsamplings, full size, output, and a dense block's convolution."""
    if layout == "first":  # one list, in which resizing and activation count too
        tail = [f"model.{3 + 3 * up}" for up in range(ups)] + [f"model.{2 + 3 * ups}", f"model.{4 + 3 * ups}"]
        return ["model.0", f"model.1.sub.{BLOCKS}", *tail], "model.1.sub.{}.RDB{}.conv{}.0"
    if layout == "later":
        convs = [f"upconv{up + 1}" for up in range(ups)]
        return ["conv_first", "trunk_conv", *convs, "HRconv", "conv_last"], "RRDB_trunk.{}.RDB{}.conv{}"
    convs = [f"conv_up{up + 1}" for up in range(ups)]
    return ["conv_first", "conv_body", *convs, "conv_hr", "conv_last"], "body.{}.rdb{}.conv{}"


def original(layout, *, ups, unshuffle=1, growth=GROWTH):
    """A state dict of random weights."""
    ends, dense = places(layout, ups)
    shapes = {ends[0]: (3 * unshuffle**2, WIDTH), ends[-1]: (WIDTH, 3)}
    shapes |= dict.fromkeys(ends[1:-1], (WIDTH, WIDTH))
    for block in range(BLOCKS):
        for number in range(1, 4):
            for conv in range(1, 6):
                out = growth if conv < 5 else WIDTH
                shapes[dense.format(block, number, conv)] = (WIDTH + (conv - 1) * growth, out)
    state = {f"{name}.weight": torch.randn(o, i, 3, 3) * 0.2 for name, (i, o) in shapes.items()}
    return state | {f"{name}.bias": torch.randn(o) * 0.2 for name, (_, o) in shapes.items()}


def forward(state, layout, x, *, ups, unshuffle=1):
    """Wang et al. 2018, section 3.1, and the original's code: x in [0, 1]."""
    ends, dense = places(layout, ups)

    def conv(name, x):
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    first = y = conv(ends[0], F.pixel_unshuffle(x, unshuffle))
    for block in range(BLOCKS):
        z = y
        for number in range(1, 4):
            maps = z
            for index in range(1, 5):
                new = F.leaky_relu(conv(dense.format(block, number, index), maps), 0.2)
                maps = torch.cat([maps, new], 1)
            z = z + 0.2 * conv(dense.format(block, number, 5), maps)
        y = y + 0.2 * z
    y = first + conv(ends[1], y)
    for name in ends[2:-2]:
        y = F.leaky_relu(conv(name, F.interpolate(y, scale_factor=2, mode="nearest")), 0.2)
    return conv(ends[-1], F.leaky_relu(conv(ends[-2], y), 0.2))


@pytest.mark.parametrize("layout", ["first", "later", "basicsr"])
@pytest.mark.parametrize(
    ("ups", "unshuffle", "scale"),
    [(0, 1, 1), (1, 1, 2), (2, 1, 4), (3, 1, 8), (4, 1, 16), (2, 2, 2), (2, 4, 1), (1, 2, 1)],
)
@torch.no_grad()
def test_every_layout_and_scale_gives_the_original_s_result(layout, ups, unshuffle, scale, tmp_path):
    torch.manual_seed(0)
    state = original(layout, ups=ups, unshuffle=unshuffle)
    net = interop.convert(state)
    assert (net.scale, net.size_multiple) == (scale, unshuffle)
    x = torch.rand(1, 3, 4, 8)
    expected = forward(state, layout, x, ups=ups, unshuffle=unshuffle)
    torch.testing.assert_close((net(2 * x - 1) + 1) / 2, expected, atol=1e-5, rtol=1e-5)
    net.save_pretrained(tmp_path)
    assert torch.equal(RRDBNet.from_pretrained(tmp_path)(x), net(x))


def test_the_arguments_of_basicsr_s_own_scales_are_as_before():
    described = interop.convert(original("basicsr", ups=2, unshuffle=2)).describe()
    assert (described["scale"], described["unshuffle"]) == (2, None)


@pytest.mark.parametrize("layout", ["first", "later", "basicsr"])
def test_an_error_lists_the_file_s_own_keys(layout):
    state = original(layout, ups=2)
    ends, dense = places(layout, 2)
    del state[f"{ends[-2]}.bias"], state[f"{dense.format(1, 2, 3)}.weight"]
    with pytest.raises(ValueError, match=r"missing keys \(2\): ") as error:
        interop.convert(state)
    assert f"{dense.format(1, 2, 3)}.weight" in str(error.value)
    assert f"{ends[-2]}.bias" in str(error.value)


def test_what_rrdbnet_cannot_be_is_said():
    with pytest.raises(ValueError, match="it upsamples 32 times, of which scale 32 is not supported"):
        interop.convert(original("first", ups=5))
    shuffled = original("first", ups=2)
    for index in (0, 1):  # the pixel shuffle comes after its convolution
        for leaf in ("weight", "bias"):
            shuffled[f"model.{2 + 3 * index}.{leaf}"] = shuffled.pop(f"model.{3 + 3 * index}.{leaf}")
    with pytest.raises(ValueError, match=r"upsamples by pixel shuffle \(model.2\)"):
        interop.convert(shuffled)


def test_the_scale_of_an_original_with_other_channels_may_be_given():
    """Four channels in and one out look like scale 2 unless the scale is given."""
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
