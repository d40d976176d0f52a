import pytest
import torch
from gan_trainers import ImagePool, Run
from gan_trainers.base.keyed import keyed_seed


def pictures(*values):
    """One 1x2x2 picture for each value."""
    return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 1, 2, 2).clone()


def values(images):
    return images[:, 0, 0, 0].tolist()


def stored_and_restored(out, pool, capacity):
    """Another pool, which a run's checkpoint has given the state of `pool`."""
    again = ImagePool(capacity)
    for each in (pool, again):
        run = Run(out)
        run.register(pool=each)
        run.resume()
        run.save()
    return again


def test_every_image_comes_back_while_the_pool_fills():
    pool = ImagePool(5)
    assert values(pool.swap(pictures(0, 1, 2))) == [0, 1, 2]
    assert values(pool.swap(pictures(3, 4))) == [3, 4]
    assert values(torch.stack(pool.state_dict()["images"])) == [0, 1, 2, 3, 4]


def test_a_full_pool_gives_the_image_back_or_an_earlier_one_whose_slot_it_takes():
    """Replayed with the same numbers, of the images from the fourth on: one below the capacity is a slot."""
    pool, stored = ImagePool(3, seed=4), [0.0, 1.0, 2.0]
    pool.swap(pictures(*stored))
    draws = [keyed_seed(4, number) % 6 for number in range(4, 44)]
    swaps = 0
    for new, draw in enumerate(draws, start=3):
        expected = stored[draw] if draw < 3 else float(new)
        if draw < 3:
            stored[draw], swaps = float(new), swaps + 1
        assert values(pool.swap(pictures(new))) == [expected]
    assert values(torch.stack(pool.state_dict()["images"])) == stored
    assert 10 < swaps < 30


def test_half_of_the_images_are_swapped_and_every_slot_as_often():
    pool = ImagePool(4)
    pool.swap(pictures(0, 0, 0, 0))
    before, hits = pool.state_dict()["images"], torch.zeros(4)
    for new in range(1, 4001):
        pool.swap(pictures(new))
        after = pool.state_dict()["images"]
        hits += torch.tensor([old is not now for old, now in zip(before, after, strict=True)])
        before = after
    assert 1900 < hits.sum() < 2100  # 3 standard deviations of 32
    assert hits.min() > 430  # 3 of 21, of 500 each


def test_a_batch_is_decided_as_its_images_one_by_one_and_by_the_seed():
    one, other, another = ImagePool(4), ImagePool(4), ImagePool(4, seed=1)
    batch = pictures(*range(40))
    together = one.swap(batch)
    assert not torch.equal(another.swap(batch), together)
    alone = torch.cat([other.swap(image[None]) for image in batch])
    assert torch.equal(together, alone)


def test_images_are_detached_copies():
    pool, images = ImagePool(1), pictures(1).requires_grad_()
    assert not pool.swap(images).requires_grad
    with torch.no_grad():
        images.fill_(9)
    (stored,) = pool.state_dict()["images"]
    assert not stored.requires_grad
    assert stored.eq(1).all()
    given = next(image for image in (pool.swap(pictures(2)) for _ in range(50)) if image.eq(1).all())
    given.fill_(7)
    assert not any(image.eq(7).any() for image in pool.state_dict()["images"])


def test_capacity_0_gives_everything_back_and_draws_nothing():
    pool, images = ImagePool(0), pictures(1, 2).requires_grad_()
    state = torch.get_rng_state()
    assert values(pool.swap(images)) == [1, 2]
    assert not pool.swap(images).requires_grad
    assert torch.equal(torch.get_rng_state(), state)
    assert pool.state_dict() == {"images": [], "swapped": 0}


@pytest.mark.parametrize("count", [0, 2, 3])
def test_a_stored_pool_continues_unchanged(tmp_path, count):
    """Empty, half full and full, through a run's checkpoint, in half precision too."""
    pool = ImagePool(3)
    if count:
        pool.swap(torch.randn(count, 3, 4, 4).bfloat16())
    again = stored_and_restored(tmp_path, pool, 3)
    assert len(again.state_dict()["images"]) == count
    later = torch.randn(30, 3, 4, 4).bfloat16()
    assert torch.equal(pool.swap(later), again.swap(later))
    for left, right in zip(pool.state_dict()["images"], again.state_dict()["images"], strict=True):
        assert left.dtype == right.dtype
        assert torch.equal(left, right)


def test_a_saved_state_does_not_change_with_the_pool():
    pool = ImagePool(2)
    pool.swap(pictures(0, 1))
    state = pool.state_dict()
    pool.swap(pictures(*range(2, 30)))
    assert values(torch.stack(state["images"])) == [0, 1]


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="capacity of 0 or more images; got -1"):
        ImagePool(-1)
    with pytest.raises(ValueError, match="at most 2 images for this pool; got 3"):
        ImagePool(2).load_state_dict({"images": list(pictures(1, 2, 3))})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_it_never_waits_for_the_device(tmp_path):
    pool, images = ImagePool(2), pictures(1, 2).cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(20):
            assert pool.swap(images).is_cuda
    finally:
        torch.cuda.set_sync_debug_mode("default")
    again = stored_and_restored(tmp_path, pool, 2)
    assert all(again.swap(images).is_cuda for _ in range(20))
