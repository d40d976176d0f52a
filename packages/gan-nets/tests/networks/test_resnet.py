import pytest
import torch
import torch.nn.functional as F
from gan_nets import ResnetGenerator, apply_any_size, cyclegan_resnet_modern, cyclegan_resnet_paper, interop
from gan_nets.networks.resnet import blur_downsample, upsample_bilinear
from torch import nn

PRESETS = [cyclegan_resnet_paper, cyclegan_resnet_modern]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("size", "count"), [(128, 7_837_699), (256, 11_378_179)])
def test_parameter_count_and_shape_of_the_paper(preset, size, count):
    with torch.device("meta"):
        net = preset(size)
        out = net(torch.empty(1, 3, size, size))
    assert sum(p.numel() for p in net.parameters()) == count
    assert out.shape == (1, 3, size, size)


@pytest.mark.parametrize("preset", PRESETS)
def test_blocks_follow_from_the_size_unless_given(preset):
    with torch.device("meta"):
        assert [len(preset(size).blocks) for size in (64, 128, 255, 256, 512)] == [6, 6, 6, 9, 9]
        assert len(preset(128, blocks=9).blocks) == 9
        assert len(preset(256, 1, 2, blocks=3).blocks) == 3


def test_equations_of_a_small_generator():
    """One block written out, without the in-place operations and the padding after the norm."""
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=1, width=3)
    x = torch.randn(2, 3, 16, 12)

    def conv(layer, x, pad):
        return F.instance_norm(F.conv2d(F.pad(x, (pad,) * 4, mode="reflect"), layer.weight, layer.bias))

    y = F.relu(conv(net.input.conv, x, 3))
    for down in net.downs:
        y = F.relu(F.instance_norm(F.conv2d(y, down.conv.weight, down.conv.bias, stride=2, padding=1)))
    block = net.blocks[0]
    y = y + conv(block.conv, F.relu(conv(block.first.conv, y, 1)), 1)
    for up in net.ups:
        weight, bias = up.conv.weight, up.conv.bias
        y = F.relu(F.instance_norm(F.conv_transpose2d(y, weight, bias, 2, padding=1, output_padding=1)))
    expected = torch.tanh(F.conv2d(F.pad(y, (3,) * 4, mode="reflect"), net.output.weight, net.output.bias))
    torch.testing.assert_close(net(x), expected, atol=1e-5, rtol=0)


def test_every_block_has_dropout_in_training_alone():
    net, zeros = ResnetGenerator(blocks=3, width=8, dropout=0.5), []
    for block in net.blocks:
        block.first.dropout.register_forward_hook(lambda _m, _i, out: zeros.append((out == 0).float().mean()))
    x = torch.randn(1, 3, 32, 32)
    net.train()(x)
    assert len(zeros) == 3
    assert all(0.4 < share < 0.6 for share in zeros)
    assert torch.equal(net.eval()(x), net(x))


def ripple(maps):
    """Energy of the center's spectrum without the mean, relative to it; how much of it is at the grid."""
    energy = torch.fft.rfft2(maps[..., 80:112, 80:112]).abs().square().sum((0, 1))
    mean = energy[0, 0].clone()
    energy[0, 0] = 0
    return (energy.sum() / mean).item(), (energy[::8, ::8].sum() / energy.sum()).item()


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize(("upsample", "downsample"), [("transposed", "strided"), ("resized", "blurred")])
def test_the_original_has_a_checkerboard_and_the_modern_preset_none(norm, upsample, downsample):
    """Response to a constant, and the gradient of the input for one, away from the noisy frame of the image.

    The frame is for instance norm, which maps a constant image to zeros.
    """
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=1, width=8, norm=norm, downsample=downsample, upsample=upsample)
    net = net.double().eval()
    x = torch.rand(1, 3, 192, 192, dtype=torch.float64) * 2 - 1
    x[..., 16:-16, 16:-16] = 0.3
    out = net(x.requires_grad_())
    for maps in (out.detach(), torch.autograd.grad(out.sum(), x)[0]):
        strength, at_the_grid = ripple(maps)
        if upsample == "resized":
            assert strength < 1e-20
        else:
            assert strength > 1e-4
            assert at_the_grid > 1 - 1e-9  # periods of 2 and 4 pixels, and nothing else


def test_presets_choose_down_and_upsampling():
    paper, modern = (
        cyclegan_resnet_paper(128, width=2, blocks=1),
        cyclegan_resnet_modern(128, width=2, blocks=1),
    )
    assert (paper.blurred, paper.resized) == (False, False)
    assert (modern.blurred, modern.resized) == (True, True)


