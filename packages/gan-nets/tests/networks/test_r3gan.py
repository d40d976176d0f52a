"""R3GAN's networks against the paper's sizes and its equations written out."""

import gan_nets
import pytest
import torch
import torch.nn.functional as F
from gan_nets import R3GANDiscriminator, R3GANGenerator
from gan_nets.networks._r3gan_layers import DownTransition, ResidualBlock, UpTransition

SMALL = {"base_channels": 256, "most_channels": 32, "group_channels": 4}  # 32, 32, 16 channels at 4, 8, 16


def generator(size=16, **options):
    return R3GANGenerator(size, latents=5, **SMALL | options)


def discriminator(size=16, **options):
    return R3GANDiscriminator(size, **SMALL | options)


def trained(net):
    """In float64 with weights that are nowhere 0."""
    for parameter in net.double().parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return net


def images(count=3, size=16):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)).double() * 2 - 1


IMAGENET = {"classes": 1000, "most_channels": 1536, "group_channels": 32}


@pytest.mark.parametrize(
    ("options", "millions"),
    [
        ({"size": 256}, (23.058, 23.010)),  # table 2, configuration E
        ({"size": 64}, (22.43, 22.38)),  # table 9, FFHQ
        ({"size": 32}, (20.73, 20.68)),  # Stacked MNIST
        ({"size": 32, "classes": 10}, (20.78, 21.28)),  # CIFAR-10
        ({"size": 32, "base_channels": 1536 * 32, **IMAGENET}, (82.91, 86.55)),
        ({"size": 64, "base_channels": 1536 * 64, **IMAGENET}, (103.57, 107.21)),
    ],
)
def test_the_papers_parameters(options, millions):
    with torch.device("meta"):
        networks = R3GANGenerator(**options), R3GANDiscriminator(**options)
    digits = 3 if options["size"] == 256 else 2
    counts = [sum(each.numel() for each in net.parameters()) / 1e6 for net in networks]
    assert [round(count, digits) for count in counts] == list(millions)


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x)


def conv(layer, x, groups=1):
    """A convolution of the same size, group by group, tap by tap."""
    weight, side = layer.weight, layer.weight.shape[-1] // 2
    padded, (height, width) = F.pad(x, [side] * 4), x.shape[-2:]
    found = []
    for part, kernel in zip(padded.chunk(groups, 1), weight.chunk(groups), strict=True):
        taps = [
            torch.einsum("oc,nchw->nohw", kernel[:, :, i, j], part[..., i : i + height, j : j + width])
            for i in range(weight.shape[-2])
            for j in range(weight.shape[-1])
        ]
        found.append(sum(taps))
    y = torch.cat(found, 1)
    return y if layer.bias is None else y + layer.bias[:, None, None]


def block_written_out(block, x, groups):
    y = leaky(conv(block.expand, x))
    return x + conv(block.reduce, leaky(conv(block.spatial, y, groups)))


def changed(transition, x):
    return x if isinstance(transition.channels, torch.nn.Identity) else conv(transition.channels, x)


