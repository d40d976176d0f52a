from math import cos, exp, pi, sin
from statistics import NormalDist

import pytest
import torch
from gan_data import gaussian_kernel, plateau_kernel, sinc_kernel

OFFSETS = torch.arange(61, dtype=torch.float64) - 30


def covariance(kernel):
    """Of x and y, for a kernel of 61 pixels."""
    points = torch.stack(torch.meshgrid(OFFSETS, OFFSETS, indexing="xy"))  # x along columns
    return torch.einsum("ahw,bhw,hw->ab", points, points, kernel)


def bessel_j1(x, steps=400):
    """Its integral, (1/pi) * that of cos(t - x sin t) from 0 to pi, by the trapezoidal rule."""
    inner = sum(cos(t - x * sin(t)) for t in (pi * i / steps for i in range(1, steps)))
    return (inner + (1 + cos(pi)) / 2) / steps


class TestGaussian:
    @pytest.mark.parametrize("sigmas", [(0.2, 3.0), (1.7, 0.6), (2.5, 2.5)])
    def test_is_the_product_of_two_normal_densities(self, sigmas):
        x, y = ([NormalDist(0, sigma).pdf(i - 4) for i in range(9)] for sigma in sigmas)
        expected = torch.tensor([[a * b for a in x] for b in y], dtype=torch.float64)
        assert torch.allclose(gaussian_kernel(9, sigmas), expected / expected.sum(), rtol=1e-12, atol=1e-15)

    @pytest.mark.parametrize("angle", [0.0, 0.5, -2.0, pi / 2])
    def test_its_covariance_is_the_one_asked_for(self, angle):
        turn = torch.tensor([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]], dtype=torch.float64)
        expected = turn @ torch.diag(torch.tensor([9.0, 2.25]).double()) @ turn.mT
        assert torch.allclose(covariance(gaussian_kernel(61, (3.0, 1.5), angle)), expected, atol=1e-6)

    @pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
    def test_beta_is_the_exponent_of_the_quadratic_form(self, beta):
        kernel = gaussian_kernel(7, 1.6, beta=beta)
        for distance in (1, 2, 3):
            ratio = (kernel[3, 3 + distance] / kernel[3, 3]).item()
            assert ratio == pytest.approx(exp(-0.5 * (distance**2 / 1.6**2) ** beta), rel=1e-12)

    def test_one_sigma_is_the_same_along_both_axes(self):
        assert torch.equal(gaussian_kernel(9, 1.3), gaussian_kernel(9, (1.3, 1.3)))


class TestPlateau:
    @pytest.mark.parametrize("beta", [1.0, 1.5, 2.0])
    def test_falls_by_a_power_and_to_half_at_sigma(self, beta):
        kernel = plateau_kernel(9, 2.0, beta=beta)
        assert (kernel[4, 6] / kernel[4, 4]).item() == pytest.approx(0.5, rel=1e-12)
        assert (kernel[8, 4] / kernel[4, 4]).item() == pytest.approx(1 / (1 + 4**beta), rel=1e-12)

    def test_a_quarter_turn_exchanges_the_axes(self):
        kernel = plateau_kernel(11, (3.0, 1.0), beta=1.2)
        assert kernel[5, 8] > kernel[8, 5]  # the first sigma is along x
        assert torch.allclose(plateau_kernel(11, (3.0, 1.0), pi / 2, beta=1.2), kernel.mT)


class TestSinc:
    @pytest.mark.parametrize(("size", "cutoff"), [(7, pi / 3), (13, 2.0), (21, pi)])
    def test_is_the_bessel_function_over_the_radius(self, size, cutoff):
        middle = size // 2

        def weight(i, j):
            radius = ((i - middle) ** 2 + (j - middle) ** 2) ** 0.5
            return cutoff / (2 * pi * radius) * bessel_j1(cutoff * radius) if radius else cutoff**2 / (4 * pi)

        expected = torch.tensor(
            [[weight(i, j) for j in range(size)] for i in range(size)], dtype=torch.float64
        )
        assert torch.allclose(sinc_kernel(size, cutoff), expected / expected.sum(), atol=1e-10)

    def test_passes_what_is_below_the_cutoff_only(self):
        kernel = sinc_kernel(61, pi / 2)
        for frequency, passed in ((pi / 4, 1.0), (3 * pi / 4, 0.0)):
            response = (kernel.sum(0) * torch.cos(frequency * OFFSETS)).sum()
            assert response.item() == pytest.approx(passed, abs=0.03)


@pytest.mark.parametrize(
    "kernel",
    [
        gaussian_kernel(7, 0.2),
        gaussian_kernel(21, (3.0, 0.4), 1.0, 0.5),
        plateau_kernel(9, 3.0, beta=2.0),
        sinc_kernel(11, pi / 3),
        sinc_kernel(21, pi),
    ],
)
def test_the_sum_is_1_and_the_center_of_mass_stays(kernel):
    assert kernel.dtype == torch.float64
    assert kernel.sum().item() == pytest.approx(1, abs=1e-12)
    assert torch.allclose(kernel, kernel.flip(0, 1))


def test_mistakes():
    with pytest.raises(ValueError, match=r"odd numbers of pixels, such as \(7, 9, 11\); got \(8,\)"):
        gaussian_kernel(8, 1.0)
    with pytest.raises(ValueError, match=r"sigma and beta above 0; got \(1.0, 0.0\)"):
        gaussian_kernel(7, (1.0, 0.0))
    with pytest.raises(ValueError, match="sigma and beta above 0"):
        plateau_kernel(7, 1.0, beta=-1.0)
    with pytest.raises(ValueError, match=r"above 0 and at most pi radians per pixel; got 3\.2"):
        sinc_kernel(7, 3.2)
