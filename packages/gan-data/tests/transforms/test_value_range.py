"""Degradations refuse values of 0 to 255, which would become white, and NaN."""

import gan_data
import pytest
import torch

DEGRADATIONS = {
    "batched_jpeg": lambda x: gan_data.batched_jpeg(x, [50]),
    "add_gaussian_noise": lambda x: gan_data.add_gaussian_noise(x, [5.0], [False], [1]),
    "add_poisson_noise": lambda x: gan_data.add_poisson_noise(x, [1.0], [False], [1]),
    "HighOrderDegradation": lambda x: gan_data.REAL_ESRGAN(x, [1]),
    "sharpen": gan_data.sharpen,
}


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_values_of_0_to_255_and_nan_are_refused(name):
    images = torch.rand(1, 3, 32, 32) * 255
    with pytest.raises(ValueError, match=rf"{name} expects values in .*; got .*pass image / 127.5 - 1"):
        DEGRADATIONS[name](images)
    with pytest.raises(ValueError, match=rf"{name} expects numbers in \[-1, 1\]; got NaN"):
        DEGRADATIONS[name](images.fill_(torch.nan))