def test_the_generators_equations():
    torch.manual_seed(0)
    net, z = trained(generator()), torch.randn(3, 5).double()
    x = (z @ net.modulation.weight.T)[:, :, None, None] * net.basis
    for index, stage in enumerate(net.stages):
        if index:
            enlarged = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = changed(net.transitions[index - 1], enlarged)
        assert len(stage) == 2
        for block in stage:
            x = block_written_out(block, x, groups=2 * x.shape[1] // 4)
    torch.testing.assert_close(net(z), conv(net.to_image, x))
    assert not torch.equal(x[0], x[1])


def test_the_discriminators_equations():
    torch.manual_seed(0)
    net, x = trained(discriminator()), images()
    y = conv(net.from_image, x)
    for index, stage in enumerate(net.stages):
        if index:
            rows = F.pad(y, [1, 1, 1, 1]).unfold(2, 4, 2).unfold(3, 4, 2)  # (N, C, H/2, W/2, 4, 4)
            taps = torch.tensor([1.0, 3.0, 3.0, 1.0]).double() / 8
            y = changed(net.transitions[index - 1], torch.einsum("nchwij,i,j->nchw", rows, taps, taps))
        for block in stage:
            y = block_written_out(block, y, groups=2 * y.shape[1] // 4)
    assert y.shape == (3, 32, 4, 4)
    features = (y * net.pool.weight[:, 0]).sum((2, 3))
    torch.testing.assert_close(net(x), features @ net.output.weight.T)


def test_classes_are_appended_to_the_latent_and_multiplied_with_the_features():
    torch.manual_seed(0)
    g, d = trained(generator(classes=3)), trained(discriminator(classes=3))
    z, x, labels = torch.randn(3, 5).double(), images(), torch.tensor([2, 0, 2])
    plain = R3GANGenerator(16, latents=10, **SMALL).double()
    plain.load_state_dict({name: value for name, value in g.state_dict().items() if "embedding" not in name})
    torch.testing.assert_close(g(z, labels), plain(torch.cat([z, g.embedding.weight[labels]], 1)))
    features = []
    d.output.register_forward_hook(lambda *call: features.append(call[-1]))
    logits = d(x, labels)
    torch.testing.assert_close(logits, (features[0] * d.embedding.weight[labels]).sum(1, keepdim=True))


def test_resampling_is_torchs_own_antialiased_interpolation():
    x = torch.randn(2, 8, 12, 16, dtype=torch.float64)
    up = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
    torch.testing.assert_close(UpTransition(8, 8)(x), up, rtol=0, atol=0)
    down = F.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False, antialias=True)
    got = DownTransition(8, 8)(x)
    torch.testing.assert_close(got[..., 1:-1, 1:-1], down[..., 1:-1, 1:-1])
    assert not torch.allclose(got[..., 0, :], down[..., 0, :])  # pixels beyond the border are 0 here


def test_resampling_is_a_low_pass_filter_of_copied_or_averaged_pixels():
    """Appendix E: bilinear resampling is pixel shuffling of copies, or of a mean, and (1, 2, 1)."""
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    taps = torch.tensor([1.0, 2.0, 1.0]).double() / 4
    kernel = torch.outer(taps, taps)[None, None]
    copied = F.pad(x.repeat_interleave(2, 2).repeat_interleave(2, 3), [1] * 4, mode="replicate")
    torch.testing.assert_close(UpTransition(1, 1)(x), F.conv2d(copied, kernel))
    averaged = F.avg_pool2d(F.conv2d(x, kernel, padding=1), 2)
    torch.testing.assert_close(DownTransition(1, 1)(x)[..., 1:-1, 1:-1], averaged[..., 1:-1, 1:-1])


def test_the_order_of_resampling_and_1x1_convolution_makes_no_difference():
    up, x = UpTransition(8, 4).double(), torch.randn(2, 8, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(up(x), conv(up.channels, UpTransition(8, 8)(x)))


def test_networks_start_linear():
    torch.manual_seed(0)
    g, d = generator().double(), discriminator().double()
    z, other = torch.randn(2, 4, 5).double()
    torch.testing.assert_close(g(z + 2 * other), g(z) + 2 * g(other))
    x, y = images(4), images(4).flip(0)
    torch.testing.assert_close(d(x + 2 * y), d(x) + 2 * d(y))
    assert g(z).std() > 0.1
    assert d(x).std() > 0


def test_the_initialization_of_a_block_is_scaled_by_the_number_of_blocks():
    torch.manual_seed(0)
    for blocks, count in ((2, 6), (8, 24)):  # three sizes
        net = generator(blocks=blocks, base_channels=16 * 64, most_channels=64, group_channels=16)
        found = [module for module in net.modules() if isinstance(module, ResidualBlock)]
        assert len(found) == count
        for layer, fan_in in (("expand", 64), ("spatial", 16 * 9)):
            weights = torch.cat([getattr(block, layer).weight.flatten() for block in found])
            expected = (2 / (1 + 0.2**2) / fan_in) ** 0.5 * count**-0.25
            assert weights.std().item() == pytest.approx(expected, rel=0.01)
        assert all(not block.reduce.weight.any() and not block.expand.bias.any() for block in found)


def test_a_logit_does_not_depend_on_the_other_images():
    net, x = trained(discriminator()), images()
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]))


def test_gradient_penalties_reach_all_parameters():
    net, x = trained(discriminator(8)), images(2, 8).requires_grad_()
    (gradient,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert all(
        p.grad is not None and p.grad.any() for name, p in net.named_parameters() if name.endswith("weight")
    )


@pytest.mark.parametrize("make", [generator, discriminator])
def test_bf16_autocast_is_close(make):
    torch.manual_seed(0)
    net = make()
    for block in (each for each in net.modules() if isinstance(each, ResidualBlock)):
        torch.nn.init.normal_(block.reduce.weight, std=0.1)
    x = images().float() if make is discriminator else torch.randn(3, 5)
    expected = net(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = net(x)
    assert 0 < (out - expected).norm() < 0.05 * expected.norm()


@pytest.mark.parametrize("make", [generator, discriminator])
def test_saved_and_loaded(make, tmp_path):
    net = make(classes=2)
    net.save_pretrained(tmp_path)
    loaded = gan_nets.load(tmp_path)
    assert type(loaded) is type(net)
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in net.state_dict().items())


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"expected 2 times the channels of each size to be a multiple of "
                       r"group_channels, 16; got 4 channels at 8x8; choose other base_channels"):  # fmt: skip
        R3GANGenerator(8, base_channels=32)
    with pytest.raises(ValueError, match="expected group_channels to be a positive integer; got 0"):
        discriminator(group_channels=0)
    with pytest.raises(ValueError, match="R3GANDiscriminator expected a size that is a power of 2 from 8"):
        discriminator(12)
    with pytest.raises(ValueError, match=r"R3GANGenerator expected latents \(N, 5\), .* got \(1, 4\)"):
        generator()(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="expected images of 16x16; got 8x8; build it with their size"):
        discriminator()(images(1, 8).float())
    with pytest.raises(ValueError, match="R3GANDiscriminator with 2 classes expected labels; got none"):
        discriminator(classes=2)(images().float())
