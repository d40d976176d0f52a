import gan_nets
import pytest
import torch
import torch.nn.functional as F
from gan_nets import FastGANDiscriminator, fastgan_official, interop


def tiny(size=256, **options):
    torch.manual_seed(0)
    return FastGANDiscriminator(size, width=2, **options)


def flat(logits):
    return torch.cat([x.flatten() for x in logits])


def test_logits_and_reconstructions_equal_those_of_the_original(read_parity):
    weights, inputs, outputs, _ = read_parity("fastgan_discriminator_256")
    net, big, small = interop.convert(weights), inputs["big"], inputs["small"]
    with torch.no_grad():
        other_size = net(big[:, :, :200, :180])
        torch.testing.assert_close(flat(net(big, small)), outputs["logits_fake"], atol=1e-5, rtol=0)
        torch.testing.assert_close(flat(other_size), outputs["logits_tensor_input"], atol=1e-5, rtol=0)
        for quadrant in range(4):
            logits, reconstructions = net(big, small, quadrant=quadrant)
            torch.testing.assert_close(flat(logits), outputs["logits_real"], atol=1e-5, rtol=0)
            for name, (image, _) in zip(("big", "small", f"part{quadrant}"), reconstructions, strict=True):
                expected = outputs[f"rec_{name}_every2"]
                torch.testing.assert_close(image[:, :, ::2, ::2], expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("size", "parameters"), [(256, 11_526_160), (512, 11_526_496), (1024, 11_528_192)])
def test_parameter_counts_of_the_original(size, parameters):
    net = FastGANDiscriminator(size)
    assert sum(p.numel() for p in net.parameters()) == parameters


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_two_maps_of_logits_at_every_size(size):
    assert [x.shape for x in tiny(size)(torch.randn(1, 3, size, size))] == [(1, 1, 5, 5)] * 2


def test_targets_are_the_image_and_a_quarter_of_it():
    image = torch.arange(256.0).expand(256, 256) + 1000 * torch.arange(256.0)[:, None]
    image = image.expand(1, 3, 256, 256)
    half = image[..., ::2, ::2]
    quarters = {0: (0, 0), 1: (0, 128), 2: (128, 0), 3: (128, 128)}
    for quadrant, (top, left) in quarters.items():
        _, (whole, small, part) = tiny()(image, quadrant=quadrant)
        assert torch.equal(whole.target, half)
        assert torch.equal(small.target, half)
        assert torch.equal(part.target, image[..., top : top + 128, left : left + 128])
        assert all(x.reconstructed.shape == (1, 3, 128, 128) for x in (whole, small, part))


def test_every_parameter_gets_a_gradient_from_real_images():
    net = FastGANDiscriminator(256, width=4)  # spectral norm makes a single weight constant
    logits, reconstructions = net(torch.rand(2, 3, 256, 256) * 2 - 1, quadrant=1)
    loss = flat(logits).square().mean() + sum(F.l1_loss(*pair) for pair in reconstructions)
    loss.backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in net.parameters())


def test_takes_both_images_of_its_generator():
    generator = fastgan_official(256, latents=4, width=2)
    images = generator(torch.randn(2, 4), small=True)
    flat(tiny()(*images)).mean().backward()
    assert all(p.grad is not None for p in generator.parameters())


def test_save_and_load(tmp_path):
    net, image = tiny().eval(), torch.randn(1, 3, 256, 256)
    net.save_pretrained(tmp_path)
    assert torch.equal(flat(net(image)), flat(gan_nets.load(tmp_path)(image)))


def test_bad_input_is_one_clear_sentence():
    with pytest.raises(ValueError, match="power of 2 from 256 to 1024; got 128"):
        FastGANDiscriminator(128)
    with pytest.raises(ValueError, match=r"images \(N, 3, H, W\); got \(1, 1, 256, 256\)"):
        tiny()(torch.zeros(1, 1, 256, 256))
    with pytest.raises(ValueError, match=r"small images \(1, 3, 128, 128\); got \(1, 3, 64, 64\)"):
        tiny()(torch.zeros(1, 3, 256, 256), torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="expected quadrant 0, 1, 2 or 3; got 4"):
        tiny()(torch.zeros(1, 3, 256, 256), quadrant=4)
    with pytest.raises(ValueError, match="with quadrant expected images of at least 2x2; got 1x1"):
        tiny()(torch.zeros(1, 3, 1, 1), quadrant=0)
    with pytest.raises(ValueError, match="the FastGAN discriminator checkpoint does not fit"):
        interop.load_fastgan_discriminator({"conv.weight": torch.zeros(1)})
