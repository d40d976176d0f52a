import pytest
import torch
import torch.nn.functional as F
from gan_nets import UNetGenerator, pix2pix_unet_official, pix2pix_unet_paper
from torch import nn


@pytest.mark.parametrize(("depth", "count"), [(8, 54_413_955), (7, 41_828_995)])
def test_parameter_count_and_shape_of_the_paper(depth, count):
    with torch.device("meta"):
        net = UNetGenerator(depth=depth)
        out = net(torch.empty(1, 3, 2**depth, 2**depth))
    assert sum(p.numel() for p in net.parameters()) == count
    assert out.shape == (1, 3, 2**depth, 2**depth)


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_any_depth_and_channels_keep_the_size(depth):
    net = UNetGenerator(1, 2, depth=depth, width=2)
    x = torch.randn(2, 1, 2**depth, 3 * 2**depth)
    out = net(x)
    assert out.shape == (2, 2, 2**depth, 3 * 2**depth)
    assert out.abs().max() <= 1


@pytest.mark.parametrize("skips", [True, False])
def test_equations_of_the_smallest_unet(skips):
    """Depth 2 written out, without the in-place operations."""
    torch.manual_seed(0)
    net = UNetGenerator(depth=2, width=3, norm="instance", skips=skips)
    x = torch.randn(2, 3, 8, 8)
    first = net.downs[0].conv(x)
    bottleneck = net.downs[1].conv(F.leaky_relu(first, 0.2))
    up = F.instance_norm(net.ups[0].conv(F.relu(bottleneck)))
    expected = torch.tanh(net.output(F.relu(torch.cat([first, up], 1) if skips else up)))
    torch.testing.assert_close(net(x), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("preset", "depth", "expected"),
    [
        (pix2pix_unet_paper, 8, [2, 4, 8]),
        (pix2pix_unet_paper, 2, [2]),
        (pix2pix_unet_official, 8, [4, 8, 16]),
        (pix2pix_unet_official, 7, [4, 8]),
        (pix2pix_unet_official, 5, []),
    ],
)
def test_presets_have_dropout_where_their_source_has_it(preset, depth, expected):
    """The sides of the maps in which about half of the values are zeroed, at a square input of 2**depth."""
    net, sides = preset(depth=depth, width=8), []

    def note(_module, _inputs, out):
        if 0.3 < (out == 0).float().mean() < 0.7:
            sides.append(out.shape[-1])

    for up in net.ups:
        up.register_forward_hook(note)
    net.eval()(torch.randn(1, 3, 2**depth, 2**depth))
    assert sides == expected


def test_plain_class_is_deterministic_after_eval():
    net = UNetGenerator(depth=3, width=4, dropout=(0.5,)).eval()
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(net(x), net(x))
    torch.testing.assert_close(net(x)[:1], net(x[:1]))  # nor on the rest of the batch


def test_dropout_at_inference_is_an_argument():
    net = UNetGenerator(depth=3, width=4, dropout=(0.5,), dropout_at_inference=True).eval()
    x = torch.randn(1, 3, 8, 8)
    assert not torch.equal(net(x), net(x))


def test_batch_statistics_at_inference_equal_training_and_change_nothing():
    torch.manual_seed(0)
    net = UNetGenerator(depth=4, width=4, batch_statistics_at_inference=True)
    x = torch.randn(2, 3, 16, 16)
    expected = net.train()(x)
    state = {k: v.clone() for k, v in net.eval().state_dict().items()}
    torch.testing.assert_close(net(x), expected)
    assert all(torch.equal(state[k], v) for k, v in net.state_dict().items())


def test_inference_behavior_survives_conversion_to_sync_batch_norm():
    torch.manual_seed(0)
    net = UNetGenerator(depth=4, width=4, batch_statistics_at_inference=True)
    x = torch.randn(2, 3, 16, 16)
    expected = net.train()(x)
    net = nn.SyncBatchNorm.convert_sync_batchnorm(net).eval()
    torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("size", [(16, 24), (8, 16), (0, 16)])
def test_wrong_size_names_the_multiple_and_the_remedy(size):
    net = UNetGenerator(depth=4, width=2)
    with pytest.raises(ValueError, match=rf"of 16; got {size[0]}x{size[1]}; gan_nets.apply_any_size"):
        net(torch.zeros(1, 3, *size))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 1}, "depth to be at least 2; got 1"),
        ({"depth": 3, "dropout": (0.5, 0.5, 0.5)}, "at most depth - 1 = 2 probabilities"),
        ({"dropout": (1.5,)}, r"probabilities in \[0, 1\); got \(1.5,\)"),
        ({"in_channels": 0}, "in_channels to be a positive integer"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        UNetGenerator(**arguments)


def test_only_the_maps_of_the_backward_pass_stay_in_memory():
    """One map for each skip (activated), one before each norm, one for each concatenation, and the output."""
    net = UNetGenerator(depth=4, width=4)
    saved = {}

    def pack(tensor):
        if not isinstance(tensor, nn.Parameter) and tensor.ndim == 4:
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x = torch.randn(1, 3, 256, 256)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net(x)
    values = {
        "input": 3 * 256**2,
        "skips": 4 * 128**2 + 8 * 64**2 + 16 * 32**2 + 32 * 16**2,
        "before a norm": 8 * 64**2 + 16 * 32**2 + 16 * 32**2 + 8 * 64**2 + 4 * 128**2,
        "rectified bottleneck": 32 * 16**2,
        "concatenations": 32 * 32**2 + 16 * 64**2 + 8 * 128**2,
        "output": 3 * 256**2,
    }
    assert sum(saved.values()) == 4 * sum(values.values())
