import pytest
import torch
import torch.nn.functional as F
from gan_nets import GlobalGenerator, LocalEnhancer, apply_any_size


def small(**options):
    return LocalEnhancer(**{"width": 3, "downsamplings": 1, "blocks": 1, "enhancer_blocks": 1} | options)


@pytest.mark.parametrize(
    ("net", "count"),
    [(GlobalGenerator, 182_546_755), (LocalEnhancer, 182_857_059)],
)
def test_parameter_count_and_shape_of_the_official_settings(net, count):
    """35 labels and the boundary map of the instances."""
    with torch.device("meta"):
        generator = net(36)
        out = generator(torch.empty(1, 36, 256, 512))
    assert sum(p.numel() for p in generator.parameters()) == count
    assert out.shape == (1, 3, 256, 512)


@pytest.mark.parametrize("network", [GlobalGenerator, LocalEnhancer])
def test_resized_upsampling_leaves_no_grid(network):
    """On a constant input, far from the borders, every pixel is the same."""
    image = torch.ones(1, 3, 96, 96)
    for upsample, flat in (("resized", True), ("transposed", False)):
        torch.manual_seed(0)
        net = network(width=8, downsamplings=1, blocks=1, norm="none", upsample=upsample)
        assert (net(image)[..., 44:52, 44:52].std((2, 3)).max() < 1e-5) == flat, upsample
    with pytest.raises(ValueError, match='expected upsample "transposed" or "resized"; got \'nearest\''):
        network(upsample="nearest")


def conv_norm(layer, x, *, pad=0, stride=1):
    x = F.pad(x, (pad,) * 4, mode="reflect") if pad else x
    y = F.conv2d(x, layer.weight, layer.bias, stride=stride, padding=1 if stride == 2 else 0)
    return F.instance_norm(y)


def residual(block, x):
    return x + conv_norm(block.conv, F.relu(conv_norm(block.first.conv, x, pad=1)), pad=1)


def up(layer, x):
    y = F.conv_transpose2d(x, layer.weight, layer.bias, 2, padding=1, output_padding=1)
    return F.relu(F.instance_norm(y))


def down(part, conv, x):
    return F.relu(conv_norm(conv, F.relu(conv_norm(part.input.conv, x, pad=3)), stride=2))


def image(net, features):
    padded = F.pad(features, (3,) * 4, mode="reflect")
    return torch.tanh(F.conv2d(padded, net.output.weight, net.output.bias))


def test_equations_of_two_enhancers():
    """Written out, without the in-place operations and the padding after the norm."""
    torch.manual_seed(0)
    net = small(in_channels=5, enhancers=2)
    full = torch.randn(2, 5, 16, 24)
    half, quarter = net.downsample(full), net.downsample(net.downsample(full))
    coarse = net.coarse
    y = up(coarse.ups[0].conv, residual(coarse.blocks[0], down(coarse, coarse.downs[0].conv, quarter)))
    for enhancer, x in zip(net.enhancers, (half, full), strict=True):
        y = down(enhancer, enhancer.down.conv, x) + y
        y = up(enhancer.up.conv, residual(enhancer.blocks[0], y))
    torch.testing.assert_close(net(full), image(net, y), atol=1e-5, rtol=0)


def test_downsampling_averages_without_the_padding():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    corner, top, left, middle = x[..., :2, :2], x[..., :2, 1:], x[..., 1:, :2], x[..., 1:, 1:]
    expected = [[corner.mean().item(), top.mean().item()], [left.mean().item(), middle.mean().item()]]
    downsample = small().downsample
    assert downsample(x)[0, 0].tolist() == expected
    assert downsample(torch.ones(1, 1, 5, 7)).equal(torch.ones(1, 1, 3, 4))


def test_a_trained_global_generator_becomes_the_coarse_part():
    torch.manual_seed(0)
    generator = GlobalGenerator(width=6, downsamplings=1, blocks=1)
    enhancer = small()
    enhancer.coarse.load_state_dict(generator.trunk.state_dict())
    x = torch.randn(1, 3, 8, 12)
    torch.testing.assert_close(image(generator, enhancer.coarse(x)), generator(x), atol=1e-6, rtol=0)


def saved_by(net, x):
    """Bytes of maps that a forward pass stores for the backward pass."""
    saved = {}

    def pack(tensor):
        if not isinstance(tensor, torch.nn.Parameter) and tensor.ndim == 4:
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = net(x)
    return out, sum(saved.values())


def test_a_frozen_coarse_part_stores_nothing_and_has_no_backward_pass():
    net = small(downsamplings=2, blocks=4)
    net.coarse.requires_grad_(False)
    out, stored = saved_by(net, torch.randn(1, 3, 64, 64))
    out.mean().backward()
    assert all(p.grad is None for p in net.coarse.parameters())
    assert all(p.grad is not None for part in (net.enhancers, net.output) for p in part.parameters())
    given = {
        "input": 3 * 70**2,
        "down": 3 * 64**2,
        "rectified before the sum": 6 * 32**2,
        "block": 2 * 6 * 34**2,
        "up": 6 * 32**2,
        "output": 3 * 70**2,
    }
    normed = 3 * 64**2 + 6 * 32**2 + 2 * 6 * 32**2 + 3 * 64**2
    assert stored == 4 * (sum(given.values()) + normed + 3 * 64**2)  # and tanh's own result


@pytest.mark.parametrize("size", [(9, 13), (16, 16), (17, 40)])
@pytest.mark.parametrize("net", [small(enhancers=2), GlobalGenerator(width=2, downsamplings=3, blocks=1)])
def test_any_size_in_gives_the_same_size_out(net, size):
    out = apply_any_size(net, torch.randn(1, 3, *size))
    assert out.shape == (1, 3, *size)
    assert out.abs().max() <= 1


@pytest.mark.parametrize("net", [small(enhancers=2), GlobalGenerator(width=2, downsamplings=3, blocks=1)])
def test_wrong_sizes_name_what_to_do(net):
    assert net(torch.zeros(1, 3, 16, 16)).shape == (1, 3, 16, 16)
    with pytest.raises(ValueError, match=r"multiples of 8; got 16x20; gan_nets.apply_any_size"):
        net(torch.zeros(1, 3, 16, 20))
    with pytest.raises(ValueError, match=r"at least 16x16; got 8x16; enlarge"):
        net(torch.zeros(1, 3, 8, 16))


@pytest.mark.parametrize("name", ["enhancers", "enhancer_blocks", "blocks", "downsamplings"])
def test_wrong_arguments_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} to be a positive integer; got 0"):
        LocalEnhancer(**{name: 0})
