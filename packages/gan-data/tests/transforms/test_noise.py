from collections import Counter

import pytest
import torch
from gan_data import jpeg, jpeg_noise
from gan_data.transforms import noise

IMAGE = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def compressions(monkeypatch):
    """The qualities of each image that is compressed, instead of the compression."""
    found = []

    def record(image, quality, *, full_chroma):
        found[-1].append((quality, full_chroma))
        return image

    monkeypatch.setattr(noise, "jpeg", record)

    def of(level, images=2_000):
        found.clear()
        torch.manual_seed(0)
        for _ in range(images):
            found.append([])
            jpeg_noise(IMAGE, level)
        return found

    return of


@pytest.mark.parametrize(("level", "range_", "spared"), [(0, (85, 95), 0.35), (1, (65, 85), 0.35)])
def test_weak_noise_is_one_compression_of_some_images(compressions, level, range_, spared):
    found = compressions(level)
    assert sum(not each for each in found) / len(found) == pytest.approx(spared, abs=0.03)
    qualities = [quality for each in found for quality, _ in each]
    assert (min(qualities), max(qualities)) == range_
    assert max(map(len, found)) == 1
    assert sum(full for each in found for _, full in each) / len(qualities) == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(("level", "spared"), [(2, 0.35), (3, 0.0)])
def test_strong_noise_is_up_to_three_compressions_of_falling_quality(compressions, level, spared):
    found = [[quality for quality, _ in each] for each in compressions(level)]
    times = Counter(map(len, found))
    assert times[0] / len(found) == pytest.approx(spared, abs=0.03)
    compressed = len(found) - times[0]
    for number, share in ((1, 0.6), (2, 0.3), (3, 0.1)):
        assert times[number] / compressed == pytest.approx(share, abs=0.04)
    assert all(27 <= each[0] <= 70 for each in found if len(each) == 1)
    assert all(5 <= first - second <= 10 for first, second in (each for each in found if len(each) == 2))
    for first, second, third in (each for each in found if len(each) == 3):
        assert 52 <= first <= 70
        assert 5 <= first - second <= 15
        assert 15 <= first - third <= 25


def test_each_level_is_noisier_than_the_one_before():
    torch.manual_seed(0)
    errors = [
        torch.stack([(jpeg_noise(IMAGE, level) - IMAGE).square().mean() for _ in range(60)]).mean()
        for level in (0, 1, 2, 3)
    ]
    assert errors == sorted(errors)


def test_chroma_at_the_full_resolution_is_nearer_to_the_image():
    errors = [(jpeg(IMAGE, 90, full_chroma=full) - IMAGE).square().mean() for full in (True, False)]
    assert errors[0] < errors[1]


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="noise level from 0 to 3; got 5"):
        jpeg_noise(IMAGE, 5)