def test_downsampling_and_upsampling_by_hand():
    dot = torch.zeros(1, 1, 6, 6)  # padding included: the kernels stand at 1 and 3
    dot[..., 2, 3] = 16.0
    assert blur_downsample(dot)[0, 0].tolist() == [[0, 2], [0, 2]]
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    assert upsample_bilinear(ramp)[0, 0, 0].tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("size", [(5, 9), (8, 8), (13, 30), (31, 17)])
def test_any_size_in_gives_the_same_size_out(preset, size):
    net = preset(128, width=2, blocks=1).eval()
    out = apply_any_size(net, torch.randn(2, 3, *size))
    assert out.shape == (2, 3, *size)
    assert out.abs().max() <= 1


def test_wrong_sizes_name_what_to_do():
    net = ResnetGenerator(blocks=1, width=2)
    with pytest.raises(ValueError, match=r"multiples of 4; got 16x18; gan_nets.apply_any_size"):
        net(torch.zeros(1, 3, 16, 18))
    with pytest.raises(ValueError, match=r"at least 8x8; got 4x16; enlarge"):
        net(torch.zeros(1, 3, 4, 16))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": 0}, "expected blocks to be a positive integer; got 0"),
        ({"dropout": 1.0}, r"probability in \[0, 1\); got 1.0"),
        ({"downsample": "pooled"}, 'expected downsample "strided" or "blurred"; got \'pooled\''),
        ({"upsample": "nearest"}, 'expected upsample "transposed" or "resized"; got \'nearest\''),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResnetGenerator(**arguments)


def test_only_the_maps_of_the_backward_pass_stay_in_memory():
    """Two maps a convolution: its input, and the input of its norm."""
    net, saved = ResnetGenerator(blocks=2, width=4), {}

    def pack(tensor):
        if not isinstance(tensor, nn.Parameter) and tensor.ndim == 4:
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net(torch.randn(1, 3, 64, 64))
    given = {
        "input": 3 * 70**2,
        "downs": 4 * 64**2 + 8 * 32**2,
        "rectified before the blocks": 16 * 16**2,
        "blocks": 2 * 2 * 16 * 18**2,
        "ups": 16 * 16**2 + 8 * 32**2,
        "output": 4 * 70**2,
    }
    normed = 4 * 64**2 + 8 * 32**2 + 16 * 16**2 + 2 * 2 * 16 * 16**2 + 8 * 32**2 + 4 * 64**2
    assert sum(saved.values()) == 4 * (sum(given.values()) + normed + 3 * 64**2)  # and tanh's own result


@pytest.mark.parametrize("norm", ["instance", "none"])
@pytest.mark.parametrize(("preset", "gap"), [("strided", 3), ("blurred", 4)])
def test_encoder_features_are_the_outputs_of_the_layers(norm, preset, gap):
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=3, width=4, norm=norm, downsample=preset)
    x = torch.randn(2, 3, 16, 12)
    seen = {}

    def note(number):
        return lambda _module, _inputs, output: seen.update({number: output.clone()})

    layers = (0, 4, 4 + gap, *range(4 + 2 * gap, 7 + 2 * gap))
    assert net.encoder_layers == layers
    for number, module in zip(layers[1:], (*(down.conv for down in net.downs), *net.blocks), strict=True):
        module.register_forward_hook(note(number))
    net(x)
    seen[0] = F.pad(x, (3,) * 4, mode="reflect")
    outputs = dict(seen)
    for got, number in zip(net.encoder_features(x, layers[::-1]), layers[::-1], strict=True):
        torch.testing.assert_close(got, outputs[number], rtol=0, atol=0)
    seen.clear()
    (only,) = net.encoder_features(x, [layers[3]])
    torch.testing.assert_close(only, outputs[layers[3]], rtol=0, atol=0)
    assert max(seen) == layers[3]  # nothing deeper was computed


def test_unknown_layers_of_the_encoder_are_refused_with_the_known_ones():
    net = ResnetGenerator(blocks=2, width=4)
    with pytest.raises(ValueError, match=r"from 0, 4, 7, 10, 11; got \[0, 8\]"):
        net.encoder_features(torch.zeros(1, 3, 8, 8), [0, 8])
    with pytest.raises(ValueError, match=r"got \[\]"):
        net.encoder_features(torch.zeros(1, 3, 8, 8), [])


def test_encoder_features_equal_those_of_cut(read_parity):
    weights, inputs, expected, *_ = read_parity("cut_resnet_antialias")
    net = interop.load_cyclegan_resnet(weights)
    first, fourth, eighth = net.encoder_features(inputs["x"], [0, 4, 8])
    torch.testing.assert_close(first[..., ::2, ::2], expected["feat_0_every2"], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(fourth[..., ::4, ::4], expected["feat_4_every4"], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(eighth[..., ::4, ::4], expected["feat_8_every4"], atol=1e-4, rtol=1e-4)
