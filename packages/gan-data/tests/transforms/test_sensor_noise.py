import pytest
import torch
from gan_data import add_gaussian_noise, add_poisson_noise, from_uint8

SIZE = (96, 96)
MIDDLE = torch.full((3, 3, *SIZE), 0.1)
BOTH = pytest.mark.parametrize("add", [add_gaussian_noise, add_poisson_noise])


def noise_of(add, images, strengths, gray):
    """In levels of 255."""
    return (add(images, strengths, gray, range(len(images))) - images) * 127.5


class TestGaussian:
    def test_mean_and_deviation(self):
        noise = noise_of(add_gaussian_noise, MIDDLE, (1.0, 5.0, 25.0), (False,) * 3)
        for each, sigma in zip(noise, (1.0, 5.0, 25.0), strict=True):
            assert each.mean().item() == pytest.approx(0, abs=4 * sigma / each.numel() ** 0.5)
            assert each.std().item() == pytest.approx(sigma, rel=0.02)

    def test_channels_are_independent_unless_gray(self):
        noise = noise_of(add_gaussian_noise, MIDDLE[:2], (5.0, 5.0), (False, True))
        assert torch.corrcoef(noise[0].flatten(1)).fill_diagonal_(0).abs().max() < 0.05
        assert torch.equal(noise[1, 0], noise[1, 1])
        assert torch.equal(noise[1, 0], noise[1, 2])
        assert noise[1].std().item() == pytest.approx(5.0, rel=0.03)


class TestPoisson:
    """Images of few levels, so that the variance is known: scale^2 * v / n for n levels."""

    def stripes(self, levels):
        """Columns of these levels of 255, in turns, gray."""
        row = torch.tensor(levels, dtype=torch.uint8).repeat(SIZE[1] // len(levels))
        return from_uint8(row).expand(1, 3, SIZE[0], -1)

    @pytest.mark.parametrize(
        ("levels", "photons"), [([100, 150], 2), ([90, 110, 130], 4), ([80, 95, 110, 125], 4)]
    )
    @pytest.mark.parametrize("gray", [False, True])
    def test_mean_and_variance(self, levels, photons, gray):
        images, scale = self.stripes(levels), 0.2
        noise = noise_of(add_poisson_noise, images, (scale,), (gray,))[0]
        for column, level in enumerate(levels):
            found = noise[..., column :: len(levels)] / 255
            found = found[:1] if gray else found
            variance = scale**2 * level / 255 / photons
            assert found.mean().item() == pytest.approx(0, abs=4 * (variance / found.numel()) ** 0.5)
            assert found.var().item() == pytest.approx(variance, rel=0.1)

    def test_noise_is_in_steps_of_the_scale_over_the_photons(self):
        images = self.stripes([100, 150])
        noise = noise_of(add_poisson_noise, images, (0.1,), (False,))[0, :, :, ::2] / 255
        counts = noise / 0.1 * 2 + 2 * 100 / 255
        assert torch.allclose(counts, counts.round(), atol=1e-3)
        assert counts.round().min() == 0

    def test_black_has_no_noise(self):
        assert torch.equal(
            add_poisson_noise(-MIDDLE.sign(), (3.0,) * 3, (False,) * 3, range(3)), -MIDDLE.sign()
        )

    def test_gray_noise_is_equal_in_all_channels(self):
        images = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(0)) * 0.4 - 0.2
        noise = noise_of(add_poisson_noise, images, (0.5,), (True,))[0]
        assert torch.allclose(noise[0], noise[1], atol=1e-3)
        assert torch.allclose(noise[0], noise[2], atol=1e-3)
        colored = noise_of(add_poisson_noise, images, (0.5,), (False,))[0]
        assert torch.corrcoef(colored.flatten(1)).fill_diagonal_(0).abs().max() < 0.05

    def test_all_256_levels_are_256_photons(self):
        image = from_uint8(torch.arange(256, dtype=torch.uint8).repeat(3, 64, 1))[None]
        noise = noise_of(add_poisson_noise, image, (1.0,), (False,))[0, :, :, 96:160] / 255
        assert noise.var().item() == pytest.approx(127.5 / 255 / 256, rel=0.05)


@BOTH
def test_an_image_gets_the_noise_of_its_seed_in_any_batch(add):
    images = torch.rand(3, 3, 20, 30, generator=torch.Generator().manual_seed(0)) - 0.5
    state = torch.get_rng_state()
    together = add(images, (0.5, 1.0, 2.0), (True, False, True), (7, 8, 2**63 - 1))
    alone = add(images[1:2], (1.0,), (False,), (8,))
    assert torch.equal(together[1:2], alone)
    assert not torch.equal(add(images[1:2], (1.0,), (False,), (9,)), alone)
    assert torch.equal(torch.get_rng_state(), state)


@BOTH
def test_the_result_is_clipped_and_has_no_gradient(add):
    images = torch.linspace(-1, 1, 3 * 400).view(1, 3, 20, 20).requires_grad_()
    result = add(images, (200.0,), (False,), (0,))
    assert (result.min(), result.max()) == (-1, 1)
    assert not result.requires_grad


@BOTH
def test_a_strength_of_0_changes_nothing(add):
    assert torch.equal(add(MIDDLE, (0.0,) * 3, (False,) * 3, range(3)), MIDDLE)


@BOTH
def test_mistakes(add):
    with pytest.raises(ValueError, match="one of the strengths for each of 3 images; got 1"):
        add(MIDDLE, (1.0,), (False,) * 3, range(3))
    with pytest.raises(ValueError, match="one of the seeds for each of 3 images; got 2"):
        add(MIDDLE, (1.0,) * 3, (False,) * 3, range(2))
    with pytest.raises(ValueError, match=r"noise of a strength of 0 or more; got -1\.0"):
        add(MIDDLE, (1.0, -1.0, 2.0), (False,) * 3, range(3))
    with pytest.raises(ValueError, match=r"expects \(N, 3, H, W\) .* got \(3, 1, 96, 96\)"):
        add(MIDDLE[:, :1], (1.0,) * 3, (False,) * 3, range(3))
