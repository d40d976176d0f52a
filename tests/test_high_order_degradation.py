"""JPEG on tensors against Pillow on photographs, and a pool of pairs in a run's checkpoint."""

from pathlib import Path

import pytest
import torch
from gan_data import REAL_ESRGAN, PairPool, batched_jpeg, jpeg, read_image
from gan_trainers import Run

PHOTOGRAPHS = sorted((Path(__file__).parents[1] / "examples/images/photographs").rglob("*.jpg"))


def psnr(image, other):
    return 10 * torch.log10(4 / (image - other).square().mean()).item()


@pytest.mark.parametrize("path", PHOTOGRAPHS[::4], ids=lambda path: path.stem)
def test_jpeg_on_tensors_is_as_near_to_a_photograph_as_pillows(path):
    photograph = read_image(path)[:, 3:, 5:]  # not aligned with the blocks of its own file
    qualities = (30, 50, 75, 95)
    ours = batched_jpeg(photograph.expand(4, -1, -1, -1), qualities)
    for compressed, quality in zip(ours, qualities, strict=True):
        theirs = jpeg(photograph, quality)
        assert (compressed - theirs).abs().mean().item() * 127.5 < 0.6
        assert psnr(compressed, photograph) == pytest.approx(psnr(theirs, photograph), abs=0.05)


def test_a_pool_of_pairs_resumes_exactly(tmp_path):
    photographs = torch.stack([read_image(path)[:, :64, :64] for path in PHOTOGRAPHS[:3]])

    def batches(pool, steps):
        for step in steps:
            yield pool.swap(REAL_ESRGAN(photographs, range(3 * step, 3 * step + 3)), photographs)

    pool, again = PairPool(6, seed=1), PairPool(6, seed=2)
    for _ in batches(pool, range(5)):
        pass
    for each in (pool, again):
        run = Run(tmp_path)
        run.register(pool=each)
        run.resume()
        run.save()
    for expected, found in zip(batches(pool, range(5, 9)), batches(again, range(5, 9)), strict=True):
        assert torch.equal(found[0], expected[0])
        assert torch.equal(found[1], expected[1])
