"""Decoded images in memory, as `Images` uses them."""

import pickle

import pytest
import torch
from gan_data import DataError, Images
from torch.utils.data import DataLoader


def at(seed, dataset, index=0):
    torch.manual_seed(seed)
    return dataset[index]


def test_the_bound_holds_and_cached_images_need_no_file(save, tmp_path):
    paths = [save(f"{i}.png", size=(10, 10)) for i in range(5)]
    images = Images(tmp_path, flip=False, cache_bytes=2 * 300 + 299)
    before = [images[i] for i in range(5)]
    for path in paths:
        path.unlink()
    assert all(torch.equal(images[i], before[i]) for i in range(2))
    for i in range(2, 5):
        with pytest.raises(DataError, match="No such file"):
            images[i]


def test_cached_images_are_resized(save, tmp_path):
    paths = [save(f"{i}.png", size=(100, 100)) for i in range(2)]
    images = Images(tmp_path, size=8, load_size=10, cache_bytes=600)
    shapes = [images[i].shape for i in range(2)]
    for path in paths:
        path.unlink()
    assert [images[i].shape for i in range(2)] == shapes


def test_it_is_not_pickled(save, tmp_path):
    save("x.png", size=(100, 100))
    images = Images(tmp_path)
    expected = at(1, images)
    assert len(pickle.dumps(images)) < 5_000
    assert torch.equal(at(1, pickle.loads(pickle.dumps(images))), expected)


class CachedBytes(torch.utils.data.Dataset):
    """How many bytes the process that reads it has cached."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        self.images[index]
        return self.images._images._cached_bytes


@pytest.mark.parametrize(("workers", "each"), [(0, 900), (1, 900), (2, 300)])
def test_workers_share_the_memory(save, tmp_path, workers, each):
    for i in range(8):
        save(f"{i}.png", size=(10, 10))
    dataset = CachedBytes(Images(tmp_path, cache_bytes=1_000))
    sizes = DataLoader(dataset, batch_size=None, num_workers=workers)
    assert max(int(size) for size in sizes) == each
