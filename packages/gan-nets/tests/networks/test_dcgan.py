import gan_nets
import pytest
import torch
from gan_nets import DCGANDiscriminator, DCGANGenerator, init_normal_


def test_parameters_at_half_of_the_papers_width():
    # PyTorch's own DCGAN example has 3,576,704 and 2,765,568, without biases next to the image.
    generator, discriminator = DCGANGenerator(64, width=64), DCGANDiscriminator(64, width=64)
    assert sum(p.numel() for p in generator.parameters()) == 3_576_704 + 3
    assert sum(p.numel() for p in discriminator.parameters()) == 2_765_568 + 64 + 1


def test_first_map_of_the_paper_has_1024_channels():
    assert DCGANGenerator(64).input.weight.shape == (100, 1024, 4, 4)


@pytest.mark.parametrize("size", [8, 64, 256])
def test_every_size_trains_every_parameter(size):
    generator = DCGANGenerator(size, latents=5, width=2)
    discriminator = DCGANDiscriminator(size, width=2)
    image = generator(torch.randn(3, 5))
    assert image.shape == (3, 3, size, size)
    assert image.abs().max() < 1
    logits = discriminator(image)
    assert logits.shape == (3, 1, 1, 1)
    logits.square().mean().backward()
    for net in (generator, discriminator):
        assert all(p.grad is not None and p.grad.norm() > 0 for p in net.parameters())


def test_the_papers_initialization_sets_all_weights():
    net = DCGANGenerator(32, width=16)
    init_normal_(net, std=0.02)
    assert all(0.015 < conv.weight.std() < 0.025 for conv in (net.input, *net.convs, net.output))


def test_bf16_and_channels_last_are_close():
    generator = DCGANGenerator(32, latents=5, width=4).eval()
    discriminator = DCGANDiscriminator(32, width=4).eval()
    z = torch.randn(4, 5)
    expected = discriminator(generator(z))
    layout = discriminator(generator(z).to(memory_format=torch.channels_last))
    torch.testing.assert_close(layout, expected, atol=1e-4, rtol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        logits = discriminator(generator(z))
    assert 0 < (logits - expected).norm() < 0.1 * expected.norm()


@pytest.mark.parametrize(
    ("net", "x"),
    [
        (DCGANGenerator(16, latents=5, width=2), torch.randn(1, 5)),
        (DCGANDiscriminator(16, width=2), torch.randn(1, 3, 16, 16)),
    ],
)
def test_save_and_load(net, x, tmp_path):
    net.eval().save_pretrained(tmp_path)
    assert torch.equal(net(x), gan_nets.load(tmp_path)(x))


def test_bad_input_is_one_clear_sentence():
    for cls in (DCGANGenerator, DCGANDiscriminator):
        with pytest.raises(ValueError, match="power of 2 from 8 to 256; got 48"):
            cls(48)
        with pytest.raises(ValueError, match="expected width to be a positive integer; got 0"):
            cls(width=0)
    with pytest.raises(ValueError, match=r"DCGANGenerator expected latents \(N, 100\)"):
        DCGANGenerator(8)(torch.zeros(1, 100, 1, 1))
    with pytest.raises(ValueError, match="expected images of 8x8; got 16x16; resize them"):
        DCGANDiscriminator(8)(torch.zeros(1, 3, 16, 16))
