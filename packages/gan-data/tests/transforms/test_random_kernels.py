from dataclasses import replace
from math import log, pi
from random import Random

import pytest
import torch
from gan_data import REAL_ESRGAN, KernelRanges, SincRanges, gaussian_kernel, plateau_kernel, sinc_kernel

PUBLISHED = REAL_ESRGAN.first.kernels
NO_SINC = replace(PUBLISHED.sinc, probability=0.0)
ISOTROPIC, GENERALIZED, PLATEAU = ((*(0,) * i, 1, *(0,) * (5 - i)) for i in (0, 2, 4))


def kernels(ranges, count):
    random = Random(0)
    return [ranges.sample(random) for _ in range(count)]


def share(found):
    found = list(found)
    return sum(found) / len(found)


def size_of(kernel):
    return len(kernel.nonzero()[:, 0].unique())


def test_every_kernel_has_the_same_side_and_a_sum_of_1():
    for kernel in kernels(PUBLISHED, 300):
        assert kernel.shape == (21, 21)
        assert kernel.sum().item() == pytest.approx(1, abs=1e-12)
        assert torch.equal(kernel == 0, (kernel == 0).flip(0, 1))  # in the middle


def test_sizes_are_equally_probable():
    wide = replace(PUBLISHED, shapes=ISOTROPIC, sinc=NO_SINC, sigma=(3, 3))  # no weight underflows to 0
    found = [size_of(kernel) for kernel in kernels(wide, 4000)]
    for size in range(7, 22, 2):
        assert found.count(size) / len(found) == pytest.approx(1 / 8, abs=0.02)


def test_shapes_and_sincs_have_the_published_probabilities():
    found = kernels(PUBLISHED, 3000)
    assert share(bool((kernel < 0).any()) for kernel in found) == pytest.approx(0.1, abs=0.02)
    isotropic = share(torch.allclose(kernel, kernel.rot90(), atol=1e-12) for kernel in found)
    assert isotropic == pytest.approx(0.9 * (0.45 + 0.12 + 0.12) + 0.1, abs=0.03)


def test_plateau_kernels_have_the_published_probability():
    fixed = replace(
        PUBLISHED, sizes=(7,), sinc=NO_SINC, sigma=(2, 2), generalized_beta=(1, 1), plateau_beta=(1, 1)
    )
    plateau = torch.nn.functional.pad(plateau_kernel(7, 2.0), (7, 7, 7, 7))
    found = share(torch.allclose(kernel, plateau, atol=1e-4) for kernel in kernels(fixed, 3000))
    assert found == pytest.approx(0.15, abs=0.02)


def test_the_standard_deviation_is_uniform_in_its_range():
    ranges = replace(PUBLISHED, shapes=ISOTROPIC, sinc=NO_SINC)
    found = [(0.5 / log(kernel[10, 10] / kernel[10, 11])) ** 0.5 for kernel in kernels(ranges, 2000)]
    assert 0.2 <= min(found) < 0.25
    assert 2.95 < max(found) <= 3 + 1e-9
    assert sum(found) / len(found) == pytest.approx(1.6, abs=0.06)


@pytest.mark.parametrize(("shapes", "least", "most"), [(GENERALIZED, 0.5, 4), (PLATEAU, 1, 2)])
def test_beta_is_below_1_in_half_of_the_cases(shapes, least, most):
    ranges = replace(PUBLISHED, shapes=shapes, sinc=NO_SINC, sigma=(1.5, 1.5))

    def exponent(kernel):
        """From the weights at distances of 1 and 2, where the quadratic forms are as 1 to 4."""
        near, far = (kernel[10, 10] / kernel[10, 10 + distance] for distance in (1, 2))
        return log(log(far) / log(near) if shapes is GENERALIZED else (far - 1) / (near - 1), 4)

    found = [exponent(kernel) for kernel in kernels(ranges, 1500)]
    assert least - 1e-6 <= min(found) < least + 0.02
    assert most - 0.05 < max(found) <= most + 1e-6
    assert share(beta <= 1 + 1e-6 for beta in found) == pytest.approx(0.5, abs=0.04)


def test_anisotropic_kernels_have_two_deviations_and_an_angle():
    ranges = replace(PUBLISHED, sizes=(21,), sinc=NO_SINC, shapes=(0, 1, 0, 0, 0, 0), sigma=(1, 2))
    offsets = torch.arange(21, dtype=torch.float64) - 10
    points = torch.stack(torch.meshgrid(offsets, offsets, indexing="xy"))
    angles = []
    for kernel in kernels(ranges, 400):
        values, vectors = torch.linalg.eigh(torch.einsum("ahw,bhw,hw->ab", points, points, kernel))
        assert values.min() > 0.99**2
        assert values.max() < 2.01**2
        angles.append(torch.atan2(vectors[1, 1], vectors[0, 1]).item() % pi)
    # An axis has no direction: half a turn of the range is every axis twice.
    assert [share(i * pi / 4 <= angle < (i + 1) * pi / 4 for angle in angles) for i in range(4)] == [
        pytest.approx(0.25, abs=0.07)
    ] * 4


def test_the_cutoff_of_a_sinc_depends_on_its_size():
    ranges = replace(PUBLISHED.sinc, probability=1.0, cutoff=(1.5, 1.5), wide_cutoff=(2.5, 2.5))
    for size, cutoff in ((7, 1.5), (11, 1.5), (13, 2.5), (21, 2.5)):
        assert torch.equal(replace(ranges, sizes=(size,)).sample(Random(0)), sinc_kernel(size, cutoff))


def test_the_random_numbers_determine_the_kernel():
    assert torch.equal(PUBLISHED.sample(Random(3)), PUBLISHED.sample(Random(3)))
    assert not torch.equal(PUBLISHED.sample(Random(3)), PUBLISHED.sample(Random(4)))


def test_a_sinc_larger_than_the_other_kernels_sets_the_side():
    ranges = KernelRanges(
        (7,), ISOTROPIC, SincRanges(0, (11,), (1, 2), (1, 2)), (1, 1), (0, 0), (1, 1), (1, 1)
    )
    assert ranges.sample(Random(0)).shape == (11, 11)
    assert torch.equal(ranges.sample(Random(0))[2:9, 2:9], gaussian_kernel(7, 1.0))


def test_mistakes():
    for change, message in (
        ({"sizes": (7, 8)}, r"sizes as odd numbers of pixels, such as \(7, 9, 11\); got \(7, 8\)"),
        ({"shapes": (1, 1, 0, 0, 0, 0)}, "shapes as 6 probabilities with a sum of 1; got"),
        ({"shapes": (1,)}, "shapes as 6 probabilities"),
        ({"sigma": (3, 0.2)}, r"sigma as \(least, most\) within 0.001 to 1000; got \(3, 0.2\)"),
        ({"sigma": (0, 3)}, "sigma"),
        ({"rotation": (0, 7)}, "rotation"),
        ({"generalized_beta": (2, 4)}, r"generalized_beta as .* with 0 < least <= 1 <= most; got \(2, 4\)"),
        ({"plateau_beta": (1, float("nan"))}, "plateau_beta"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(PUBLISHED, **change)
    with pytest.raises(ValueError, match=r"probability of a sinc as a probability from 0 to 1; got 1\.5"):
        replace(NO_SINC, probability=1.5)
    with pytest.raises(ValueError, match=r"wide_cutoff as \(least, most\) within 0.001 to 3.14159"):
        replace(NO_SINC, wide_cutoff=(1, 4))
